//! Every answer as JSON, exact: nothing is escaped but what JSON itself asks for.

use serde::{Serialize, Serializer};

use crate::summary::Summary;
use crate::{Asked, Question, Report, ReportError};
use pipetrail_lake::answer::{Heading, Value};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    #[serde(flatten)]
    question: &'a Question,
    summary: Summary,
    audits: Vec<Audit<'a>>,
}

#[derive(Serialize)]
struct Audit<'a> {
    audit: &'a str,
    title: &'a str,
    sql: &'a str,
    columns: &'a [Heading],
    rows: Vec<Object<'a>>,
}

/// A row, by the names of its columns.
struct Object<'a>(&'a [Heading], &'a [Value]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|column| &column.name).zip(self.1))
    }
}

/// Writes it.
///
/// # Errors
/// Never, but for a defect.
pub(super) fn render(report: &Report) -> Result<Vec<u8>, ReportError> {
    let document = Document {
        command: "report",
        question: &report.question,
        summary: Summary::of(report),
        audits: report.audits.iter().map(audit).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(|error| ReportError::Render(error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn audit(asked: &Asked) -> Audit<'_> {
    Audit {
        audit: &asked.name,
        title: &asked.title,
        sql: &asked.sql,
        columns: asked.columns(),
        rows: asked
            .answer
            .rows
            .iter()
            .map(|row| Object(asked.columns(), row))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::hostile_report::{HOSTILE, hostile};

    use super::*;

    #[test]
    fn json_is_exact() {
        let report: serde_json::Value = serde_json::from_slice(&render(&hostile()).unwrap()).unwrap();
        assert_eq!(report["command"], "report");
        assert_eq!(report["from"], "2026-08-01T00:00:00Z");
        let rows = report["audits"][0]["rows"].as_array().unwrap();
        let summaries: Vec<_> = rows.iter().map(|row| row["summary"].as_str().unwrap()).collect();
        assert_eq!(summaries, HOSTILE);
        assert_eq!(rows[0]["mfa"], serde_json::Value::Null);
    }
}
