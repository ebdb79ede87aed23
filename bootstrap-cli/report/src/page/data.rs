//! The decisions as the page's script reads them: per column its distinct values, and per row the
//! place of its value there. 50,000 decisions repeat few accounts, approvers and programs.

use std::collections::HashMap;
use std::ops::Not;

use serde::Serialize;
use serde_json::Value as Shown;

use crate::Asked;
use crate::text::{cell, duration, heading};
use pipetrail_lake::answer::Value;
use pipetrail_lake::hostile::visible;

#[derive(Serialize)]
struct Data {
    rows: usize,
    columns: Vec<Column>,
}

#[derive(Serialize)]
struct Column {
    name: String,
    label: String,
    /// Made of other columns: not among the fields of a decision.
    #[serde(skip_serializing_if = "Not::not")]
    derived: bool,
    /// Searched under another column.
    #[serde(skip_serializing_if = "Not::not")]
    unsearched: bool,
    values: Vec<Shown>,
    /// None where every row has a value of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Vec<usize>>,
}

/// A value as the page shows it.
fn shown(name: &str, value: &Value) -> Shown {
    match value {
        Value::Null if name != "mfa" => Shown::Null,
        Value::Integer(number) => Shown::from(*number),
        Value::Text(text) if name != "event_time" => Shown::from(visible(text)),
        Value::Double(number) => Shown::from(number.to_string()),
        value => Shown::from(cell(name, value)),
    }
}

/// The data as text for a `script` element: nothing in it can end that element.
///
/// # Errors
/// Never, but for a defect.
pub(super) fn data(decisions: &Asked) -> serde_json::Result<String> {
    let mut columns: Vec<Column> = (decisions.columns().iter().enumerate())
        .map(|(at, column)| {
            let values = decisions.answer.rows.iter().map(|row| {
                let value = row.get(at).unwrap_or(&Value::Null);
                shown(&column.name, value)
            });
            gathered(&column.name, values)
        })
        .collect();
    let gates = decisions.rows().map(|row| {
        let gate = format!("{} / {}", row.text("stage"), row.text("action"));
        Shown::from(visible(&gate))
    });
    let waits = decisions
        .rows()
        .map(|row| row.number("waited_seconds").map(duration).into());
    for column in [gathered("gate", gates), gathered("waited", waits)] {
        columns.push(Column {
            derived: true,
            unsearched: true,
            ..column
        });
    }
    let data = Data {
        rows: decisions.len(),
        columns,
    };
    Ok(harmless(&serde_json::to_string(&data)?))
}

fn gathered(name: &str, values: impl Iterator<Item = Shown>) -> Column {
    let mut places: HashMap<Shown, usize> = HashMap::new();
    let mut distinct = Vec::new();
    let at: Vec<usize> = values
        .map(|value| {
            *places.entry(value).or_insert_with_key(|value| {
                distinct.push(value.clone());
                distinct.len() - 1
            })
        })
        .collect();
    Column {
        name: name.to_owned(),
        label: heading(name),
        derived: false,
        unsearched: false,
        at: (distinct.len() < at.len()).then_some(at),
        values: distinct,
    }
}

/// In JSON these characters stand in strings alone, where they may be written by number.
fn harmless(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use crate::hostile_report::hostile;

    use super::*;

    #[test]
    fn the_data_cannot_end_its_element_and_reads_back() {
        let report = hostile();
        let text = data(report.of("decisions")).unwrap();
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
        let data: serde_json::Value = serde_json::from_str(&text).unwrap();
        let column = |name: &str| {
            let columns = data["columns"].as_array().unwrap();
            columns.iter().find(|column| column["name"] == name).unwrap().clone()
        };
        let summaries = column("summary")["values"].to_string();
        assert!(summaries.contains("</script><script>alert(1)</script>"), "{summaries}");
        assert!(
            summaries.contains("[U+202E]") && !summaries.contains('\u{202E}'),
            "{summaries}"
        );
        assert_eq!(column("account_id")["values"], serde_json::json!(["111122223333"]));
        assert_eq!(column("mfa")["values"][0], "unknown");
    }
}
