//! Errors of libraries that need no hint, and those of the roll-out.

use super::explain::Explain;

impl Explain for std::io::Error {}
impl Explain for serde_json::Error {}
impl Explain for tokio::task::JoinError {}
impl Explain for rustyline::error::ReadlineError {}

impl Explain for pipetrail_lake::CallError {}

impl Explain for pipetrail_stacksets::Error {
    fn hint(&self) -> Option<String> {
        pipetrail_stacksets::Error::hint(self)
    }

    fn is_unanswered(&self) -> bool {
        use pipetrail_stacksets::{Error, Fault};
        matches!(
            self,
            Error::Aws {
                fault: Fault::Unanswered(_),
                ..
            }
        )
    }
}
