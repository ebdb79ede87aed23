//! A query from its start to its end. Whoever stops waiting stops it: what nobody waits for would be
//! charged all the same.

use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_athena::Client;
use aws_sdk_athena::types::{
    QueryExecutionContext, QueryExecutionState as State, QueryExecutionStatistics, StatementType,
};
use pipetrail_names::audit::{DATABASE, WORKGROUP};
use tokio::task::JoinHandle;

use super::error::AthenaError;
use super::telling::{Bytes, Scanned, Stopped};
use crate::call::{CallError, from_sdk, given};

/// The first pause between two looks at a query, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long a command waits at its end until what it has left is stopped.
const SETTLING: Duration = Duration::from_secs(10);

/// A query that has succeeded.
pub(crate) struct EndedQuery {
    /// Its id.
    pub id: String,
    /// What it read, where Athena says it.
    pub scanned: Option<Scanned>,
    /// Whether its rows begin with the names of the columns.
    pub header: Header,
}

/// Whether an answer's first row names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// Of a query: always.
    Always,
    /// Of a utility such as EXPLAIN: where it equals them.
    Perhaps,
    /// Of DDL such as SHOW: never.
    Never,
}

/// A query that is not known to have ended. Dropping it stops it.
pub(super) struct Running {
    client: Client,
    // A task of its own: a query whose start is under way while nobody waits any more has to be
    // stopped too, and its id is only in the answer.
    start: Option<JoinHandle<Result<String, CallError>>>,
    id: Option<String>,
    stopped: fn(&Stopped),
}

impl Running {
    /// Starts it. `stopped` hears of it where nobody waits for its end.
    pub(super) fn start(client: &Client, sql: &str, stopped: fn(&Stopped)) -> Self {
        let context = QueryExecutionContext::builder().database(DATABASE).build();
        let call = client
            .start_query_execution()
            .query_string(sql)
            .work_group(WORKGROUP)
            .query_execution_context(context);
        let start = tokio::spawn(async move {
            let started = call.send().await.map_err(from_sdk("begin a query in Athena"))?;
            given(started.query_execution_id, "StartQueryExecution", "QueryExecutionId")
        });
        Running {
            client: client.clone(),
            start: Some(start),
            id: None,
            stopped,
        }
    }

    /// Waits for its end, and tells how it goes: Athena itself ends one that takes too long.
    ///
    /// # Errors
    /// A refused call, or a query that does not succeed.
    pub(super) async fn wait(mut self, tell: impl Fn(&str)) -> Result<EndedQuery, AthenaError> {
        tell("Athena: starting");
        let id = self.started().await?;
        let mut pause = PAUSES.0;
        loop {
            let asked = self.client.get_query_execution().query_execution_id(&id).send().await;
            let asked = asked.map_err(from_sdk("ask Athena how the query goes"))?;
            let execution = given(asked.query_execution, "GetQueryExecution", "QueryExecution")?;
            let read = |statistics: &QueryExecutionStatistics| u64::try_from(statistics.data_scanned_in_bytes?).ok();
            let bytes = execution.statistics().and_then(read);
            let status = execution.status();
            match status.and_then(|status| status.state()) {
                Some(State::Succeeded) => {
                    self.id = None;
                    let header = match execution.statement_type() {
                        Some(StatementType::Ddl) => Header::Never,
                        Some(StatementType::Utility) => Header::Perhaps,
                        _ => Header::Always,
                    };
                    let charged = header == Header::Always;
                    let scanned = bytes.map(|bytes| Scanned { bytes, charged });
                    return Ok(EndedQuery { id, scanned, header });
                }
                Some(state @ (State::Failed | State::Cancelled)) => {
                    self.id = None;
                    let reason = status.and_then(|status| status.state_change_reason());
                    let reason = reason.filter(|reason| !reason.is_empty());
                    return Err(AthenaError::Ended {
                        state: state.clone(),
                        reason: reason.unwrap_or("no reason given").to_owned(),
                    });
                }
                state => {
                    tell(&told(state, bytes));
                    tokio::time::sleep(pause).await;
                }
            }
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    async fn started(&mut self) -> Result<String, AthenaError> {
        let Some(start) = &mut self.start else {
            return Err(AthenaError::Answer("the query has ended before".to_owned()));
        };
        let started = start.await;
        self.start = None;
        let id = started.map_err(|error| AthenaError::Answer(error.to_string()))??;
        self.id = Some(id.clone());
        Ok(id)
    }
}

fn told(state: Option<&State>, bytes: Option<u64>) -> String {
    let state = state.map_or("running", State::as_str).to_ascii_lowercase();
    let scanned = match bytes {
        None | Some(0) => String::new(),
        Some(bytes) => format!(", {} scanned so far", Bytes(bytes)),
    };
    format!("Athena: {state}{scanned}")
}

/// Queries that are being stopped.
static STOPPING: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

impl Drop for Running {
    fn drop(&mut self) {
        let (start, id) = (self.start.take(), self.id.take());
        if start.is_none() && id.is_none() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (client, tell) = (self.client.clone(), self.stopped);
        let stopping = runtime.spawn(async move {
            let id = match (id, start) {
                // One that could not be started has nothing to be stopped.
                (None, Some(start)) => start.await.ok().and_then(Result::ok),
                (id, _) => id,
            };
            if let Some(id) = id {
                tell(&stop(&client, id).await);
            }
        });
        if let Ok(mut all) = STOPPING.lock() {
            all.push(stopping);
        }
    }
}

async fn stop(client: &Client, id: String) -> Stopped {
    let stopped = client.stop_query_execution().query_execution_id(&id).send().await;
    let failed = stopped.map_err(from_sdk(format!("stop query {id} in Athena"))).err();
    Stopped { id, failed }
}

/// Waits until what was dropped is stopped, but not for ever; gives whether Athena has confirmed all of
/// it.
pub async fn settle() -> bool {
    let stopping = STOPPING.lock().map(|mut stopping| std::mem::take(&mut *stopping));
    let all = async {
        for stopped in stopping.unwrap_or_default() {
            // A task that panicked has said so.
            let _ = stopped.await;
        }
    };
    tokio::time::timeout(SETTLING, all).await.is_ok()
}
