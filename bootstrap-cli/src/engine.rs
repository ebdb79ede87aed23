//! Who answers SQL: Athena over the organization's lake, or DataFusion in this process over a folder
//! or bucket of the same layout. The same text gives the same rows on both (docs/sql.md).

mod answer;
mod embedded;

use thiserror::Error;

pub use answer::{Answer, Column, Kind, Rows, Value};
pub use embedded::Embedded;

use crate::exit::Exit;

/// Who answers.
pub enum Engine {
    /// DataFusion over a lake that was named.
    Embedded(Embedded),
}

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
}

impl EngineError {
    /// Its exit code.
    pub fn exit(&self) -> Exit {
        Exit::Failed
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        match self {
            EngineError::Refused { hint, .. } => hint.clone(),
        }
    }
}

impl Engine {
    /// Asks; the rows come as they are read.
    ///
    /// # Errors
    /// The text is refused, or the engine cannot be reached.
    pub async fn ask(&self, sql: &str) -> Result<Rows, EngineError> {
        match self {
            Engine::Embedded(engine) => engine.ask(sql).await,
        }
    }
}
