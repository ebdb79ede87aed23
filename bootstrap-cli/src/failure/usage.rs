//! A command that cannot run the way it was called.

use thiserror::Error;

use super::exit::Exit;
use super::explain::Explain;

/// A command that cannot run the way it was called.
#[derive(Debug, Error)]
#[error("{message}")]
pub(crate) struct UsageError {
    /// What is wrong.
    pub message: &'static str,
    /// The next thing to try.
    pub hint: &'static str,
}

impl Explain for UsageError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.to_owned())
    }
}
