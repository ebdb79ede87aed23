//! What every form of an answer does.

use pipetrail_lake::answer::{Heading, Value};
use pipetrail_lake::engine::EngineError;
use thiserror::Error;

use crate::failure::{Exit, Explain};

/// An answer that cannot be shown.
#[derive(Debug, Error)]
pub(crate) enum AnswerError {
    /// There is none.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An object cannot have two members of one name.
    #[error("two columns of the answer are called {0:?}, which one JSON object cannot hold")]
    SameName(String),
    /// A value that JSON cannot hold.
    #[error("cannot write the answer as JSON")]
    Json(#[from] serde_json::Error),
}

impl Explain for AnswerError {
    fn exit(&self) -> Exit {
        match self {
            AnswerError::Engine(error) => error.exit(),
            AnswerError::SameName(_) | AnswerError::Json(_) => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            AnswerError::Engine(error) => error.hint(),
            AnswerError::SameName(_) => Some("give one another name with AS, or use --output csv".to_owned()),
            AnswerError::Json(_) => None,
        }
    }
}

/// One of the forms: text for the beginning, for every page of rows, and for the end.
pub(super) trait Form {
    fn begin(&mut self, columns: &[Heading]) -> Result<String, AnswerError>;
    fn page(&mut self, columns: &[Heading], rows: Vec<Vec<Value>>) -> Result<String, AnswerError>;
    fn end(&mut self, columns: &[Heading]) -> String;
    /// What people are told behind it.
    fn remark(&self) -> Option<&'static str> {
        None
    }
}
