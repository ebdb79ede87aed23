//! The parts of the page that are made of an audit each.

mod coverage;
mod decisions;
mod gates;

use minijinja::{Environment, Error, Value, context};
use serde::Serialize;

use pipetrail_lake::answer::{Heading, Kind};

use super::markup::{given, safe};
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

#[derive(Serialize)]
struct Head {
    heading: String,
    number: bool,
}

#[derive(Serialize)]
struct Cell {
    text: String,
    look: &'static str,
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
            1..=MOST_OPEN => self.table(asked, caption, MOST_OPEN),
            rows => {
                let table = self.table(asked, caption, MOST_ROWS)?;
                Ok(folded_data(caption, rows, &table))
            }
        }
    }

    /// The SQL of audits.
    pub(super) fn sql(&self, names: &[&str]) -> Result<Value, Error> {
        let audits: Vec<Value> = names
            .iter()
            .map(|name| self.report.of(name))
            .map(|asked| context! { name => asked.name.as_str(), title => asked.title.as_str(), sql => asked.sql.as_str(), rows => counted(asked.len(), "row", "rows") })
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
        let shown: Vec<(usize, &Heading)> = (asked.columns().iter().enumerate())
            .filter(|(_, column)| !UNSHOWN.contains(&column.name.as_str()))
            .collect();
        let is_number = |column: &Heading| matches!(column.kind, Kind::Integer | Kind::Double);
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
                    look: if is_number(column) {
                        "number"
                    } else {
                        look(&column.name)
                    },
                });
                cells.collect()
            })
            .collect();
        let left_out = match asked.len().saturating_sub(most) {
            0 => String::new(),
            left_out => format!("{} are", counted(left_out, "more row", "more rows")).replace("row are", "row is"),
        };
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

/// What would be hard to read in two lines.
fn look(column: &str) -> &'static str {
    match column {
        "account_id" | "region" | "event_time" | "ended" | "opened" | "day" => "nowrap",
        "last_decision" | "first_heartbeat" | "last_heartbeat" => "nowrap",
        _ => "",
    }
}

fn paragraph(text: &str) -> Value {
    safe(format!("<p>{}</p>", escape(text)))
}

/// A remark as a sentence.
fn sentence(remark: &str) -> String {
    let mut letters = remark.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    format!("{}{}.", first.collect::<String>(), letters.as_str())
}

/// Rows that are one click away, and printed; their number is not folded away.
fn folded_data(caption: &str, rows: usize, table: &Value) -> Value {
    safe(format!(
        "<p>{caption}: {rows}.</p><details class=\"data\"><summary>{caption}: all {rows}</summary>{table}</details>",
        caption = escape(caption)
    ))
}

/// What is one click away.
fn fold(summary: &str, contents: &Value) -> Value {
    safe(format!(
        "<details><summary>{}</summary>{contents}</details>",
        escape(summary)
    ))
}
