//! What keeps a partition from being read or written.

use thiserror::Error;

use crate::parquet::Damaged;

/// A partition that was not written.
#[derive(Debug, Error)]
pub enum PartitionError {
    /// A file in it is none of this lake's.
    #[error("{file} is no file of this lake: {why}")]
    Foreign {
        /// Its path in the lake.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The lake cannot be read or written.
    #[error("cannot {what} {place}: {cause}")]
    Store {
        /// `list`, `read` or `write`.
        what: &'static str,
        /// A path in the lake.
        place: String,
        /// What the store says.
        cause: object_store::Error,
    },
    /// Rows that were set aside cannot be read back.
    #[error("cannot read the temporary file: {0}")]
    Spill(#[from] std::io::Error),
    /// They are not what they were.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// The rows make no Parquet file.
    #[error("cannot make {place}: {cause}")]
    Parquet {
        /// A path in the lake.
        place: String,
        /// Why.
        cause: parquet::errors::ParquetError,
    },
}

impl PartitionError {
    /// The next thing to try.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            PartitionError::Foreign { .. } => Some("move the file out of the lake; nothing was written beside it"),
            _ => None,
        }
    }
}
