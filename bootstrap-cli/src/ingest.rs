//! Event files to rows of a lake.
//!
//! In two steps. [`gather`]: workers read the files, each event becomes a row at once, and rows are set
//! aside in bounded memory. [`write`]: partition by partition, rows of events that the lake lacks become
//! one new file. Nothing of the lake changes before the first step is over, and then only by whole
//! files, so a run that ends anywhere leaves a lake that the next run completes.

mod accept;
mod existing;
mod lines;
mod lock;
mod output;
mod partition;
mod reject;
pub mod report;
mod spill;
mod stage;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use pipetrail_collector::Table;
use pipetrail_collector::layout::Partition;
use pipetrail_collector::time::Instant;
use thiserror::Error;
use tokio::runtime::Handle;

pub use self::lock::Lock;
use self::partition::{Rows, Written};
use self::reject::Reject;
pub use self::reject::Rejects;
use self::report::Gathered;
use self::spill::Spill;
use self::stage::{Stage, Staged};
use crate::exit::Exit;
use crate::lake::Lake;
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
            IngestError::Lock { .. } => "the lake's folder has to be writable".to_owned(),
            IngestError::Spill { .. } => "choose a folder with more room with --temp-dir".to_owned(),
            IngestError::Rejects { .. } => "choose another place with --rejects".to_owned(),
            IngestError::Worker => return None,
        })
    }
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An EventBridge envelope.
    Envelope,
    /// A record of a CloudTrail log file.
    CloudTrail,
}

impl Form {
    /// `source` of its row.
    fn source(self) -> &'static str {
        match self {
            Form::Envelope => "backfill:events",
            Form::CloudTrail => "backfill:cloudtrail",
        }
    }

    /// Of two forms of one event the lower one is kept: an envelope says more.
    fn rank(self) -> u8 {
        match self {
            Form::Envelope => 0,
            Form::CloudTrail => 1,
        }
    }
}

/// One record of a file.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    pub form: Form,
    pub bytes: &'r [u8],
    /// Line in its file, from 1.
    pub line: u64,
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

/// Rows set aside, of all workers.
#[derive(Debug)]
pub struct Aside {
    staged: Vec<Staged>,
    spill: Arc<Spill>,
}

/// Reads the files, and sets their rows aside.
///
/// # Errors
/// Rows cannot be set aside, or refused records cannot be kept. What is wrong with a file is counted.
pub fn gather(
    files: &[PathBuf],
    limits: &Limits,
    ingested: Instant,
    rejects: &Rejects,
    meter: &Meter,
) -> Result<(Aside, Gathered), IngestError> {
    let spill = Arc::new(Spill::new(&limits.temp));
    let next = AtomicUsize::new(0);
    let worker = || -> Result<(Staged, Gathered), IngestError> {
        let mut stage = Stage::new(Arc::clone(&spill), limits.memory / limits.jobs.max(1));
        let mut gathered = Gathered::default();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = file.display().to_string();
            let mut failed = None;
            let read = lines::read(file, meter, &mut |record| {
                gathered.records += 1;
                let kept = accept::accept(&record, ingested, &mut stage)
                    .map_err(|cause| IngestError::Spill {
                        folder: limits.temp.clone(),
                        cause,
                    })
                    .and_then(|accepted| match accepted {
                        Ok(()) => Ok(()),
                        Err(reason) => {
                            gathered.rejected += 1;
                            rejects.add(&Reject {
                                file: &name,
                                line: record.line,
                                reason: &reason.to_string(),
                                bytes: record.bytes,
                            })
                        }
                    });
                match kept {
                    Ok(()) => true,
                    Err(error) => {
                        failed = Some(error);
                        false
                    }
                }
            });
            if let Some(error) = failed {
                next.store(files.len(), Ordering::Relaxed);
                return Err(error);
            }
            match read {
                Ok(bytes) => {
                    gathered.files += 1;
                    gathered.bytes += bytes;
                }
                Err(cause) => gathered.failed.push(report::Failed {
                    place: name,
                    reason: cause.to_string(),
                }),
            }
        }
        Ok((stage.finish(), gathered))
    };
    let ended = thread::scope(|scope| {
        let workers: Vec<_> = (0..limits.jobs.clamp(1, files.len().max(1)))
            .map(|_| scope.spawn(&worker))
            .collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| worker.join().unwrap_or(Err(IngestError::Worker));
        workers.into_iter().map(join).collect::<Result<Vec<_>, _>>()
    })?;
    let mut all = Gathered::default();
    let mut staged = Vec::new();
    for (of_worker, gathered) in ended {
        staged.push(of_worker);
        all.add(gathered);
    }
    Ok((Aside { staged, spill }, all))
}

/// What became of the partitions.
pub type Outcomes = Vec<(Partition, Result<Written, partition::PartitionError>)>;

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
) -> Result<Outcomes, IngestError> {
    let partitions = by_partition(aside, limits);
    meter.partitions(partitions.len());
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(partitions.len()));
    let worker = || {
        while let Some(rows) = partitions.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = partition::write(rows, lake, handle, dry);
            meter.written();
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            outcomes.push((rows.partition.clone(), outcome));
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..limits.jobs.clamp(1, partitions.len().max(1)))
            .map(|_| scope.spawn(&worker))
            .collect();
        let join = |worker: thread::ScopedJoinHandle<'_, ()>| worker.join().map_err(|_| IngestError::Worker);
        workers.into_iter().try_for_each(join)
    })?;
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_cached_key(|(partition, _)| partition.prefix());
    Ok(outcomes)
}

/// What all workers have set aside, partition by partition.
fn by_partition<'s>(aside: &'s Aside, limits: &Limits) -> Vec<Rows<'s>> {
    let mut rows: HashMap<&Partition, Rows<'s>> = HashMap::new();
    for staged in &aside.staged {
        for (partition, spots, segments) in &staged.partitions {
            let of = rows.entry(partition).or_insert_with(|| Rows {
                partition: partition.clone(),
                memory: Vec::new(),
                segments: Vec::new(),
                spill: &aside.spill,
                load: (limits.memory / limits.jobs.max(1)) as u64,
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

/// New rows by table.
pub fn by_table(outcomes: &Outcomes) -> BTreeMap<Table, u64> {
    let mut tables = BTreeMap::new();
    for (partition, outcome) in outcomes {
        if let Ok(Written { rows: rows @ 1.., .. }) = outcome {
            *tables.entry(partition.table).or_default() += rows;
        }
    }
    tables
}
