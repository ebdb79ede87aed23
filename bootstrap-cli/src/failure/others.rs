//! What errors of the roll-out and of the report mean to a command, and those of libraries that need no
//! hint.

use pipetrail_report::ReportError;
use pipetrail_stacksets::{Error, Fault};

use super::explain::{Exit, Explain};
use super::remedy::{Again, words};

impl Explain for std::io::Error {}
impl Explain for serde_json::Error {}
impl Explain for tokio::task::JoinError {}
impl Explain for rustyline::error::ReadlineError {}

impl Explain for pipetrail_lake::CallError {}

impl Explain for Error {
    fn hint(&self) -> Option<String> {
        self.remedy().map(|remedy| words(&remedy, Again::Apply))
    }

    fn is_unanswered(&self) -> bool {
        let Error::Aws { fault, .. } = self else { return false };
        matches!(fault, Fault::Unanswered(_))
    }
}

impl Explain for ReportError {
    fn exit(&self) -> Exit {
        match self {
            ReportError::Format(_) => Exit::Usage,
            ReportError::Column { .. } | ReportError::TooMany { .. } | ReportError::Render(_) => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            ReportError::Format(_) => "end it in .html, .csv, .json or .xlsx, or name one with --format".to_owned(),
            ReportError::TooMany { .. } => "`--format csv` has no limit; or ask for less with --from, --to".to_owned(),
            ReportError::Column { .. } | ReportError::Render(_) => return None,
        })
    }
}
