//! Decisions over time, by account and by approver.

use std::cmp::Reverse;

use minijinja::{Error, Value};

use crate::asked::Row;
use crate::chart::{Chart, DECISIONS, Entry, bars, columns, largest};
use crate::periods::periods;
use crate::summary::NONE;
use crate::text::{counted, cut};
use pipetrail_lake::hostile::visible;

use super::{MOST_TEXT, Parts, fold, paragraph, safe};

impl Parts<'_> {
    /// Decisions over time.
    pub(crate) fn time(&self) -> Result<Value, Error> {
        let per_day = self.report.of("decisions-per-day");
        if per_day.is_empty() {
            return Ok(paragraph(NONE));
        }
        let (length, entries) = periods(&self.report.question.window, per_day);
        let (word, entry) = length.names();
        let all = counted(entries.len(), "column", "columns");
        let busiest = entries.iter().max_by_key(|entry| entry.total());
        let busiest = busiest.map_or_else(String::new, |busiest| {
            let decisions = counted(busiest.total(), "decision", "decisions");
            format!(" Most in the {word} {}: {decisions}.", busiest.label)
        });
        let chart = Chart {
            id: "chart-time",
            title: format!("Decisions per {word}"),
            description: format!("Stacked columns, one per {word}, {all} in all.{busiest}"),
            entry,
            unit: "Decisions",
            series: DECISIONS.to_vec(),
            entries,
            rest: None,
        };
        self.chart(&chart, columns)
    }

    /// Decisions by account.
    pub(crate) fn accounts(&self) -> Result<Value, Error> {
        self.ranking("chart-accounts", "decisions-per-account", "account_id", "Account")
    }

    /// Decisions by approver.
    pub(crate) fn approvers(&self) -> Result<Value, Error> {
        self.ranking("chart-approvers", "approvers", "approver", "Approver")
    }

    fn ranking(&self, id: &'static str, audit: &str, column: &str, entry: &'static str) -> Result<Value, Error> {
        let asked = self.report.of(audit);
        if asked.is_empty() {
            return Ok(paragraph(NONE));
        }
        let word = entry.to_lowercase();
        let mut entries: Vec<Entry> = (asked.rows())
            .map(|row| Entry {
                label: label(row, column),
                values: vec![row.count("approved"), row.count("rejected")],
            })
            .collect();
        // Stable: those with as many keep the order of the audit.
        entries.sort_by_key(|entry| Reverse(entry.total()));
        let all = counted(entries.len(), &word, &format!("{word}s"));
        let most = entries.first().map_or_else(String::new, |first| {
            let decisions = counted(first.total(), "decision", "decisions");
            format!(" Most: {} with {decisions}.", first.label)
        });
        let (entries, rest) = largest(entries, &format!("other {word}s"));
        let chart = Chart {
            id,
            title: format!("Decisions by {word}"),
            description: format!(
                "Horizontal bars of approved and rejected decisions; {all} in all, the largest first.{most}"
            ),
            entry,
            unit: "Decisions",
            series: DECISIONS.to_vec(),
            entries,
            rest,
        };
        let chart = self.chart(&chart, bars)?;
        let table = self.table(asked, &format!("Every {word}"))?;
        let table = fold(&format!("Every {word}, with more"), &table);
        Ok(safe(format!("{chart}{table}")))
    }
}

/// A name, with the kind of principal that bears it: the same name may be chosen by another kind.
fn label(row: Row<'_>, column: &str) -> String {
    let name = match row.text(column) {
        "" => "(not named)",
        name => name,
    };
    let name = cut(&visible(name), MOST_TEXT).into_owned();
    match row.text("principal_kind") {
        "" => name,
        kind => format!("{name} ({})", visible(kind)),
    }
}
