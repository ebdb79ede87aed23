//! The parts of the page that are made of an audit each.

mod coverage;
mod decisions;
mod gates;

use minijinja::value::Serde;
use minijinja::{Environment, Error, Value, context};
use pipetrail_lake::answer::{Heading, Kind};

use crate::chart::{Chart, escape};
use crate::text::{cell, counted, cut, heading};
use crate::{Asked, Report};

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
pub(super) struct Parts<'a> {
    /// The report.
    pub report: &'a Report,
    /// The templates.
    pub environment: &'a Environment<'a>,
}

impl Parts<'_> {
    /// Calls that AWS refused.
    pub(super) fn refused(&self) -> Result<Value, Error> {
        let asked = self.report.of("refused-decisions");
        let none = "The lake holds no refused call for this window and these filters.";
        self.rows_or(asked, "Refused calls", none)
    }

    fn rows_or(&self, asked: &Asked, caption: &str, none: &str) -> Result<Value, Error> {
        match asked.len() {
            0 => Ok(paragraph(none)),
            1..=MOST_OPEN => self.table(asked, caption),
            // One click away, and printed; their number is not folded away.
            rows => {
                let (table, caption) = (self.table(asked, caption)?, escape(caption));
                Ok(safe(format!(
                    "<p>{caption}: {rows}.</p>\
                     <details class=\"data\"><summary>{caption}: all {rows}</summary>{table}</details>"
                )))
            }
        }
    }

    /// The SQL of audits.
    pub(super) fn sql(&self, names: &[&str]) -> Result<Value, Error> {
        let audit = |name: &&str| {
            let asked = self.report.of(name);
            let Asked { name, title, sql, .. } = asked;
            context! { name, title, sql, rows => counted(asked.len(), "row", "rows") }
        };
        let audits: Vec<Value> = names.iter().map(audit).collect();
        self.markup("sql.html", context! { audits })
    }

    fn chart(&self, chart: &Chart, draw: fn(&Chart) -> String) -> Result<Value, Error> {
        let svg = safe(draw(chart));
        self.markup("chart.html", context! { chart => Value::from(Serde(chart)), svg })
    }

    fn table(&self, asked: &Asked, caption: &str) -> Result<Value, Error> {
        let shown: Vec<(usize, &Heading)> = (asked.columns().iter().enumerate())
            .filter(|(_, column)| !UNSHOWN.contains(&column.name.as_str()))
            .collect();
        let columns: Vec<Value> = (shown.iter())
            .map(|(_, column)| context! { heading => heading(&column.name), number => is_number(column) })
            .collect();
        let rows: Vec<Value> = (asked.answer.rows.iter().take(MOST_ROWS))
            .map(|row| {
                let cells = shown.iter().map(|(at, column)| {
                    let text = row.get(*at).map(|value| cell(&column.name, value));
                    context! { text => cut(&text.unwrap_or_default(), MOST_TEXT), look => look(column) }
                });
                cells.collect()
            })
            .collect();
        let left_out = match asked.len().saturating_sub(MOST_ROWS) {
            0 => String::new(),
            left_out => counted(left_out, "more row is", "more rows are"),
        };
        let audit = &asked.name;
        self.markup("table.html", context! { caption, columns, rows, left_out, audit })
    }

    fn markup(&self, template: &str, context: Value) -> Result<Value, Error> {
        Ok(safe(self.environment.get_template(template)?.render(context)?))
    }
}

fn is_number(column: &Heading) -> bool {
    matches!(column.kind, Kind::Integer | Kind::Double)
}

/// The class of a cell: some would be hard to read in two lines.
fn look(column: &Heading) -> &'static str {
    match column.name.as_str() {
        _ if is_number(column) => "number",
        "account_id" | "region" | "event_time" | "ended" | "opened" | "day" => "nowrap",
        "last_decision" | "first_heartbeat" | "last_heartbeat" => "nowrap",
        _ => "",
    }
}

/// What a template made, or what is pipetrail's own.
fn safe(html: String) -> Value {
    Value::from_safe_string(html)
}

fn paragraph(text: &str) -> Value {
    safe(format!("<p>{}</p>", escape(text)))
}

/// What is one click away.
fn fold(summary: &str, contents: &Value) -> Value {
    safe(format!(
        "<details><summary>{}</summary>{contents}</details>",
        escape(summary)
    ))
}
