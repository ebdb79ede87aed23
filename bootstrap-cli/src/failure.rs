//! How a command ends badly: an error, the exit code that it means, and what to try next.
//!
//! Every error that a command can end with implements [`Explain`], beside the error or, for those of
//! the crates below, in a file here: those crates know neither commands nor configuration files.

mod athena;
mod explain;
mod lake;
mod others;
mod problem;
pub(crate) mod remedy;

use std::fmt;

pub(crate) use explain::{Exit, Explain};
pub(crate) use problem::{Problem, UsageError};

/// What the result of a command, or of a part of one, is called here.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// An error with what it means to a command.
pub(crate) struct Failure(Box<dyn Explain>);

impl Failure {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit()
    }

    /// The next thing to try.
    pub(crate) fn hint(&self) -> Option<String> {
        self.0.hint()
    }

    /// The error itself, where it is of this type.
    #[cfg(test)]
    pub(crate) fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let error: &(dyn std::error::Error + 'static) = &*self.0;
        error.downcast_ref()
    }

    /// See [`Explain::is_unanswered`].
    pub(crate) fn is_unanswered(&self) -> bool {
        self.0.is_unanswered()
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure(Box::new(error))
    }
}

/// The error and its causes on one line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&pipetrail_names::chain(&*self.0))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests;
