//! An engine with the lake behind it, and what only the lake itself says: when the bus had no rules.

use std::error::Error;

use aws_config::SdkConfig;
use jiff::Timestamp;
use pipetrail_lake::audits::{Audit, AuditError, Parameters};
use pipetrail_lake::engine::{Embedded, Engine, EngineError};
use pipetrail_lake::store::{Lake, Location};
use pipetrail_names::chain;
use pipetrail_stacksets::Record;

use crate::terminal::printer;

/// An engine, and the lake that it asks.
pub(crate) struct Source {
    /// The engine.
    pub engine: Engine,
    behind: Behind,
}

/// The lake.
enum Behind {
    /// Opened, for the engine here reads it too.
    Opened(Lake),
    /// In that bucket; not opened yet, for Athena reads it by itself.
    Bucket(Box<SdkConfig>, String),
}

impl Source {
    /// The engine here, over a lake.
    ///
    /// # Errors
    /// As [`Embedded::over`].
    pub(super) fn here(lake: Lake) -> Result<Self, EngineError> {
        Ok(Source {
            engine: Engine::Embedded(Embedded::over(&lake)?),
            behind: Behind::Opened(lake),
        })
    }

    /// Athena, and the bucket that it reads.
    pub(super) fn behind_athena(engine: Engine, config: SdkConfig, bucket: String) -> Self {
        Source {
            engine,
            behind: Behind::Bucket(Box::new(config), bucket),
        }
    }

    /// The audit's SQL. Reads from the lake when we replaced the pipeline stack, if the answer depends on it. A lake
    /// without that object counts as never replaced.
    ///
    /// # Errors
    /// As [`Audit::sql`].
    pub(crate) async fn sql(&self, audit: &Audit, parameters: &Parameters) -> Result<String, AuditError> {
        if !audit.heeds_replacements() {
            return audit.sql(parameters);
        }
        let without_rules = self.without_rules().await.unwrap_or_else(|error| {
            printer::say(&format!(
                "warning: {}; hours without rules are taken for silence",
                chain(&*error)
            ));
            vec![]
        });
        audit.sql(&Parameters {
            without_rules,
            ..parameters.clone()
        })
    }

    /// When the bus had no rules.
    async fn without_rules(&self) -> Result<Vec<(Timestamp, Timestamp)>, Box<dyn Error>> {
        let read = match &self.behind {
            Behind::Opened(lake) => lake.object(Record::KEY).await?,
            Behind::Bucket(config, bucket) => {
                let location = Location::Bucket {
                    bucket: bucket.clone(),
                    prefix: String::new(),
                };
                let lake = Lake::open(&location, async || (**config).clone()).await?;
                lake.object(Record::KEY).await?
            }
        };
        let Some(read) = read else {
            return Ok(vec![]);
        };
        let record: Record = serde_json::from_slice(&read).map_err(|cause| format!("{}: {cause}", Record::KEY))?;
        let spans = record.spans(Timestamp::now());
        Ok(spans.into_iter().map(|span| (span.from, span.until)).collect())
    }
}

#[cfg(test)]
mod tests {
    use pipetrail_lake::audits;

    use super::*;

    async fn bound(replacement: Option<&str>) -> String {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = replacement {
            std::fs::write(folder.path().join(Record::KEY), text).unwrap();
        }
        let location = Location::Folder(folder.path().to_owned());
        let lake = Lake::open(&location, async || unreachable!("a folder")).await.unwrap();
        let source = Source::here(lake).unwrap();
        let at = |time: &str| format!("2026-11-{time}Z").parse().unwrap();
        let window = Parameters::window(at("29T00:00:00"), at("30T00:00:00"));
        source.sql(audits::find("coverage").unwrap(), &window).await.unwrap()
    }

    #[tokio::test]
    async fn an_audit_knows_every_replacement_that_the_lake_tells_of() {
        let twice = r#"{"stack": "b", "from": "2026-11-29T19:58:00Z", "rules_off": "2026-11-29T20:59:00Z",
            "until": "2026-11-29T21:05:00Z", "attempt": 1, "done": true,
            "earlier": [{"from": "2026-11-29T12:10:00Z", "until": "2026-11-29T12:20:00Z"}]}"#;
        let sql = bound(Some(twice)).await;
        assert!(
            sql.contains("IN ('2026-11-29T12', '2026-11-29T20', '2026-11-29T21')") && sql.contains("CAST(3 - "),
            "{sql}"
        );
        for nothing in [None, Some("no record")] {
            let sql = bound(nothing).await;
            assert!(sql.contains("IN ('')") && sql.contains("CAST(0 - "), "{sql}");
        }
    }
}
