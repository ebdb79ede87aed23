//! Decisions over time, by account and by approver.

use minijinja::{Error, Value};

use crate::asked::Row;
use crate::chart::{Chart, DECISIONS, Entry, bars, columns, largest};
use crate::periods::periods;
use crate::summary::NONE;
use crate::text::{counted, cut};
use pipetrail_lake::hostile::visible;

use super::{MOST_ROWS, MOST_TEXT, Parts, fold, paragraph, safe};

impl Parts<'_> {
    /// Decisions over time.
    pub(crate) fn time(&self) -> Result<Value, Error> {
        let (length, periods) = periods(&self.report.question.window, self.report.of("decisions-per-day"));
        if self.report.of("decisions-per-day").is_empty() {
            return Ok(paragraph(NONE));
        }
        let busiest = periods.iter().max_by_key(|period| period.approved + period.rejected);
        let busiest = busiest.map_or_else(String::new, |period| {
            format!(
                " Most in the {} {}: {}.",
                length.word(),
                period.label,
                counted(period.approved + period.rejected, "decision", "decisions")
            )
        });
        let chart = Chart {
            id: "chart-time",
            title: format!("Decisions per {}", length.word()),
            description: format!(
                "Stacked columns, one per {}, {} in all.{busiest}",
                length.word(),
                counted(periods.len(), "column", "columns")
            ),
            entry: match length.word() {
                "day" => "Day (UTC)",
                "week" => "Week from Monday (UTC)",
                _ => "Month (UTC)",
            },
            unit: "Decisions",
            series: DECISIONS.to_vec(),
            entries: (periods.into_iter())
                .map(|period| Entry {
                    label: period.label,
                    values: vec![period.approved, period.rejected],
                })
                .collect(),
            rest: None,
        };
        self.chart(&chart, columns)
    }

    /// Decisions by account.
    pub(crate) fn accounts(&self) -> Result<Value, Error> {
        self.ranking(
            "chart-accounts",
            "decisions-per-account",
            "account_id",
            "Account",
            "other accounts",
        )
    }

    /// Decisions by approver.
    pub(crate) fn approvers(&self) -> Result<Value, Error> {
        self.ranking(
            "chart-approvers",
            "approvers",
            "approver",
            "Approver",
            "other approvers",
        )
    }

    fn ranking(
        &self,
        id: &'static str,
        audit: &str,
        column: &str,
        entry: &'static str,
        others: &str,
    ) -> Result<Value, Error> {
        let asked = self.report.of(audit);
        if asked.is_empty() {
            return Ok(paragraph(NONE));
        }
        let mut entries: Vec<Entry> = (asked.rows())
            .map(|row| Entry {
                label: label(row, column),
                values: vec![row.count("approved"), row.count("rejected")],
            })
            .collect();
        // Stable: those with as many keep the order of the audit.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.total()));
        let all = entries.len();
        let first = entries.first().cloned();
        let (entries, rest) = largest(entries, others);
        let most = first.map_or_else(String::new, |first| {
            let decisions = counted(first.total(), "decision", "decisions");
            format!(" Most: {} with {decisions}.", first.label)
        });
        let word = entry.to_lowercase();
        let chart = Chart {
            id,
            title: format!("Decisions by {word}"),
            description: format!(
                "Horizontal bars of approved and rejected decisions; {} in all, the largest first.{most}",
                counted(all, &word, &format!("{word}s"))
            ),
            entry,
            unit: "Decisions",
            series: DECISIONS.to_vec(),
            entries,
            rest,
        };
        let chart = self.chart(&chart, bars)?;
        let table = self.table(asked, &format!("Every {word}"), MOST_ROWS)?;
        Ok(safe(format!(
            "{chart}{}",
            fold(&format!("Every {word}, with more"), &table)
        )))
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
