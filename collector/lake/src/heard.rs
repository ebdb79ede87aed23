//! What the lake has heard from whom: one query, and its answer as data.

mod query;

use std::collections::BTreeMap;

use jiff::Timestamp;
use pipetrail_names::AccountRegion;
use thiserror::Error;

use crate::answer::{Answer, Value};
use crate::engine::{Engine, EngineError};

pub use query::{Question, Topic};

/// What was heard from every account and region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Signs {
    pub heard: BTreeMap<AccountRegion, Heard>,
    /// Rows of the answer that could not be read.
    pub unreadable: usize,
    /// What the query read, in bytes, where Athena says it.
    pub bytes_scanned: Option<i64>,
}

/// What was heard from one account and region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Time of the last event of CodePipeline, the canary aside.
    pub last_event: Option<Timestamp>,
    pub last_heartbeat: Option<Timestamp>,
    /// Time of the last call of the canary whose record in CloudTrail arrived.
    pub last_canary: Option<Timestamp>,
}

impl Signs {
    /// What was heard from an account and region; nothing from an account as a whole.
    pub fn of(&self, at: Option<&AccountRegion>) -> Heard {
        at.and_then(|at| self.heard.get(at)).copied().unwrap_or_default()
    }
}

/// The lake cannot be asked.
#[derive(Debug, Error)]
pub enum HeardError {
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The answer is not what was asked for.
    #[error("the answer of the lake begins with {0:?} instead of the columns that were asked for")]
    Columns(Vec<String>),
}

/// Asks what was heard. The workgroup bounds what that may read.
///
/// # Errors
/// A refused call, or a query that does not succeed.
pub async fn ask(engine: &Engine, question: &Question) -> Result<Signs, HeardError> {
    let pages = engine.ask(&question.sql()).await?;
    let scanned = pages.scanned();
    let signs = read(pages.collect().await?)?;
    Ok(Signs {
        bytes_scanned: scanned.and_then(|scanned| i64::try_from(scanned.bytes).ok()),
        ..signs
    })
}

/// Reads all rows. A row that cannot be read is counted, not lost in silence.
fn read(answer: Answer) -> Result<Signs, HeardError> {
    let names: Vec<String> = answer.columns.into_iter().map(|column| column.name).collect();
    if names != query::COLUMNS {
        return Err(HeardError::Columns(names));
    }
    let mut signs = Signs::default();
    for row in answer.rows {
        match one(row) {
            Some((at, heard)) => _ = signs.heard.insert(at, heard),
            None => signs.unreadable += 1,
        }
    }
    Ok(signs)
}

fn one(row: Vec<Value>) -> Option<(AccountRegion, Heard)> {
    let [Value::Text(account), Value::Text(region), event, heartbeat, canary] = <[Value; 5]>::try_from(row).ok()?
    else {
        return None;
    };
    let heard = Heard {
        last_event: time(event)?,
        last_heartbeat: time(heartbeat)?,
        last_canary: time(canary)?,
    };
    let at = AccountRegion {
        account: account.parse().ok()?,
        region: region.parse().ok()?,
    };
    Some((at, heard))
}

/// A time or NULL; `None` for what is neither.
fn time(value: Value) -> Option<Option<Timestamp>> {
    match value {
        Value::Null => Some(None),
        Value::Text(text) => text.parse().ok().map(Some),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
