//! Event files to rows of a lake.
//!
//! In two steps. [`gather()`]: workers read the files, each event becomes a row at once, and rows are set
//! aside in bounded memory. [`write()`]: partition by partition, rows of events that the lake lacks become
//! one new file. Nothing of the lake changes before the first step is over, and then only by whole
//! files, so a run that ends anywhere leaves a lake that the next run completes.

mod accept;
mod error;
mod existing;
mod failed;
mod gather;
mod ingested;
pub mod input;
mod lock;
mod outcomes;
mod partition;
mod progress;
pub mod read;
mod reject;
mod rows;
mod said;
mod to;
mod write;

pub use self::error::IngestError;
pub use self::failed::Failed;
pub use self::gather::{Gathered, gather};
pub use self::ingested::{Ended, Ingested};
pub use self::lock::Lock;
pub use self::outcomes::{Conflict, Outcomes};
pub use self::progress::Progress;
pub use self::reject::Rejects;
pub use self::to::To;
pub use self::write::write;
pub use crate::staging::{Aside, Limits, PartitionError};
