//! Event files to rows of a lake.

pub mod input;
pub mod read;

use thiserror::Error;

use crate::exit::Exit;

/// It cannot be done.
#[derive(Debug, Error)]
pub enum IngestError {
    /// Not there yet.
    #[error("not built yet")]
    NotBuilt,
}

impl IngestError {
    /// Its exit code.
    pub fn exit(&self) -> Exit {
        Exit::Failed
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
