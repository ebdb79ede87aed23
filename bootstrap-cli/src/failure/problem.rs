//! Errors in words: what no caller has to tell from anything else.

use thiserror::Error;

use super::explain::{Exit, Explain};

/// Something that went wrong in one place only.
#[derive(Debug, Error)]
#[error("{message}")]
pub(crate) struct Problem {
    /// What is wrong, as a fragment.
    pub message: String,
    /// The next thing to try.
    pub hint: Option<String>,
}

impl Problem {
    /// Without a hint.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Problem {
            message: message.into(),
            hint: None,
        }
    }
}

impl Explain for Problem {
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// A command that cannot run the way it was called.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub(crate) struct UsageError {
    /// What is wrong; addresses are masked.
    pub message: String,
    /// The next thing to try.
    pub hint: String,
}

impl UsageError {
    /// A message and the next thing to try.
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        UsageError {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl Explain for UsageError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.clone())
    }
}
