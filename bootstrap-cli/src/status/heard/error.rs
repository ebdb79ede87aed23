//! Why it is not known what was heard.

use pipetrail_lake::engine::{AthenaError, EngineError};
use thiserror::Error;

use crate::failure::Explain;

/// The lake cannot be asked.
#[derive(Debug, Error)]
pub(crate) enum HeardError {
    /// Athena does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The answer is not what was asked for.
    #[error("the answer of the lake begins with {0:?} instead of the columns that were asked for")]
    Columns(Vec<String>),
}

impl HeardError {
    /// The next thing to try.
    pub(crate) fn hint(&self) -> String {
        let otherwise = "`--no-lake` leaves the lake out";
        match self {
            // Nobody here wrote the query, or could name fewer months in it.
            HeardError::Engine(EngineError::Athena(error @ AthenaError::Ended { .. })) if error.is_over_limit() => {
                format!("raise athena.scan_limit_gb and run `pipetrail apply`; {otherwise}")
            }
            HeardError::Engine(EngineError::Athena(AthenaError::Ended { .. })) | HeardError::Columns(_) => {
                format!("`pipetrail apply` brings the tables up to date; {otherwise}")
            }
            HeardError::Engine(error) => match error.hint() {
                Some(hint) => format!("{hint}; {otherwise}"),
                None => otherwise.to_owned(),
            },
        }
    }
}
