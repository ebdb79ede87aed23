//! What errors of the report mean to a command.

use pipetrail_report::ReportError;

use super::exit::Exit;
use super::explain::Explain;

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
