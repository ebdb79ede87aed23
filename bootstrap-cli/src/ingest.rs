//! Event files to rows of a lake.
//!
//! In two steps. [`gather()`]: workers read the files, each event becomes a row at once, and rows are set
//! aside in bounded memory. [`write()`]: partition by partition, rows of events that the lake lacks become
//! one new file. Nothing of the lake changes before the first step is over, and then only by whole
//! files, so a run that ends anywhere leaves a lake that the next run completes.

mod accept;
mod existing;
mod gather;
pub mod input;
mod lock;
mod output;
mod partition;
pub mod read;
mod reject;
pub mod report;
mod spill;
mod stage;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use pipetrail_collector::layout::Partition;
use thiserror::Error;
use tokio::runtime::Handle;

pub use self::gather::{Gathered, To, gather};
pub use self::lock::Lock;
use self::partition::{Rows, Written};
pub use self::reject::Rejects;
use self::spill::Spill;
use self::stage::Staged;
use crate::exit::Exit;
use crate::lake::{Lake, Location};
use crate::printer::Meter;

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

impl IngestError {
    /// Its exit code.
    pub fn exit(&self) -> Exit {
        match self {
            IngestError::Rejects { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            IngestError::Locked(_) => "wait until it has ended, then run the same command again".to_owned(),
            IngestError::Lock { cause, .. } if cause.kind() == std::io::ErrorKind::IsADirectory => {
                "remove the folder .ingest.lock from the lake: ingest keeps a file of that name there".to_owned()
            }
            IngestError::Lock { .. } => "the lake's folder has to be writable".to_owned(),
            IngestError::Spill { .. } => "choose a folder with more room with --temp-dir".to_owned(),
            IngestError::Rejects { .. } => "choose another place with --rejects".to_owned(),
            IngestError::Worker => return None,
        })
    }
}

/// How much of the machine is used.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Worker threads.
    pub jobs: usize,
    /// Bytes of rows that are held in memory.
    pub memory: usize,
    /// Folder of the temporary file for those beyond.
    pub temp: PathBuf,
}

/// Fewest partitions of a bucket that are written at the same time.
const BUCKET_JOBS: usize = 8;

/// Rows set aside, of all workers.
#[derive(Debug)]
pub struct Aside {
    staged: Vec<Staged>,
    spill: Arc<Spill>,
}

/// What became of a partition.
#[derive(Debug)]
pub struct Outcome {
    partition: Partition,
    /// Rows set aside for it.
    rows: u64,
    written: Result<Written, partition::PartitionError>,
}

/// Writes the rows to the lake; with `dry` only says what that would be.
///
/// # Errors
/// A worker has ended in the middle. What is wrong with a partition is its own outcome.
pub fn write(
    aside: &Aside,
    lake: &Lake,
    limits: &Limits,
    handle: &Handle,
    dry: bool,
    meter: &Meter,
) -> Result<Vec<Outcome>, IngestError> {
    // A bucket keeps workers waiting; a folder does not.
    let jobs = match lake.location {
        Location::Folder(_) => limits.jobs,
        Location::Bucket { .. } => limits.jobs.max(BUCKET_JOBS),
    };
    let partitions = by_partition(aside, limits.memory / jobs.max(1));
    meter.partitions(partitions.len());
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(partitions.len()));
    let worker = || {
        while let Some(rows) = partitions.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = Outcome {
                partition: rows.partition.clone(),
                rows: rows.count(),
                written: partition::write(rows, lake, handle, dry),
            };
            meter.written();
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            outcomes.push(outcome);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, partitions.len().max(1)))
            .map(|_| scope.spawn(worker))
            .collect();
        let join = |worker: thread::ScopedJoinHandle<'_, ()>| worker.join().map_err(|_| IngestError::Worker);
        workers.into_iter().try_for_each(join)
    })?;
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_cached_key(|outcome| outcome.partition.prefix());
    Ok(outcomes)
}

/// What all workers have set aside, partition by partition. `load` is what one may take into memory.
fn by_partition(aside: &Aside, load: usize) -> Vec<Rows<'_>> {
    let mut rows: HashMap<&Partition, Rows<'_>> = HashMap::new();
    for staged in &aside.staged {
        for (partition, spots, segments) in &staged.partitions {
            let of = rows.entry(partition).or_insert_with(|| Rows {
                partition: partition.clone(),
                memory: Vec::new(),
                segments: Vec::new(),
                spill: &aside.spill,
                load: load as u64,
            });
            if !spots.is_empty() {
                of.memory.push((&staged.arena, spots));
            }
            of.segments.extend(segments);
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by_cached_key(|rows| rows.partition.prefix());
    rows
}
