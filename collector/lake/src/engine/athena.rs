//! Athena in the audit account: workgroup and database `pipetrail`, where the workgroup bounds what a
//! query may read and says where its results lie.

mod error;
mod results;
mod running;
mod telling;
#[cfg(test)]
mod tests;

use aws_config::SdkConfig;
use aws_sdk_athena::Client;

pub use error::{AthenaError, SCAN_LIMIT};
pub(super) use results::Results;
pub use running::settle;
pub use telling::{Scanned, Show, Stopped, Telling};

use self::running::Running;
use super::error::EngineError;
use super::pages::Pages;
use super::reading::{LONGEST, NotSent};
use crate::tiers::over_glue;

/// Athena, ready to be asked.
pub struct Athena {
    client: Client,
    telling: Telling,
}

impl Athena {
    /// In that account and region.
    pub fn of(config: &SdkConfig, telling: Telling) -> Self {
        Athena {
            client: Client::new(config),
            telling,
        }
    }

    /// Asks, waits until the query has succeeded, and gives its rows as they are read. Glue has each
    /// tier by itself: the names of both are put before the text that reads them.
    ///
    /// # Errors
    /// A refused call, or a query that does not succeed.
    pub async fn ask(&self, sql: &str) -> Result<Pages, EngineError> {
        let sql = over_glue(sql);
        if sql.len() > LONGEST {
            return Err(NotSent::TooLong(sql.len()).into());
        }
        let show = (self.telling.show)();
        let running = Running::start(&self.client, &sql, self.telling.stopped);
        let results = Results::open(&self.client, running.wait(&show).await?).await?;
        Ok(Pages::athena(results))
    }
}
