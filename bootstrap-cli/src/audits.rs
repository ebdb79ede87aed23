//! Audits by name: SQL files, their parameters and their columns.

use thiserror::Error;

use crate::exit::Exit;

/// It cannot be done.
#[derive(Debug, Error)]
pub enum AuditError {
    /// Not there yet.
    #[error("not built yet")]
    NotBuilt,
}

impl AuditError {
    /// Its exit code.
    pub fn exit(&self) -> Exit {
        Exit::Failed
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
