//! What the lake has heard from whom: one query, and its answer as data.

mod answer;
mod query;

use std::collections::BTreeMap;

use jiff::Timestamp;
use thiserror::Error;

use crate::engine::{AthenaError, DATABASE, Engine, EngineError};

pub use query::Window;

/// What was heard from every account and region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lake {
    heard: BTreeMap<String, BTreeMap<String, Heard>>,
    /// Rows of the answer that could not be read.
    pub unreadable: usize,
    /// What the query read, in bytes, where Athena says it.
    pub bytes_scanned: Option<i64>,
}

/// What was heard from one account and region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Time of the last event of CodePipeline.
    pub last_event: Option<Timestamp>,
    /// Time of the last heartbeat.
    pub last_heartbeat: Option<Timestamp>,
}

/// The lake cannot be asked.
#[derive(Debug, Error)]
pub enum LakeError {
    /// Athena does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The answer is not what was asked for.
    #[error("the answer of the lake begins with {0:?} instead of the columns that were asked for")]
    Columns(Vec<String>),
}

impl LakeError {
    /// The next thing to try.
    pub fn hint(&self) -> String {
        let otherwise = "`--no-lake` leaves the lake out";
        match self {
            // Nobody here wrote the query, or could name fewer months in it.
            LakeError::Engine(EngineError::Athena(error @ AthenaError::Ended { .. })) if error.is_over_limit() => {
                format!("raise athena.scan_limit_gb and run `pipetrail apply`; {otherwise}")
            }
            LakeError::Engine(EngineError::Athena(AthenaError::Ended { .. })) | LakeError::Columns(_) => {
                format!("`pipetrail apply` brings the tables up to date; {otherwise}")
            }
            LakeError::Engine(error) => match error.hint() {
                Some(hint) => format!("{hint}; {otherwise}"),
                None => otherwise.to_owned(),
            },
        }
    }
}

impl Lake {
    /// What was heard from an account and region.
    pub fn of(&self, account: &str, region: &str) -> Heard {
        let regions = self.heard.get(account);
        regions
            .and_then(|regions| regions.get(region))
            .copied()
            .unwrap_or_default()
    }

    /// Asks what was heard in `window`. The workgroup bounds what that may read.
    ///
    /// # Errors
    /// A refused call, or a query that does not succeed.
    pub async fn ask(engine: &Engine, window: &Window) -> Result<Self, LakeError> {
        let rows = engine.ask(&window.sql()).await?;
        let scanned = rows.scanned();
        let answer = rows.collect().await?;
        Ok(Lake {
            bytes_scanned: scanned.and_then(|scanned| i64::try_from(scanned.bytes).ok()),
            ..answer::read(answer)?
        })
    }
}

impl FromIterator<((String, String), Heard)> for Lake {
    fn from_iter<I: IntoIterator<Item = ((String, String), Heard)>>(heard: I) -> Self {
        let mut lake = Lake::default();
        for ((account, region), heard) in heard {
            lake.heard.entry(account).or_default().insert(region, heard);
        }
        lake
    }
}

#[cfg(test)]
mod tests;
