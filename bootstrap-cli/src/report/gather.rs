//! Asks the audits.

use crate::audits::{self, Parameters};
use crate::engine::Engine;

use super::{Asked, Report, Scope};

/// The audits of the report, in the order of the page, and the columns that the page reads by name.
const AUDITS: &[(&str, &[&str])] = &[
    (
        "decisions",
        &[
            "event_time",
            "account_id",
            "region",
            "pipeline",
            "stage",
            "action",
            "decision",
            "approver",
            "principal_kind",
            "mfa",
            "source_ip",
            "summary",
            "waited_seconds",
            "execution_id",
            "event_key",
        ],
    ),
    ("decisions-per-day", &["day", "approved", "rejected"]),
    ("decisions-per-account", &["account_id", "approved", "rejected"]),
    ("approvers", &["approver", "principal_kind", "approved", "rejected"]),
    ("gate-waits", &["waited_seconds", "outcome", "approver"]),
    (
        "gate-wait-buckets",
        &["label", "gates", "approved", "rejected", "other"],
    ),
    ("open-gates", &[]),
    ("refused-decisions", &[]),
    (
        "coverage",
        &[
            "account_id",
            "region",
            "heartbeats",
            "hours_seen",
            "hours_expected",
            "longest_gap_seconds",
        ],
    ),
];

/// Asks all of them, one after the other: each keeps the engine busy by itself.
///
/// # Errors
/// A parameter is wrong, or the engine refuses one of them.
pub async fn gather(engine: &Engine, scope: Scope, parameters: &Parameters) -> anyhow::Result<Report> {
    let mut asked = Vec::with_capacity(AUDITS.len());
    for (name, columns) in AUDITS {
        let audit = audits::find(name)?;
        let mut bound = parameters.clone();
        // What an audit does not know it shows whole: a heartbeat has no pipeline.
        if !audit.parameters.iter().any(|parameter| parameter.name == "pipeline") {
            bound.pipelines.clear();
        }
        let sql = audit.sql(&bound)?;
        let answer = engine.ask(&sql).await?.collect().await?;
        let one = Asked {
            name: (*name).to_owned(),
            title: audit.answers.clone(),
            sql,
            answer,
        };
        asked.push(one.require(columns)?);
    }
    Ok(Report { scope, audits: asked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_audit_of_the_report_is_there_with_the_columns_that_the_page_reads() {
        for (name, columns) in AUDITS {
            let audit = audits::find(name).unwrap();
            for column in *columns {
                assert!(audit.columns.iter().any(|one| one.name == *column), "{name} {column}");
            }
        }
    }
}
