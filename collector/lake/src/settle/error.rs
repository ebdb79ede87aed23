//! What keeps a table from being settled.

use std::path::PathBuf;
use std::sync::Arc;

use pipetrail_collector::Table;
use pipetrail_settlement::entry::Equation;
use thiserror::Error;

use crate::catalog::CatalogError;
use crate::staging::PartitionError;

/// The lake or its catalogue fails. What has an entry is done; what has none is done again.
#[derive(Debug, Error)]
pub enum SettleError {
    /// The lake cannot be read or written.
    #[error("cannot {what} {place}: {cause}")]
    Store {
        /// `list`, `read`, `write`, `copy` or `delete`.
        what: &'static str,
        /// A path in the lake.
        place: String,
        /// What the store says.
        cause: Arc<object_store::Error>,
    },
    /// Without it nobody can tell whether a file is still the one that was listed.
    #[error("the store gives no ETag for {0}")]
    NoEtag(String),
    /// The store's clock shows what no clock can.
    #[error("{0} was written at no time that a clock can show")]
    Time(String),
    /// Rows cannot be set aside.
    #[error("cannot write the temporary file in {}: {cause}", folder.display())]
    Spill {
        /// Where it was to be.
        folder: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Rows cannot be read back, or their new file cannot be written.
    #[error(transparent)]
    Output(#[from] PartitionError),
    /// A newer version wrote it, and it was chosen all the same.
    #[error("{file} has a column {column}, which this version does not know")]
    Newer {
        /// A path in the lake.
        file: String,
        column: String,
    },
    /// Rows were lost or doubled; nothing is entered.
    #[error("the rows of table {table} do not add up: {equation:?}; this is a bug in pipetrail")]
    Equation { table: Table, equation: Equation },
    /// Partitions cannot be registered.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A worker has ended in the middle.
    #[error("a worker ended unexpectedly; this is a bug in pipetrail")]
    Worker,
}

impl SettleError {
    /// What the store says about a place in the lake; `what` completes "cannot …".
    pub(super) fn store(
        what: &'static str,
        place: impl Into<String>,
    ) -> impl FnOnce(object_store::Error) -> SettleError {
        let place = place.into();
        move |cause| SettleError::Store {
            what,
            place,
            cause: Arc::new(cause),
        }
    }
}
