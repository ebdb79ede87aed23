//! A unit of a run: files are chosen, their rows become new files, an entry ends it.

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use crate::choice::{self, Listed};
use crate::entry::{self, Entry, FORMAT, Output, What};
use crate::log::Log;
use crate::task::{Done, Problem, RunError, Task};
use crate::time::Time;
use crate::world::{Becomes, Merge, World};

/// A run that takes longer has read a log of another day.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);

/// How often a unit begins anew because another run was faster.
const RACES: usize = 8;

/// What became of a unit.
pub(crate) enum Unit {
    /// It has its entry.
    Entered,
    /// A file of it cannot be read; the rest is chosen anew.
    PassedOver,
    /// Somebody was faster; all is chosen anew.
    Raced,
}

/// A run between its units.
pub(crate) struct Run<'w, W> {
    pub(crate) world: &'w W,
    pub(crate) task: &'w Task,
    /// By the store's clock.
    pub(crate) began: Timestamp,
    pub(crate) time: Time,
    pub(crate) log: Log,
    pub(crate) done: &'w mut Done,
    /// Files and folders that this run leaves alone.
    pub(crate) passed_over: BTreeSet<String>,
}

/// Reads the entries that are new.
pub(crate) async fn extend<W: World>(world: &W, log: &mut Log) -> Result<(), RunError<W::Error>> {
    while let Some(stored) = world.entry(log.next()).await.map_err(RunError::World)? {
        log.add(&stored)?;
    }
    Ok(())
}

impl<W: World> Run<'_, W> {
    /// Whether nothing more is to begin; what waits is said to wait.
    pub(crate) fn is_late(&mut self) -> bool {
        let late = self.time.is_over();
        self.done.unfinished |= late;
        late
    }

    /// Carries out one unit.
    pub(crate) async fn unit(&mut self, files: &[&Listed], into: Becomes) -> Result<Unit, RunError<W::Error>> {
        let began = Instant::now();
        let unit = self.carry_out(files, into).await;
        self.time.took(began);
        unit
    }

    async fn carry_out(&mut self, files: &[&Listed], into: Becomes) -> Result<Unit, RunError<W::Error>> {
        let since = self.log.next();
        let kept_from = self.task.retention.map(|days| choice::kept_from(self.task.now, days));
        let merge = self.world.merge(files, into, kept_from.as_deref()).await;
        let settled = match merge.map_err(RunError::World)? {
            Merge::Settled(settled) => settled,
            Merge::Changed => return Ok(Unit::Raced),
            Merge::Damaged(key, why) => {
                return match (into, files.iter().find(|file| file.key == key)) {
                    (Becomes::Runs, Some(file)) => self.set_aside(file, &why, since).await,
                    _ => {
                        self.passed_over.insert(entry::folder(&key).to_owned());
                        self.done.left.push(Problem { key, why });
                        Ok(Unit::PassedOver)
                    }
                };
            }
        };
        let equation = settled.equation;
        let files_beside: Vec<Output> = settled.copies.iter().chain(&settled.rejected).cloned().collect();
        let what = match into {
            Becomes::Runs => What::Day(settled),
            Becomes::Closed => What::Close(settled),
        };
        if !self.commit(what, since).await? {
            let ours: Vec<_> = files_beside.iter().map(|file| (&*file.key, &*file.etag)).collect();
            // Nobody else knows these; what lies in partitions may have been taken up already.
            self.world.delete(&ours).await.map_err(RunError::World)?;
            return Ok(Unit::Raced);
        }
        match into {
            Becomes::Runs => self.done.settled.add(&equation),
            Becomes::Closed => self.done.closed.add(&equation),
        }
        Ok(Unit::Entered)
    }

    pub(crate) fn again(&self, races: usize) -> Result<usize, RunError<W::Error>> {
        match races < RACES {
            true => Ok(races + 1),
            false => Err(RunError::Races(self.task.table)),
        }
    }

    pub(crate) fn leave(&mut self, key: &str, why: String) {
        self.passed_over.insert(key.to_owned());
        let key = key.to_owned();
        self.done.left.push(Problem { key, why });
    }

    pub(crate) async fn set_aside(&mut self, file: &Listed, why: &str, since: u64) -> Result<Unit, RunError<W::Error>> {
        let aside = match self.world.copy_aside(file, why).await {
            Ok(Some(aside)) => aside,
            Ok(None) => return Ok(Unit::Raced),
            // No other file waits for this one.
            Err(error) => {
                self.leave(&file.key, format!("{why}, and it cannot be set aside: {error}"));
                return Ok(Unit::PassedOver);
            }
        };
        if !self.commit(What::SetAside(vec![aside]), since).await? {
            return Ok(Unit::Raced);
        }
        let (key, why) = (file.key.clone(), why.to_owned());
        self.done.set_aside.push(Problem { key, why });
        Ok(Unit::PassedOver)
    }

    /// Puts the next entry; `false` where an entry since `since` stands against it, which is the one that would
    /// have been next when the files were chosen.
    pub(crate) async fn commit(&mut self, what: What, since: u64) -> Result<bool, RunError<W::Error>> {
        loop {
            if self.log.stands_against(&what, since) {
                return Ok(false);
            }
            let now = self.world.clock().await.map_err(RunError::World)?;
            if now.duration_since(self.began) > LONGEST {
                return Err(RunError::Late(self.task.table));
            }
            let seq = self.log.next();
            let entry = Entry {
                format: FORMAT,
                lake: self.task.lake.clone(),
                table: self.task.table.name().to_owned(),
                seq,
                previous: self.log.last().map(str::to_owned),
                unfinished: self.log.unfinished(),
                at: self.task.now,
                writer: concat!("pipetrail ", env!("CARGO_PKG_VERSION")).to_owned(),
                what: what.clone(),
            };
            entry
                .check(&self.task.lake, self.task.table, seq)
                .map_err(RunError::Entry)?;
            let bytes = entry.bytes();
            let put = self.world.append(seq, &bytes).await.map_err(RunError::World)?;
            extend(self.world, &mut self.log).await?;
            // An answer that was lost makes the second attempt find the first one's entry.
            if put || self.log.is(seq, &entry) {
                return Ok(true);
            }
        }
    }
}
