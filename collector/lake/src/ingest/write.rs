//! Rows set aside to new files of the lake, partition by partition.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use pipetrail_collector::layout::Partition;
use tokio::runtime::Handle;

use super::aside::Aside;
use super::error::{IngestError, PartitionError};
use super::limits::Limits;
use super::partition::{self, PartitionRows, Written};
use super::progress::Progress;
use crate::store::{Lake, Location};

/// Fewest partitions of a bucket that are written at the same time.
const BUCKET_JOBS: usize = 8;

/// What became of a partition.
#[derive(Debug)]
pub struct Outcome {
    pub(super) partition: Partition,
    /// Rows set aside for it.
    pub(super) rows: u64,
    pub(super) written: Result<Written, PartitionError>,
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
    progress: &dyn Progress,
) -> Result<Vec<Outcome>, IngestError> {
    // A bucket keeps workers waiting; a folder does not.
    let jobs = match lake.location {
        Location::Folder(_) => limits.jobs,
        Location::Bucket { .. } => limits.jobs.max(BUCKET_JOBS),
    };
    let partitions = by_partition(aside, limits.memory / jobs.max(1));
    progress.partitions(partitions.len());
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(partitions.len()));
    let worker = || {
        while let Some(rows) = partitions.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = Outcome {
                partition: rows.partition.clone(),
                rows: rows.count(),
                written: partition::write(rows, lake, handle, dry),
            };
            progress.written();
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
fn by_partition(aside: &Aside, load: usize) -> Vec<PartitionRows<'_>> {
    let mut rows: HashMap<&Partition, PartitionRows<'_>> = HashMap::new();
    for staged in &aside.staged {
        for (partition, spots, segments) in &staged.partitions {
            let of = rows.entry(partition).or_insert_with(|| PartitionRows {
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
