//! Asks the audits.

use futures::future::try_join_all;

use crate::engine::Engine;

use super::{Asked, Report, ReportError, Scope};

/// The audits of the report, in the order of the page, and the columns that the page needs of each.
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
            "event_key",
        ],
    ),
    ("decisions-per-day", &["day", "approved", "rejected"]),
    ("decisions-per-account", &["account_id", "approved", "rejected"]),
    ("approvers", &["approver", "approved", "rejected"]),
    ("gate-waits", &["waited_seconds"]),
    ("gate-wait-buckets", &["label", "approved", "rejected", "other"]),
    ("open-gates", &[]),
    ("refused-decisions", &[]),
    (
        "coverage",
        &[
            "account_id",
            "region",
            "hours_seen",
            "hours_expected",
            "longest_gap_seconds",
        ],
    ),
    ("account-activity", &["account_id"]),
];

/// Asks all of them.
///
/// # Errors
/// A parameter is wrong, or the engine refuses one of them.
pub async fn gather(engine: &Engine, scope: Scope) -> anyhow::Result<Report> {
    let asked = AUDITS.iter().map(|(name, columns)| ask(engine, &scope, name, columns));
    let audits = try_join_all(asked).await?;
    Ok(Report { scope, audits })
}

async fn ask(engine: &Engine, scope: &Scope, name: &str, columns: &[&'static str]) -> anyhow::Result<Asked> {
    let sql = super::stand_in::sql(name, &scope.window, &scope.accounts);
    let answer = engine.ask(&sql).await?.collect().await?;
    let asked = Asked {
        name: name.to_owned(),
        title: name.to_owned(),
        sql,
        answer,
    };
    Ok(asked.require(columns)?)
}
