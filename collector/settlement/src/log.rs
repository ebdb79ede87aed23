//! The log of a table, read: a pure fold over its entries.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pipetrail_collector::Table;
use pipetrail_collector::layout::Partition;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::entry::{Entry, Output, What, folder};

/// An entry as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub seq: u64,
    pub bytes: Vec<u8>,
    /// When it was written, by the store's clock.
    pub written: Timestamp,
}

/// A log that cannot be trusted. Nothing is settled or deleted by it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("entry {seq} of the settlement log of {table} cannot be trusted: {why}")]
pub struct LogError {
    pub table: Table,
    pub seq: u64,
    /// A reason, for people.
    pub why: String,
}

/// What the entries say, from the oldest unfinished one on.
#[derive(Clone, Debug)]
pub struct Log {
    lake: String,
    table: Table,
    /// The number of the next entry.
    next: u64,
    /// SHA-256 of the last one's bytes.
    last: Option<String>,
    entries: BTreeMap<u64, Kept>,
    /// Entries whose inputs are not known to be gone.
    pending: BTreeSet<u64>,
    /// Key and ETag of every file that a pending entry took.
    held: BTreeSet<(String, String)>,
    /// The entry that took a file, by the file's key and ETag.
    taken_by: BTreeMap<(String, String), u64>,
}

/// An entry that was read.
#[derive(Clone, Debug)]
pub struct Kept {
    pub entry: Entry,
    /// When it was written, by the store's clock.
    pub written: Timestamp,
}

impl Log {
    /// A log without entries.
    pub fn empty(lake: &str, table: Table) -> Self {
        Log {
            lake: lake.to_owned(),
            table,
            next: 1,
            last: None,
            entries: BTreeMap::new(),
            pending: BTreeSet::new(),
            held: BTreeSet::new(),
            taken_by: BTreeMap::new(),
        }
    }

    /// A log of which only the entries from `first` on are read.
    pub fn from(lake: &str, table: Table, first: u64) -> Self {
        Log {
            next: first,
            ..Self::empty(lake, table)
        }
    }

    /// The number of the next entry.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// SHA-256 of the last entry.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The oldest entry whose inputs may still be there, or the next one.
    pub fn unfinished(&self) -> u64 {
        self.pending.first().copied().unwrap_or(self.next)
    }

    /// What is wrong where an entry is not there that has to be.
    pub fn missing(&self) -> LogError {
        LogError {
            table: self.table,
            seq: self.next,
            why: "it is missing".to_owned(),
        }
    }

    /// What is wrong where the entry before those that were read is not there.
    pub fn missing_before(&self) -> LogError {
        LogError {
            seq: self.before(),
            ..self.missing()
        }
    }

    /// What the last entry names as the oldest unfinished one.
    pub fn named_unfinished(&self) -> Option<u64> {
        self.entries.last_key_value().map(|(_, kept)| kept.entry.unfinished)
    }

    /// Whether that entry has that number.
    pub fn is(&self, seq: u64, entry: &Entry) -> bool {
        self.entries.get(&seq).is_some_and(|kept| kept.entry == *entry)
    }

    /// Whether a file was taken, and is only waiting to be deleted.
    pub fn holds(&self, key: &str, etag: &str) -> bool {
        self.held.contains(&(key.to_owned(), etag.to_owned()))
    }

    /// The entries whose inputs are not known to be gone, the oldest first.
    pub fn pending(&self) -> impl Iterator<Item = (u64, &Kept)> {
        self.pending
            .iter()
            .filter_map(|seq| Some((*seq, self.entries.get(seq)?)))
    }

    /// Whether what is in an output is still in the lake, `there` being the question whether a file is: in
    /// itself, or in what a later entry made of it.
    pub fn survives(&self, output: &Output, there: &dyn Fn(&Output) -> bool) -> bool {
        if there(output) {
            return true;
        }
        let file = (output.key.clone(), output.etag.clone());
        let Some(by) = self.taken_by.get(&file).and_then(|seq| self.entries.get(seq)) else {
            return false;
        };
        match &by.entry.what {
            What::Expire(_) => true,
            What::Close(close) => {
                let mut same = close
                    .outputs
                    .iter()
                    .filter(|made| folder(&made.key) == folder(&output.key));
                // Of a partition that has rows a close makes a file.
                same.clone().next().is_some() && same.all(|made| self.survives(made, there))
            }
            _ => false,
        }
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// It is not the next one, or not what the log can say there.
    pub fn add(&mut self, stored: &Stored) -> Result<(), LogError> {
        if stored.seq != self.next {
            return Err(self.wrong(stored, format!("entry {} is missing", self.next)));
        }
        let entry = self.read(stored)?;
        // Where reading begins, the entry before is not known.
        let begins = self.last.is_none() && stored.seq > 1;
        if !begins && entry.previous != self.last {
            return Err(self.wrong(stored, "the entry before it has been changed".to_owned()));
        }
        if let What::Deleted(ended) | What::Released(ended) = &entry.what {
            for seq in ended {
                // Two runs may say it. By the second time a later entry may have taken the files.
                if !self.pending.remove(seq) {
                    continue;
                }
                let taken = self.entries.get(seq).map(|kept| kept.entry.what.taken());
                for (key, etag) in taken.unwrap_or_default() {
                    let file = (key.to_owned(), etag.to_owned());
                    self.held.remove(&file);
                    if matches!(entry.what, What::Released(_)) {
                        self.taken_by.remove(&file);
                    }
                }
            }
        }
        for (key, etag) in entry.what.taken() {
            self.pending.insert(stored.seq);
            self.held.insert((key.to_owned(), etag.to_owned()));
            self.taken_by.insert((key.to_owned(), etag.to_owned()), stored.seq);
        }
        self.last = Some(hex::encode(Sha256::digest(&stored.bytes)));
        self.next += 1;
        let written = stored.written;
        self.entries.insert(stored.seq, Kept { entry, written });
        Ok(())
    }

    /// When the oldest entry that was read was written; `None` where there is none before it.
    pub fn reaches_back_to(&self) -> Option<Timestamp> {
        let (seq, kept) = self.entries.first_key_value()?;
        (*seq > 1).then_some(kept.written)
    }

    /// The number of the entry before those that were read.
    pub fn before(&self) -> u64 {
        self.entries
            .first_key_value()
            .map_or(0, |(seq, _)| seq.saturating_sub(1))
    }

    /// Adds the entry [`Log::before`] those that were read. All that it took has gone.
    ///
    /// # Errors
    /// It is not the one that the entry behind it names, or not what the log can say there.
    pub fn add_before(&mut self, stored: &Stored) -> Result<(), LogError> {
        let digest = hex::encode(Sha256::digest(&stored.bytes));
        let named = self.entries.first_key_value().map(|(_, kept)| &kept.entry.previous);
        if stored.seq != self.before() || named != Some(&Some(digest)) {
            return Err(self.wrong(stored, "it is not the one that the entry behind it names".to_owned()));
        }
        let (entry, written) = (self.read(stored)?, stored.written);
        self.entries.insert(stored.seq, Kept { entry, written });
        Ok(())
    }

    /// What an entry says, as one of this log.
    fn read(&self, stored: &Stored) -> Result<Entry, LogError> {
        let entry: Entry = serde_json::from_slice(&stored.bytes).map_err(|error| {
            let why = format!("it cannot be read ({error}); a newer version may have written it");
            self.wrong(stored, why)
        })?;
        let checked = entry.check(&self.lake, self.table, stored.seq);
        checked.map_err(|why| self.wrong(stored, why))?;
        Ok(entry)
    }

    fn wrong(&self, stored: &Stored, why: String) -> LogError {
        LogError {
            table: self.table,
            seq: stored.seq,
            why,
        }
    }

    /// Whether an entry that was read names a file of copies.
    pub fn names_copies(&self, key: &str) -> bool {
        let mut copies = self.entries.values().flat_map(|kept| kept.entry.what.copies());
        copies.any(|copies| copies.key == key)
    }

    /// Whether an entry from `first` on stands in the way of `what`: it took a file that `what` took or
    /// wrote, or ended a month that `what` wrote into.
    pub fn stands_against(&self, what: &What, first: u64) -> bool {
        let ours: BTreeSet<&str> = (what.taken().into_iter().map(|(key, _)| key))
            .chain(what.outputs().iter().map(|output| &*output.key))
            .collect();
        let partitions: Vec<_> = (what.outputs().iter())
            .filter_map(|output| Partition::from_key(&output.key))
            .collect();
        self.entries.range(first..).any(|(_, kept)| {
            let taken = kept.entry.what.taken();
            let ended = |before: &str| partitions.iter().any(|partition| partition.month() < before);
            taken.iter().any(|(key, _)| ours.contains(key))
                || matches!(&kept.entry.what, What::Expire(expired) if ended(&expired.before))
        })
    }
}

#[cfg(test)]
mod tests;
