//! What an error means to a command. One place decides the exit codes: this one.

use std::error::Error;
use std::process::ExitCode;

/// How a command ended; the value is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It did what it should, or had nothing to do.
    Ok = 0,
    /// It failed and changed nothing.
    Failed = 1,
    /// Wrong usage or configuration; nothing was changed.
    Usage = 2,
    /// There is something to do, and `plan --check` asked.
    Pending = 3,
    /// A part of it is done.
    Partly = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// An error that a command can end with.
pub(crate) trait Explain: Error + Send + Sync + 'static {
    /// The exit code that it means, as long as nothing was changed.
    fn exit(&self) -> Exit {
        Exit::Failed
    }

    /// The next thing to try.
    fn hint(&self) -> Option<String> {
        None
    }

    /// Whether a call was sent and not answered: once something was being changed, nobody knows what
    /// became of it.
    fn is_unanswered(&self) -> bool {
        false
    }
}
