//! Partition by partition, rows that were set aside become files, several at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use pipetrail_settlement::entry::{Equation, Output};

use super::budget::Budget;
use super::partition::{Workshop, make};
use crate::settle::error::SettleError;
use crate::staging::{Aside, Merged};
use crate::store::Location;

/// Fewest partitions of a bucket that are written at the same time: each waits for its answer most of the time.
const BUCKET_JOBS: usize = 64;

/// Most bytes of rows, packed, in the partitions that are being written: memory must not grow with the number of
/// accounts that are large. A partition of more is written while no other is.
const IN_WORK: u64 = 128 << 20;

/// The part of the memory that the rows of one partition may take.
const LOAD: usize = 16;

/// Writes the files of all partitions.
///
/// # Errors
/// Rows cannot be read back, or a file cannot be written; others may have been.
pub(super) fn write(workshop: &Workshop<'_>, aside: &Aside) -> Result<(Vec<Output>, Equation), SettleError> {
    let limits = &workshop.job.limits;
    let unreadable = |cause| SettleError::Spill {
        folder: limits.temp.clone(),
        cause,
    };
    let jobs = match workshop.job.lake.location {
        Location::Folder(_) => limits.jobs.max(1),
        Location::Bucket { .. } => limits.jobs.max(BUCKET_JOBS),
    };
    let load = (limits.memory / jobs.min(LOAD)) as u64;
    let partitions = Mutex::new(Merged::of(aside).map_err(unreadable)?);
    let (budget, failed) = (Budget::of(IN_WORK), AtomicBool::new(false));
    let worker = || -> Result<_, SettleError> {
        let (mut outputs, mut equation) = (Vec::new(), Equation::default());
        while !failed.load(Ordering::Relaxed) {
            let next = partitions.lock().unwrap_or_else(PoisonError::into_inner).next(load);
            let Some(rows) = next.map_err(unreadable)? else { break };
            let taken = budget.take(rows.bytes());
            let made = make(workshop, &rows);
            drop(taken);
            let made = made.inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            outputs.extend(made.output);
            equation.add(&made.equation);
        }
        Ok((outputs, equation))
    };
    let ended: Vec<Result<_, SettleError>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| worker.join().unwrap_or(Err(SettleError::Worker));
        workers.into_iter().map(join).collect()
    });
    let (mut all, mut sum) = (Vec::new(), Equation::default());
    for of_worker in ended {
        let (outputs, equation) = of_worker?;
        all.extend(outputs);
        sum.add(&equation);
    }
    all.sort_unstable();
    Ok((all, sum))
}
