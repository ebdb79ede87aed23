//! Landing to partitions: what arrives in small files of all accounts becomes one file per account and month.
//!
//! The protocol is `pipetrail_settlement`; here is the world that it runs in: a lake's store, its rows, and Glue.

mod error;
mod objects;
mod rows;
#[cfg(feature = "lambda")]
pub mod scheduled;

pub use self::error::SettleError;
pub use self::objects::Objects;
pub use crate::staging::Limits;
pub use pipetrail_settlement::{
    Becomes, Done, Ended, Inspected, Merge, Problem, RunError, Task, World, choice, entry, log, run,
};

use crate::store::{Lake, Location};

/// The lake's name in its logs. A folder is the same lake wherever it was moved.
pub fn name(lake: &Lake) -> String {
    match &lake.location {
        Location::Folder(_) => "folder".to_owned(),
        bucket @ Location::Bucket { .. } => bucket.to_string(),
    }
}
