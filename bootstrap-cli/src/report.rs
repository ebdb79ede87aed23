//! The report that people read.

use thiserror::Error;

use crate::exit::Exit;

/// It cannot be done.
#[derive(Debug, Error)]
pub enum ReportError {
    /// Not there yet.
    #[error("not built yet")]
    NotBuilt,
}

impl ReportError {
    /// Its exit code.
    pub fn exit(&self) -> Exit {
        Exit::Failed
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
