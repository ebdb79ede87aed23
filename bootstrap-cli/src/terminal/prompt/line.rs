//! What a line at the prompt means. Pure.

use clap::ValueEnum;
use pipetrail_collector::Table;

use crate::terminal::printer::Output;
use pipetrail_lake::engine::reading;
use pipetrail_lake::tiers::Tier;

/// What a line means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Nothing to do.
    Nothing,
    /// `\q`
    Leave,
    /// `\?`
    Help,
    /// `\d`
    Tables,
    /// `\d table`
    Columns(Table),
    /// `\o form`
    Form(Output),
    /// A statement, or what is none: the engine's door says so.
    Sql(&'a str),
    /// A command that does not exist, or not so.
    Wrong(String),
}

impl<'a> Line<'a> {
    /// Reads a line.
    pub(super) fn of(line: &'a str) -> Self {
        let line = line.trim();
        let mut words = line.split_whitespace();
        let (first, second, more) = (words.next().unwrap_or_default(), words.next(), words.next());
        // People end with a semicolon whatever they have become used to end with one.
        let second = second
            .map(|word| word.trim_end_matches(';'))
            .filter(|word| !word.is_empty());
        match (first.trim_end_matches(';'), second, more) {
            ("", None, None) => Line::Nothing,
            ("\\q" | "exit" | "quit", None, None) => Line::Leave,
            ("\\?" | "help", None, None) => Line::Help,
            ("\\d", None, None) => Line::Tables,
            ("\\d", Some(name), None) => {
                let name = name.strip_prefix("pipetrail.").unwrap_or(name);
                let found = Table::ALL.into_iter().find(|table| is_of(*table, name));
                found.map_or_else(|| Line::Wrong(format!("the lake has no table {name}")), Line::Columns)
            }
            ("\\o", Some(form), None) => {
                let found = Output::from_str(form, true);
                found.map_or_else(|_| Line::Wrong(format!("there is no form {form}")), Line::Form)
            }
            (command, ..) if command.starts_with('\\') => Line::Wrong(format!("there is no command {line}")),
            _ => Line::Sql(line),
        }
    }

    /// Whether what was typed so far is all of it.
    pub(super) fn is_finished(typed: &str) -> bool {
        !matches!(Line::of(typed), Line::Sql(_)) || reading::is_finished(typed)
    }
}

/// Whether that is a table's name, or the name of a tier of it: they have the same columns.
fn is_of(table: Table, name: &str) -> bool {
    let mut tiers = Tier::ALL.into_iter().map(|tier| tier.of(table).to_string());
    table.name().eq_ignore_ascii_case(name) || tiers.any(|tier| tier.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_sql() {
        assert_eq!(Line::of("  \\d\n"), Line::Tables);
        assert_eq!(Line::of("\\d;"), Line::Tables);
        assert_eq!(Line::of("\\d Approval_Calls;"), Line::Columns(Table::ApprovalCalls));
        assert_eq!(Line::of("\\d pipetrail.heartbeats"), Line::Columns(Table::Heartbeats));
        assert_eq!(Line::of("\\d landing_heartbeats"), Line::Columns(Table::Heartbeats));
        assert_eq!(
            Line::of("\\d Every_Approval_Calls;"),
            Line::Columns(Table::ApprovalCalls)
        );
        assert_eq!(Line::of("\\o csv"), Line::Form(Output::Csv));
        assert_eq!(Line::of("exit;"), Line::Leave);
        assert_eq!(Line::of(" "), Line::Nothing);
        for wrong in ["\\x", "\\d nothing", "\\o xml", "\\o", "\\d a b", "\\q now"] {
            assert!(matches!(Line::of(wrong), Line::Wrong(_)), "{wrong}");
        }
        for sql in ["SELECT 1", "help me", "exit 1"] {
            assert_eq!(Line::of(sql), Line::Sql(sql));
        }
    }

    #[test]
    fn only_sql_waits_for_its_semicolon() {
        for typed in ["\\d", "", "quit", "SELECT 1;", "SELECT\n1 ;"] {
            assert!(Line::is_finished(typed), "{typed}");
        }
        for typed in ["SELECT 1", "SELECT ';"] {
            assert!(!Line::is_finished(typed), "{typed}");
        }
    }
}
