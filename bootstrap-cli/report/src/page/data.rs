//! The decisions as the page's script reads them: per column its distinct values, and per row the
//! place of its value there. 50,000 decisions repeat few accounts, approvers and programs.

use std::collections::HashMap;

use serde::Serialize;

use crate::text::{duration, heading};
use crate::{Asked, ReportError};
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
    #[serde(skip_serializing_if = "is_false")]
    derived: bool,
    /// Searched under another column.
    #[serde(skip_serializing_if = "is_false")]
    unsearched: bool,
    values: Vec<Shown>,
    /// None where every row has a value of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Vec<usize>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A value as the page shows it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
enum Shown {
    None,
    Number(i64),
    Text(String),
}

fn shown(name: &str, value: &Value) -> Shown {
    match value {
        Value::Null if name == "mfa" => Shown::Text("unknown".to_owned()),
        Value::Null => Shown::None,
        Value::Integer(number) => Shown::Number(*number),
        Value::Text(text) if name == "event_time" => Shown::Text(crate::text::moment(text).into_owned()),
        Value::Text(text) => Shown::Text(visible(text).into_owned()),
        Value::Double(number) => Shown::Text(number.to_string()),
        Value::Boolean(yes) => Shown::Text(if *yes { "yes" } else { "no" }.to_owned()),
    }
}

/// The data as text for a `script` element: nothing in it can end that element.
///
/// # Errors
/// Never, but for a defect.
pub(super) fn data(decisions: &Asked) -> Result<String, ReportError> {
    let mut columns: Vec<Column> = (decisions.columns().iter().enumerate())
        .map(|(at, column)| {
            let values = decisions.answer.rows.iter().map(|row| {
                let value = row.get(at).unwrap_or(&Value::Null);
                shown(&column.name, value)
            });
            gathered(&column.name, values)
        })
        .collect();
    let gates = decisions
        .rows()
        .map(|row| Shown::Text(visible(&format!("{} / {}", row.text("stage"), row.text("action"))).into_owned()));
    let waits = decisions.rows().map(|row| {
        row.number("waited_seconds")
            .map_or(Shown::None, |seconds| Shown::Text(duration(seconds)))
    });
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
    let text = serde_json::to_string(&data).map_err(|error| ReportError::Render(error.to_string()))?;
    Ok(harmless(&text))
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
    let mut harmless = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        match c {
            '<' => harmless.push_str("\\u003c"),
            '>' => harmless.push_str("\\u003e"),
            '&' => harmless.push_str("\\u0026"),
            '\u{2028}' => harmless.push_str("\\u2028"),
            '\u{2029}' => harmless.push_str("\\u2029"),
            c => harmless.push(c),
        }
    }
    harmless
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
