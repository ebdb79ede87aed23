//! What the lake has heard from whom: one query, and its answer as data.

mod answer;
mod error;
mod query;
mod signs;

use pipetrail_lake::engine::Engine;

pub(crate) use error::HeardError;
pub(crate) use query::Lookback;
pub(crate) use signs::{Heard, Signs};

/// Asks what was heard in these days and months. The workgroup bounds what that may read.
///
/// # Errors
/// A refused call, or a query that does not succeed.
pub(crate) async fn ask(engine: &Engine, lookback: &Lookback) -> Result<Signs, HeardError> {
    let pages = engine.ask(&lookback.sql()).await?;
    let scanned = pages.scanned();
    let answer = pages.collect().await?;
    Ok(Signs {
        bytes_scanned: scanned.and_then(|scanned| i64::try_from(scanned.bytes).ok()),
        ..answer::read(answer)?
    })
}

#[cfg(test)]
mod tests;
