//! What an error means to a command.

use std::error::Error;

use super::exit::Exit;

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
