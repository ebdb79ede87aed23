//! The parts of the page that are made of an audit each.

use minijinja::{Environment, Error, Value, context};
use serde::Serialize;

use crate::engine::{self, Kind};
use crate::report::asked::Row;
use crate::report::chart::{Chart, DECISIONS, Entry, NEITHER, bars, columns, escape, largest};
use crate::report::periods::periods;
use crate::report::summary::Summary;
use crate::report::text::{cell, counted, cut, duration, heading, visible};
use crate::report::{Asked, Report};

use super::{given, safe};

/// Rows of a table without pages.
const MOST_ROWS: usize = 1_000;
/// Rows that stand open on the page.
const MOST_OPEN: usize = 50;
/// Accounts that a sentence names.
const MOST_NAMED: usize = 12;
/// Characters of a cell.
const MOST_TEXT: usize = 600;
/// Identities of events are for machines.
const UNSHOWN: &[&str] = &["event_key", "action_execution_id"];

/// Makes parts of a report.
pub struct Parts<'a> {
    /// The report.
    pub report: &'a Report,
    /// The templates.
    pub environment: &'a Environment<'a>,
}

#[derive(Serialize)]
struct Head {
    heading: String,
    number: bool,
}

#[derive(Serialize)]
struct Cell {
    text: String,
    number: bool,
}

impl Parts<'_> {
    /// Decisions over time.
    pub fn time(&self) -> Result<Value, Error> {
        let (length, periods) = periods(&self.report.scope.window, self.report.of("decisions-per-day"));
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
    pub fn accounts(&self) -> Result<Value, Error> {
        self.ranking(
            "chart-accounts",
            "decisions-per-account",
            "account_id",
            "Account",
            "other accounts",
        )
    }

    /// Decisions by approver.
    pub fn approvers(&self) -> Result<Value, Error> {
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
        if asked.len() == 0 {
            return Ok(safe("<p>There is no decision in this window.</p>".to_owned()));
        }
        let mut entries: Vec<Entry> = (asked.rows())
            .map(|row| Entry {
                label: match row.text(column) {
                    "" => "(not named)".to_owned(),
                    name => cut(&visible(name), MOST_TEXT).into_owned(),
                },
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

    /// What the waiting times come down to.
    pub fn waiting_text(&self, summary: &Summary) -> String {
        match (summary.median_wait_seconds, summary.wait_90_seconds) {
            (Some(median), Some(most)) => format!(
                "Of {}, half were passed or failed within {}, nine of ten within {}.",
                counted(self.report.of("gate-waits").len(), "gate", "gates"),
                duration(median),
                duration(most)
            ),
            _ => "No gate was passed or failed in this window.".to_owned(),
        }
    }

    /// How long gates waited.
    pub fn waiting(&self) -> Result<Value, Error> {
        let asked = self.report.of("gate-wait-buckets");
        if asked.rows().all(|row| row.count("gates") == 0) {
            return Ok(safe(String::new()));
        }
        let entries: Vec<Entry> = (asked.rows())
            // The last one is for gates whose opening nobody saw; most lakes have none.
            .filter(|row| row.number("bucket") != Some(9) || row.count("gates") > 0)
            .map(|row| Entry {
                label: row.text("label").to_owned(),
                values: ["approved", "rejected", "other"]
                    .map(|column| row.count(column))
                    .to_vec(),
            })
            .collect();
        let most = entries.iter().max_by_key(|entry| entry.total());
        let most = most.map_or_else(String::new, |most| {
            format!(" Most waited {}: {}.", most.label, most.total())
        });
        let chart = Chart {
            id: "chart-waits",
            title: "Gates by waiting time".to_owned(),
            description: format!("Stacked columns, one per class of waiting time.{most}"),
            entry: "Waiting time",
            unit: "Gates",
            series: [DECISIONS.as_slice(), &[NEITHER]].concat(),
            entries,
            rest: None,
        };
        self.chart(&chart, columns)
    }

    /// Gates that wait.
    pub fn open(&self) -> Result<Value, Error> {
        self.rows_or(
            "open-gates",
            "Gates that wait for a decision",
            "No gate waits for a decision.",
        )
    }

    /// Calls that AWS refused.
    pub fn refused(&self) -> Result<Value, Error> {
        self.rows_or("refused-decisions", "Refused calls", "No call was refused.")
    }

    fn rows_or(&self, audit: &str, caption: &str, none: &str) -> Result<Value, Error> {
        let asked = self.report.of(audit);
        match asked.len() {
            0 => Ok(safe(format!("<p>{none}</p>"))),
            1..=MOST_OPEN => self.table(asked, caption, MOST_OPEN),
            rows => {
                let table = self.table(asked, caption, MOST_ROWS)?;
                Ok(fold(&format!("{caption}: {rows}"), &table))
            }
        }
    }

    /// How much of the window the heartbeats prove.
    pub fn coverage_text(&self) -> String {
        let coverage = self.report.of("coverage");
        if coverage.rows().all(|row| row.count("heartbeats") == 0) {
            return "There is no heartbeat in this window: nothing proves that every event arrived. A lake made of \
                    event files alone has none."
                .to_owned();
        }
        let whole = coverage.rows().filter(|row| !is_gap(*row)).count();
        let were = |number| counted(number, "account and region was", "accounts and regions were");
        format!(
            "A heartbeat every hour proves the way of the events, per account and region. {} heard in every hour of \
             the window, {} not.",
            were(whole),
            were(coverage.len() - whole)
        )
    }

    /// Where hours are missing.
    pub fn gaps(&self) -> Result<Value, Error> {
        let mut asked = self.report.of("coverage").clone();
        let keep: Vec<bool> = asked.rows().map(is_gap).collect();
        let mut keep = keep.into_iter();
        asked.answer.rows.retain(|_| keep.next().unwrap_or(true));
        if asked.len() == 0 {
            return Ok(safe(String::new()));
        }
        if let Some(gap) = asked.position("longest_gap_seconds") {
            let length = |row: &[engine::Value]| match row.get(gap) {
                Some(engine::Value::Integer(seconds)) => *seconds,
                _ => i64::MAX,
            };
            asked.answer.rows.sort_by_key(|row| std::cmp::Reverse(length(row)));
        }
        let caption = "Accounts and regions with hours in which no heartbeat was heard";
        let table = self.table(&asked, caption, MOST_ROWS)?;
        Ok(if asked.len() > MOST_OPEN {
            fold(&format!("{caption}: {}", asked.len()), &table)
        } else {
            table
        })
    }

    /// Every account and region.
    pub fn all_coverage(&self) -> Result<Value, Error> {
        let asked = self.report.of("coverage");
        if asked.len() == 0 {
            return Ok(safe(String::new()));
        }
        let caption = "Every account and region that was heard";
        let table = self.table(asked, caption, MOST_ROWS)?;
        Ok(fold(&format!("{caption}: {}", asked.len()), &table))
    }

    /// What nobody should read into the page.
    pub fn not_covered(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let coverage = self.report.of("coverage");
        let of = |row: Row<'_>| format!("{} in {}", row.text("account_id"), row.text("region"));
        let silent: Vec<String> = (coverage.rows())
            .filter(|row| row.count("heartbeats") == 0)
            .map(|row| visible(&of(row)).into_owned())
            .collect();
        if !silent.is_empty() {
            let some: Vec<_> = silent.iter().take(MOST_NAMED).map(String::as_str).collect();
            let more = match silent.len() - some.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            lines.push(format!(
                "{} sent events, but no heartbeat in this window: {}{more}. Nothing proves that their events are complete.",
                counted(silent.len(), "account and region", "accounts and regions"),
                some.join(", ")
            ));
        }
        lines.push(
            "Accounts and regions that were never enrolled send neither events nor heartbeats and are not in the \
             lake; pipetrail status compares the lake with the organization."
                .to_owned(),
        );
        lines.push(
            "Events that were still on their way when the report was made: CloudTrail delivers a decision seconds to \
             minutes after it was made."
                .to_owned(),
        );
        lines.push("Gates of anything but CodePipeline.".to_owned());
        lines
    }

    /// The SQL of audits.
    pub fn sql(&self, names: &[&str]) -> Result<Value, Error> {
        let audits: Vec<Value> = names
            .iter()
            .map(|name| self.report.of(name))
            .map(|asked| context! { name => asked.name.as_str(), title => asked.title.as_str(), sql => asked.sql.as_str(), rows => asked.len() })
            .collect();
        let html = self.environment.get_template("sql.html")?.render(context! { audits })?;
        Ok(safe(html))
    }

    fn chart(&self, chart: &Chart, draw: fn(&Chart) -> String) -> Result<Value, Error> {
        let template = self.environment.get_template("chart.html")?;
        let html = template.render(context! { chart => given(chart), svg => safe(draw(chart)) })?;
        Ok(safe(html))
    }

    fn table(&self, asked: &Asked, caption: &str, most: usize) -> Result<Value, Error> {
        let shown: Vec<(usize, &engine::Column)> = (asked.columns().iter().enumerate())
            .filter(|(_, column)| !UNSHOWN.contains(&column.name.as_str()))
            .collect();
        let is_number = |column: &engine::Column| matches!(column.kind, Kind::Integer | Kind::Double);
        let columns: Vec<Head> = (shown.iter())
            .map(|(_, column)| Head {
                heading: heading(&column.name),
                number: is_number(column),
            })
            .collect();
        let rows: Vec<Vec<Cell>> = (asked.answer.rows.iter().take(most))
            .map(|row| {
                let cells = shown.iter().map(|(at, column)| Cell {
                    text: (row.get(*at)).map_or_else(String::new, |value| {
                        cut(&cell(&column.name, value), MOST_TEXT).into_owned()
                    }),
                    number: is_number(column),
                });
                cells.collect()
            })
            .collect();
        let left_out = asked.len().saturating_sub(most);
        let template = self.environment.get_template("table.html")?;
        let html = template.render(context! {
            caption,
            columns => given(columns),
            rows => given(rows),
            left_out,
            audit => asked.name.as_str(),
        })?;
        Ok(safe(html))
    }
}

fn is_gap(row: Row<'_>) -> bool {
    row.count("hours_seen") < row.count("hours_expected")
}

/// What is one click away.
fn fold(summary: &str, contents: &Value) -> Value {
    safe(format!(
        "<details><summary>{}</summary>{contents}</details>",
        escape(summary)
    ))
}
