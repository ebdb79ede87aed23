//! Why Athena does not answer, and what to do about it.

use aws_sdk_athena::types::QueryExecutionState as State;
use thiserror::Error;

use crate::call::CallError;

/// Athena does not answer.
#[derive(Debug, Error)]
pub enum AthenaError {
    /// A call was refused or not answered.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The query ended without an answer.
    #[error("the query {}: {reason}", ended(.state))]
    Ended {
        /// `FAILED` or `CANCELLED`.
        state: State,
        /// Athena's reason.
        reason: String,
    },
    /// The answer contradicts itself.
    #[error("Athena's answer cannot be read: {0}")]
    Answer(String),
}

fn ended(state: &State) -> &'static str {
    match state {
        State::Cancelled => "was cancelled",
        _ => "failed",
    }
}

/// What Athena says of a query that reads more than the workgroup allows.
pub const SCAN_LIMIT: &str = "Bytes scanned limit was exceeded";

impl AthenaError {
    /// Whether the query would have read more than the workgroup allows.
    pub fn is_over_limit(&self) -> bool {
        matches!(self, AthenaError::Ended { reason, .. } if reason.contains(SCAN_LIMIT))
    }
}
