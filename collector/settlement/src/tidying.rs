//! What need not be done every hour: expiring, deleting, comparing the catalogue, closing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pipetrail_collector::layout::is_before;

use crate::choice::{self, GRACE, Listed};
use crate::entry::{Expired, Input, Output, What, folder};
use crate::log::Kept;
use crate::task::{Problem, RunError};
use crate::unit::{Run, Unit, extend};
use crate::world::{Becomes, World};

impl<W: World> Run<'_, W> {
    /// Makes one file of each partition that is over.
    pub(crate) async fn closes(&mut self) -> Result<(), RunError<W::Error>> {
        let mut races = 0;
        if self.is_late() {
            return Ok(());
        }
        // Once: what a unit took is held, and what it made is closed.
        let mut files = self.world.partitions().await.map_err(RunError::World)?;
        loop {
            if self.is_late() {
                return Ok(());
            }
            let (now, bytes) = (self.task.now, self.task.bytes);
            let kept_from = self.task.retention.map(|days| choice::kept_from(now, days));
            let unit = choice::close(&self.log, &files, now, bytes, &self.passed_over, kept_from.as_deref());
            if unit.is_empty() {
                return Ok(());
            }
            match self.unit(&unit, Becomes::Closed).await? {
                Unit::Entered => (self.done.closes, races) = (self.done.closes + 1, 0),
                Unit::PassedOver => {}
                Unit::Raced => {
                    races = self.again(races)?;
                    files = self.world.partitions().await.map_err(RunError::World)?;
                }
            }
        }
    }

    /// Enters which files are kept no longer.
    pub(crate) async fn expire(&mut self) -> Result<(), RunError<W::Error>> {
        let Some(days) = self.task.retention else { return Ok(()) };
        if self.is_late() {
            return Ok(());
        }
        let mut files = self.world.partitions().await.map_err(RunError::World)?;
        files.extend(self.world.copies().await.map_err(RunError::World)?);
        let (table, now) = (self.task.table, self.task.now);
        let (before, files) = choice::expired(table, &self.log, files.iter(), now, days);
        if files.is_empty() {
            return Ok(());
        }
        let input = |file: &&Listed| Input {
            key: file.key.clone(),
            etag: file.etag.clone(),
            rows: 0,
        };
        let inputs: Vec<Input> = files.iter().map(input).collect();
        let count = inputs.len() as u64;
        let since = self.log.next();
        if self.commit(What::Expire(Expired { before, inputs }), since).await? {
            self.done.expired += count;
        }
        Ok(())
    }

    /// Deletes what entries took, once they are old enough and what they made is there.
    pub(crate) async fn delete(&mut self) -> Result<(), RunError<W::Error>> {
        let now = self.world.clock().await.map_err(RunError::World)?;
        let old: Vec<(u64, Kept)> = (self.log.pending())
            .filter(|(_, kept)| now.duration_since(kept.written) >= GRACE)
            .map(|(seq, kept)| (seq, kept.clone()))
            .collect();
        if old.is_empty() || self.is_late() {
            return Ok(());
        }
        let files = self.world.partitions().await.map_err(RunError::World)?;
        let files: BTreeMap<&str, &Listed> = files.iter().map(|file| (&*file.key, file)).collect();
        let keys: BTreeSet<&str> = files.keys().copied().collect();
        let kept_from = self.task.retention.map(|days| choice::kept_from(self.task.now, days));
        let (mut gone, mut released) = (Vec::new(), Vec::new());
        for (seq, kept) in old {
            if self.is_late() {
                break;
            }
            if is_kept_after_all(&kept, kept_from.as_deref()) {
                released.push(seq);
                continue;
            }
            if let Some((key, why)) = self.stays(seq, &kept, &files).await? {
                self.done.left.push(Problem { key, why });
                continue;
            }
            let partitions = choice::partitions(self.task.table, &kept.entry.what, &keys, kept_from.as_deref());
            match self.world.register(&partitions).await {
                Ok(seen) => {
                    self.done.repaired += seen.repaired as u64;
                    // A query that was planned before that knows nothing of the partition, and needs the inputs.
                    let is_new = |since: Timestamp| since > kept.written && now.duration_since(since) < GRACE;
                    if seen.repaired > 0 || seen.since.is_some_and(is_new) {
                        continue;
                    }
                }
                // Of one entry; the others need not wait for it.
                Err(error) => {
                    let (key, why) = (partitions.into_iter().collect::<Vec<_>>().join(" "), error.to_string());
                    self.done.left.push(Problem { key, why });
                    continue;
                }
            }
            let taken = kept.entry.what.taken();
            let failed = self.world.delete(&taken).await.map_err(RunError::World)?;
            self.done.deleted += (taken.len() - failed.len()) as u64;
            if failed.is_empty() {
                gone.push(seq);
            }
            self.could_not_delete(failed);
        }
        let count = released.len() as u64;
        for (entries, what) in [(gone, What::Deleted as fn(_) -> _), (released, What::Released)] {
            if !entries.is_empty() {
                let since = self.log.next();
                self.commit(what(entries), since).await?;
            }
        }
        self.done.released += count;
        Ok(())
    }

    /// Deletes files of copies that no entry names. Their run ended in the middle; the one that came after it wrote
    /// the same copies into files of its own.
    pub(crate) async fn strays(&mut self) -> Result<(), RunError<W::Error>> {
        if self.is_late() {
            return Ok(());
        }
        let copies = self.world.copies().await.map_err(RunError::World)?;
        let now = self.world.clock().await.map_err(RunError::World)?;
        let mut strays = choice::maybe_strays(&copies, now);
        let Some(oldest) = strays.iter().map(|file| file.written).min() else {
            return Ok(());
        };
        // Whoever names a file does so after it was written.
        while self.log.reaches_back_to().is_some_and(|written| written >= oldest) {
            if self.is_late() {
                return Ok(());
            }
            let seq = self.log.before();
            let stored = self.world.entry(seq).await.map_err(RunError::World)?;
            self.log.add_before(&stored.ok_or_else(|| self.log.missing_before())?)?;
        }
        // And twelve hours after it began at the latest, which this run may have missed.
        extend(self.world, &mut self.log).await?;
        strays.retain(|file| !self.log.names_copies(&file.key));
        let strays: Vec<_> = strays.iter().map(|file| (&*file.key, &*file.etag)).collect();
        let failed = self.world.delete(&strays).await.map_err(RunError::World)?;
        self.done.strays += (strays.len() - failed.len()) as u64;
        self.could_not_delete(failed);
        Ok(())
    }

    fn could_not_delete(&mut self, failed: BTreeSet<String>) {
        for key in failed {
            let why = "it could not be deleted".to_owned();
            self.done.left.push(Problem { key, why });
        }
    }

    /// A file for want of which the inputs of an entry stay, and why. An entry is no proof of itself.
    async fn stays(
        &self,
        seq: u64,
        kept: &Kept,
        files: &BTreeMap<&str, &Listed>,
    ) -> Result<Option<(String, String)>, RunError<W::Error>> {
        let what = &kept.entry.what;
        let kept_from = self.task.retention.map(|days| choice::kept_from(self.task.now, days));
        let kept_from = kept_from.as_deref();
        let there = |output: &Output| {
            let file = files.get(&*output.key);
            file.is_some_and(|file| file.size == output.size && file.etag == output.etag)
        };
        let mut missing = choice::unproven(&self.log, kept, kept_from, &there);
        for (key, size, etag) in what.beside() {
            if missing.is_some() {
                break;
            }
            if kept_from.is_some_and(|month| is_before(self.task.table, key, month)) {
                continue;
            }
            let found = self.world.head(key).await.map_err(RunError::World)?;
            let is_it = |(bytes, tag): &(u64, String)| *bytes == size && etag.is_none_or(|etag| etag == tag);
            missing = (!found.as_ref().is_some_and(is_it)).then(|| key.to_owned());
        }
        Ok(missing.map(|key| {
            let why = format!("entry {seq} of the log says that it has rows, and it is not there as it was written");
            (key, why)
        }))
    }

    /// Makes queries see every partition that has files: somebody may have taken one out of the catalogue.
    pub(crate) async fn register(&mut self) -> Result<(), RunError<W::Error>> {
        if self.is_late() {
            return Ok(());
        }
        let files = self.world.partitions().await.map_err(RunError::World)?;
        let partitions = files.iter().map(|file| format!("{}/", folder(&file.key))).collect();
        let seen = self.world.register(&partitions).await.map_err(RunError::World)?;
        self.done.repaired += seen.repaired as u64;
        Ok(())
    }

    /// Takes partitions of months that are kept no longer out of the catalogue, once nothing is left in them.
    pub(crate) async fn forget_expired(&mut self) -> Result<(), RunError<W::Error>> {
        let Some(days) = self.task.retention else { return Ok(()) };
        if self.is_late() {
            return Ok(());
        }
        let before = choice::kept_from(self.task.now, days);
        self.world.unregister_before(&before).await.map_err(RunError::World)
    }
}

/// Whether an entry took files because their months were kept no longer, and they are kept.
fn is_kept_after_all(kept: &Kept, kept_from: Option<&str>) -> bool {
    let month = kept.entry.what.kept_from();
    month.is_some_and(|month| kept_from.is_none_or(|kept_from| month > kept_from))
}
