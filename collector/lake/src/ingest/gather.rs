//! Inputs to rows set aside: a worker takes one input after the other, the largest first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pipetrail_collector::event::Uncarried;
use tokio::runtime::Handle;

use super::accept::{Accepted, accept};
use super::error::IngestError;
use super::failed::Failed;
use super::input::Input;
use super::read::{self, Found, Skipped};
use super::reject::Reject;
use super::rows;
use super::to::To;
use crate::staging::{Aside, Limits, Spill, Stage, Staged, is_change};

const CHANGED: &str = "it changed while it was read; what was read of it counts";

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Inputs that were opened.
    pub files: u64,
    /// Their bytes, unpacked.
    pub bytes: u64,
    /// What is in them: what became a row, what is skipped, and what was refused.
    pub records: u64,
    /// What became no row.
    pub rejected: u64,
    /// What cannot matter to the lake.
    pub skipped: Skipped,
    /// Events of months that are kept no longer.
    pub expired: u64,
    /// Events that the cloud path would not have brought there.
    pub uncarried: BTreeMap<Uncarried, u64>,
    /// Inputs that could not be read to their end.
    pub failed: Vec<Failed>,
}

impl Gathered {
    fn add(&mut self, other: Gathered) {
        let Gathered {
            files,
            bytes,
            records,
            rejected,
            skipped,
            expired,
            uncarried,
            failed,
        } = other;
        self.files += files;
        self.bytes += bytes;
        self.records += records;
        self.rejected += rejected;
        self.expired += expired;
        self.skipped.other_services += skipped.other_services;
        self.skipped.insights += skipped.insights;
        self.skipped.digests += skipped.digests;
        for (why, count) in uncarried {
            *self.uncarried.entry(why).or_default() += count;
        }
        self.failed.extend(failed);
    }
}

/// Reads the inputs, and sets their rows aside.
///
/// # Errors
/// Rows cannot be set aside, or refused records cannot be kept. What is wrong with an input is counted.
pub fn gather(mut inputs: Vec<Input>, to: To<'_>, handle: &Handle) -> Result<(Aside, Gathered), IngestError> {
    inputs.sort_by_key(|input| Reverse(input.size));
    let spill = Arc::new(Spill::new(&to.limits.temp));
    let next = AtomicUsize::new(0);
    let jobs = to.limits.jobs.clamp(1, inputs.len().max(1));
    let worker = || -> Result<(Staged, Gathered), IngestError> {
        let mut worker = Worker {
            stage: Stage::new(
                Arc::clone(&spill),
                to.limits.memory / jobs,
                (Limits::PARTITIONS / jobs).max(1),
            ),
            gathered: Gathered::default(),
            to,
        };
        while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = worker.read(input, handle) {
                // Nobody begins another one.
                next.store(inputs.len(), Ordering::Relaxed);
                return Err(error);
            }
        }
        let staged = worker.stage.finish().map_err(|cause| IngestError::Spill {
            folder: to.limits.temp.clone(),
            cause,
        })?;
        Ok((staged, worker.gathered))
    };
    let ended = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(worker)).collect();
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

struct Worker<'t> {
    stage: Stage,
    gathered: Gathered,
    to: To<'t>,
}

impl Worker<'_> {
    fn read(&mut self, input: &Input, handle: &Handle) -> Result<(), IngestError> {
        if self.to.rows && input.is_parquet() {
            return self.read_rows(input, handle);
        }
        let progress = self.to.progress;
        let mut opened = match input.open(handle, |bytes| progress.read(bytes)) {
            Ok(opened) => opened,
            Err(error) => {
                self.gathered.failed.push(Failed::of_input(&error));
                return Ok(());
            }
        };
        self.gathered.files += 1;
        let counts = read::records(&mut opened, self.to.rows, |found| self.found(&input.name, found))?;
        self.gathered.bytes += counts.bytes;
        self.gathered.records += counts.skipped.total();
        self.gathered.skipped.other_services += counts.skipped.other_services;
        self.gathered.skipped.insights += counts.skipped.insights;
        self.gathered.skipped.digests += counts.skipped.digests;
        let failed = match counts.unread {
            Some(cause) => Some(cause.to_string()),
            None if opened.has_changed() => Some(CHANGED.to_owned()),
            None => None,
        };
        self.fail(input, failed);
        Ok(())
    }

    fn read_rows(&mut self, input: &Input, handle: &Handle) -> Result<(), IngestError> {
        let file = match input.ranges(handle) {
            Ok(file) => file,
            Err(error) => {
                self.gathered.failed.push(Failed::of_input(&error));
                return Ok(());
            }
        };
        self.gathered.files += 1;
        rows::records(&file, |found| self.found(&input.name, found))?;
        self.gathered.bytes += file.size;
        self.to.progress.read(file.size);
        let failed = file.failure().map(|error| match is_change(&error) {
            true => CHANGED.to_owned(),
            false => error.to_string(),
        });
        self.fail(input, failed);
        Ok(())
    }

    fn fail(&mut self, input: &Input, reason: Option<String>) {
        self.gathered.failed.extend(reason.map(|reason| Failed {
            place: input.name.clone(),
            reason,
            hint: None,
        }));
    }

    fn found(&mut self, file: &str, found: Found<'_>) -> Result<(), IngestError> {
        self.gathered.records += 1;
        let record = match found {
            Found::Record(record) => record,
            Found::Reject(reject) => {
                return self.refuse(&Reject {
                    file,
                    place: reject.place,
                    reason: &reject.reason.to_string(),
                    data: reject.bytes,
                    bytes: reject.length,
                });
            }
        };
        let accepted = accept(&record, file, self.to, &mut self.stage).map_err(|cause| IngestError::Spill {
            folder: self.to.limits.temp.clone(),
            cause,
        })?;
        match accepted {
            Accepted::Row | Accepted::OtherTable => Ok(()),
            Accepted::Expired => {
                self.gathered.expired += 1;
                Ok(())
            }
            Accepted::Uncarried(why) => {
                *self.gathered.uncarried.entry(why).or_default() += 1;
                Ok(())
            }
            Accepted::Refused(why) => self.refuse(&Reject {
                file,
                place: record.place,
                reason: &why.to_string(),
                data: record.bytes,
                bytes: record.bytes.len() as u64,
            }),
        }
    }

    fn refuse(&mut self, reject: &Reject<'_>) -> Result<(), IngestError> {
        self.gathered.rejected += 1;
        self.to.rejects.add(reject)
    }
}
