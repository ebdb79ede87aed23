//! Errors of libraries that need no hint, and those of the roll-out.

use super::explain::Explain;
use super::remedy::{Again, words};

impl Explain for std::io::Error {}
impl Explain for serde_json::Error {}
impl Explain for tokio::task::JoinError {}
impl Explain for rustyline::error::ReadlineError {}

impl Explain for pipetrail_lake::CallError {}

impl Explain for pipetrail_stacksets::Error {
    fn hint(&self) -> Option<String> {
        self.remedy().map(|remedy| words(&remedy, Again::Apply))
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
