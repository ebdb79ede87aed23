//! What ends a run.

use std::path::PathBuf;

use thiserror::Error;

/// It cannot be done.
#[derive(Debug, Error)]
pub enum IngestError {
    /// Another run writes to the lake.
    #[error("another ingest is writing to lake {0}")]
    Locked(String),
    /// The lock cannot be taken.
    #[error("cannot lock lake {lake}: {cause}")]
    Lock {
        /// As the command line named it.
        lake: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Rows cannot be set aside.
    #[error("cannot write the temporary file in {}: {cause}", folder.display())]
    Spill {
        /// Where it was to be.
        folder: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// What is refused cannot be kept.
    #[error("cannot write reject file {}: {cause}", file.display())]
    Rejects {
        /// The file.
        file: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A worker has ended in the middle.
    #[error("a worker ended unexpectedly; this is a bug in pipetrail")]
    Worker,
}
