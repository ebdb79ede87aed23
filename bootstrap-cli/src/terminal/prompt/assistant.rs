//! What helps while a line is typed: it ends where a statement ends, and Tab completes words of SQL,
//! tables and columns.

use std::collections::BTreeSet;

use pipetrail_collector::Table;
use pipetrail_lake::tiers::{Tier, TierTable};
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::line::Line;

/// Words that every engine reads (docs/sql.md), and those that begin what is no query.
const WORDS: &str = "\
    ALL AND AS ASC AVG BETWEEN BIGINT BOOLEAN BY CASE CAST COALESCE COUNT CROSS DESC DESCRIBE DISTINCT \
    DOUBLE ELSE END EXCEPT EXISTS EXPLAIN FALSE FROM FULL GROUP HAVING IN INNER INTERSECT IS JOIN LAST \
    LEFT LIKE LIMIT MAX MIN NOT NULL NULLS ON OR ORDER OVER SELECT SHOW WHERE LOWER OUTER PARTITION \
    RIGHT ROW_NUMBER SUBSTR SUM THEN TRUE UNION VALUES VARCHAR WITH";

/// Helps at the prompt.
pub(super) struct Assistant;

/// What may stand where `typed` ends: the start of the word there, and all that it can become.
fn completed(typed: &str) -> (usize, Vec<String>) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let start = typed.trim_end_matches(is_part).len();
    let (before, begun) = typed.split_at(start);
    if begun.is_empty() && !before.starts_with('\\') {
        return (start, Vec::new());
    }
    let fits = |word: &&str| {
        word.get(..begun.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(begun))
    };
    let tables = || Table::ALL.into_iter().map(|table| table.name().to_owned());
    // The tiers of tables only for who has begun to ask for one.
    let tiers = || {
        let all = Tier::ALL.into_iter();
        let all = all.flat_map(|tier| Table::ALL.map(|table| tier.of(table)));
        let has = |name: &TierTable| name.tier != Tier::Landing || name.table.is_delivered();
        let all = all.filter(has).map(|name| name.to_string());
        all.filter(|_| begun.contains('_'))
    };
    let names: BTreeSet<String> = match before.trim_end() {
        "\\d" => tables().chain(tiers()).collect(),
        "\\o" => ["csv", "json", "table"].map(str::to_owned).into(),
        _ if before.starts_with('\\') => BTreeSet::new(),
        _ => {
            let columns = Table::ALL.iter().flat_map(|table| {
                let columns = table.columns().into_iter().map(|column| column.name);
                columns.chain(table.partition_keys().iter().copied())
            });
            tables().chain(tiers()).chain(columns.map(str::to_owned)).collect()
        }
    };
    let mut found: Vec<String> = names.into_iter().filter(|name| fits(&name.as_str())).collect();
    if !before.starts_with('\\') {
        let words = WORDS.split_whitespace().filter(fits);
        let is_small = begun.chars().all(|c| !c.is_uppercase());
        found.extend(words.map(|word| {
            if is_small {
                word.to_ascii_lowercase()
            } else {
                word.to_owned()
            }
        }));
    }
    (start, found)
}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(completed(line.get(..at).unwrap_or(line)))
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if Line::is_finished(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {}

impl Helper for Assistant {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_becomes_tables_columns_and_words_of_sql() {
        assert_eq!(
            completed("SELECT appro"),
            (
                7,
                vec!["approval_calls".into(), "approved_at".into(), "approver".into()]
            )
        );
        assert_eq!(completed("sel"), (0, vec!["select".into()]));
        assert_eq!(
            completed("SELECT 1 FROM approval_calls WHE"),
            (29, vec!["WHERE".into()])
        );
        assert_eq!(completed("SELECT a.month_"), (9, vec![]));
        assert_eq!(completed("SELECT mon"), (7, vec!["month".into()]));
        assert_eq!(completed("SELECT "), (7, vec![]));
    }

    #[test]
    fn the_tiers_of_tables_are_offered_to_who_has_begun_to_ask_for_them() {
        assert_eq!(completed("SELECT 1 FROM every"), (14, vec![]));
        assert_eq!(
            completed("SELECT 1 FROM every_a").1,
            ["every_action_executions", "every_api_calls", "every_approval_calls"]
        );
        assert_eq!(completed("\\d landing_h"), (3, vec!["landing_heartbeats".into()]));
    }

    #[test]
    fn commands_take_tables_and_forms() {
        assert_eq!(completed("\\d heart"), (3, vec!["heartbeats".into()]));
        assert_eq!(completed("\\d ").1.len(), Table::ALL.len());
        assert_eq!(
            completed("\\o "),
            (3, vec!["csv".into(), "json".into(), "table".into()])
        );
        assert_eq!(completed("\\q "), (3, vec![]));
    }
}
