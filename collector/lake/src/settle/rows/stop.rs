//! Why files become no new ones.

use crate::settle::error::SettleError;
use crate::staging::PartitionError;

/// What ends the reading of files.
#[derive(Debug)]
pub(super) enum Stop {
    /// One is gone by now, or another file.
    Changed,
    /// This one cannot be read to its end, for this reason.
    Damaged(String, String),
    /// The lake fails.
    Failed(SettleError),
}

impl From<SettleError> for Stop {
    fn from(error: SettleError) -> Self {
        Stop::Failed(error)
    }
}

impl From<PartitionError> for Stop {
    fn from(error: PartitionError) -> Self {
        Stop::Failed(error.into())
    }
}
