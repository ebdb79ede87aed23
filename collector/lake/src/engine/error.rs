//! Why a query was not answered.

use thiserror::Error;

#[cfg(feature = "athena")]
use super::athena::AthenaError;
use super::reading::NotSent;

/// A query that was not answered.
#[derive(Debug, Error)]
pub enum EngineError {
    /// DataFusion refuses the text or fails.
    #[error("{message}")]
    Refused {
        /// What it says, with the position where it names one.
        message: String,
        /// The next thing to try.
        hint: Option<String>,
    },
    /// It is not sent to any engine.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// Athena does not answer.
    #[cfg(feature = "athena")]
    #[error(transparent)]
    Athena(#[from] AthenaError),
}

impl EngineError {
    /// How to write the query instead, where the engine in this process or the guard before both refuses
    /// it.
    pub fn rewrite(&self) -> Option<&str> {
        match self {
            EngineError::Refused { hint, .. } => hint.as_deref(),
            EngineError::NotSent(error) => Some(error.hint()),
            #[cfg(feature = "athena")]
            EngineError::Athena(_) => None,
        }
    }
}
