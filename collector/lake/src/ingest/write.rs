//! Rows set aside to new files of the lake, partition by partition.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use pipetrail_collector::layout::Partition;
use tokio::runtime::Handle;

use super::error::IngestError;
use super::failed::Failed;
use super::outcomes::Outcomes;
use super::partition;
use super::progress::Progress;
use crate::catalog::Catalog;
use crate::staging::{Aside, Limits, Merged};
use crate::store::{Lake, Location};

/// Fewest partitions of a bucket that are written at the same time.
const BUCKET_JOBS: usize = 8;

/// Writes the rows to the lake, and registers their partitions where it has a catalogue; with `dry` only says
/// what that would be.
///
/// # Errors
/// Rows cannot be read back, or a worker has ended in the middle. What is wrong with a partition, or with the
/// catalogue, is an outcome of its own.
pub fn write(
    aside: &Aside,
    lake: &Lake,
    limits: &Limits,
    handle: &Handle,
    catalog: Option<&Catalog>,
    dry: bool,
    progress: &dyn Progress,
) -> Result<Outcomes, IngestError> {
    let unreadable = |cause| IngestError::Spill {
        folder: limits.temp.clone(),
        cause,
    };
    // A bucket keeps workers waiting; a folder does not.
    let jobs = match lake.location {
        Location::Folder(_) => limits.jobs,
        Location::Bucket { .. } => limits.jobs.max(BUCKET_JOBS),
    };
    let load = (limits.memory / jobs.max(1)) as u64;
    let count = Merged::of(aside).and_then(Merged::count).map_err(unreadable)?;
    progress.partitions(count);
    let partitions = Mutex::new(Merged::of(aside).map_err(unreadable)?);
    let outcomes = Mutex::new(Outcomes::default());
    let worker = || {
        loop {
            let next = partitions.lock().unwrap_or_else(PoisonError::into_inner).next(load);
            let Some(rows) = next.map_err(unreadable)? else {
                return Ok(());
            };
            // Every prefix is one that a partition gave.
            let partition = Partition::from_key(&format!("{}-", rows.prefix));
            let partition = partition.ok_or_else(|| unreadable(io::Error::other(rows.prefix.clone())))?;
            let written = partition::write(&partition, &rows, lake, handle, dry);
            progress.written();
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            outcomes.add(&partition, rows.count(), written);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, count.max(1))).map(|_| scope.spawn(worker)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| worker.join().unwrap_or(Err(IngestError::Worker));
        workers.into_iter().try_for_each(join)
    })?;
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(catalog) = catalog.filter(|_| !dry) {
        // Those without a new file too: a run before this one may have ended here.
        if let Err(error) = handle.block_on(catalog.register(&lake.location, &outcomes.touched)) {
            outcomes.failed.push(Failed::of_catalog(&error));
        }
    }
    Ok(outcomes)
}
