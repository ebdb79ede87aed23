//! What the lake has heard from whom: one Athena query, and its answer as data.

mod answer;
mod query;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_athena::Client;
use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState as State};
use jiff::Timestamp;
use pipetrail_stacksets::{Error, Fault, from_sdk};
use thiserror::Error;

pub use query::Window;

/// Glue database and Athena workgroup.
const NAME: &str = "pipetrail";

/// What Athena says of a query that reads more than the workgroup allows.
const LIMIT: &str = "Bytes scanned limit was exceeded";

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
    /// A call was refused.
    #[error(transparent)]
    Call(#[from] Error),
    /// The query did not succeed.
    #[error("the query on the lake ended in {state}: {reason}")]
    Ended {
        /// `FAILED` or `CANCELLED`.
        state: String,
        /// Athena's reason.
        reason: String,
    },
    /// The answer is not what was asked for.
    #[error("the answer of the lake begins with {0:?} instead of the columns that were asked for")]
    Columns(Vec<String>),
}

impl LakeError {
    /// The next thing to try.
    pub fn hint(&self) -> String {
        let refused = |code: &str| code.starts_with("AccessDenied") || code == "UnauthorizedOperation";
        match self {
            LakeError::Call(Error::Aws {
                fault: Fault::Refused { code, .. },
                ..
            }) if refused(code) => format!(
                "the audit profile needs athena:StartQueryExecution, GetQueryExecution and GetQueryResults on workgroup {NAME}, and to read the lake"
            ),
            LakeError::Call(Error::Aws {
                fault: Fault::Refused { code, .. },
                ..
            }) if code == "InvalidRequestException" => {
                format!("`pipetrail apply` makes workgroup {NAME}; `--no-lake` leaves the lake out")
            }
            LakeError::Call(error) => error
                .hint()
                .unwrap_or_else(|| "`--no-lake` leaves the lake out".to_owned()),
            LakeError::Ended { reason, .. } if reason.contains(LIMIT) => {
                "raise athena.scan_limit_gb and run `pipetrail apply`, or leave the lake out with `--no-lake`"
                    .to_owned()
            }
            LakeError::Ended { .. } | LakeError::Columns(_) => {
                "`pipetrail apply` brings the tables up to date; `--no-lake` leaves the lake out".to_owned()
            }
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

    /// Asks Athena what was heard in `window`. The workgroup bounds what that may read; the query goes
    /// on in Athena when we are stopped.
    ///
    /// # Errors
    /// A refused call, or a query that does not succeed.
    pub async fn ask(client: &Client, window: &Window) -> Result<Self, LakeError> {
        let context = QueryExecutionContext::builder().database(NAME).build();
        let call = client
            .start_query_execution()
            .query_string(window.sql())
            .work_group(NAME)
            .query_execution_context(context);
        let started = call.send().await.map_err(from_sdk("begin a query on the lake"))?;
        let id = started.query_execution_id.ok_or(Error::Incomplete {
            action: "StartQueryExecution",
            field: "QueryExecutionId",
        })?;
        let bytes_scanned = wait(client, &id).await?;
        let mut pages = client
            .get_query_results()
            .query_execution_id(&id)
            .max_results(1000)
            .into_paginator()
            .stop_on_duplicate_token(false)
            .send();
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(from_sdk("read the answer of the lake"))?;
            for row in page.result_set.and_then(|set| set.rows).unwrap_or_default() {
                let data = row.data.unwrap_or_default();
                rows.push(data.into_iter().map(|datum| datum.var_char_value).collect());
            }
        }
        Ok(Lake {
            bytes_scanned,
            ..answer::read(rows)?
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

/// Waits for the query's end: Athena itself ends one that takes too long. Gives the bytes it read.
async fn wait(client: &Client, id: &str) -> Result<Option<i64>, LakeError> {
    let mut pause = Duration::from_millis(100);
    loop {
        let asked = client.get_query_execution().query_execution_id(id).send().await;
        let asked = asked.map_err(from_sdk("ask how the query on the lake goes"))?;
        let execution = asked.query_execution.ok_or(Error::Incomplete {
            action: "GetQueryExecution",
            field: "QueryExecution",
        })?;
        let status = execution.status();
        match status.and_then(|status| status.state()) {
            Some(State::Succeeded) => {
                let statistics = execution.statistics();
                return Ok(statistics.and_then(|statistics| statistics.data_scanned_in_bytes()));
            }
            Some(state @ (State::Failed | State::Cancelled)) => {
                let reason = status.and_then(|status| status.state_change_reason());
                return Err(LakeError::Ended {
                    state: state.as_str().to_owned(),
                    reason: reason.unwrap_or("no reason given").to_owned(),
                });
            }
            _ => tokio::time::sleep(pause).await,
        }
        pause = (pause * 3 / 2).min(Duration::from_secs(5));
    }
}

#[cfg(test)]
mod tests;
