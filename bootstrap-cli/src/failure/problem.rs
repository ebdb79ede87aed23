//! What went wrong in one place only, in words.

use thiserror::Error;

use super::explain::Explain;

/// Something that went wrong and that no caller has to tell from anything else.
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
