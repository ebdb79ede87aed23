//! Rows set aside until the file of their folder is written.
//!
//! Every worker has a stage of its own with its share of the memory and of the partitions. When either is
//! used up, its rows go to the temporary file as one run, ordered by partition, and the stage begins
//! anew: what stays in memory is where the run lies.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::identity::EventCopy;
use super::spill::{Run, Spill};

/// A row in memory: where it begins, how many bytes it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub offset: usize,
    pub bytes: usize,
}

/// One worker's rows.
#[derive(Debug)]
pub(crate) struct Stage {
    spill: Arc<Spill>,
    /// Most bytes and partitions in memory.
    budget: usize,
    most: usize,
    /// By prefix, with a slash at its end.
    partitions: BTreeMap<String, Vec<Spot>>,
    rows: usize,
    arena: Vec<u8>,
    runs: Vec<Run>,
}

/// What a worker leaves behind: either all in memory, or all in the temporary file.
#[derive(Debug)]
pub(crate) struct Staged {
    /// The memory that the spots lie in.
    pub arena: Vec<u8>,
    /// By the partition's prefix.
    pub partitions: BTreeMap<String, Vec<Spot>>,
    pub runs: Vec<Run>,
}

impl Stage {
    /// An empty one that takes about `budget` bytes and `most` partitions.
    pub(crate) fn new(spill: Arc<Spill>, budget: usize, most: usize) -> Self {
        Stage {
            spill,
            budget,
            most,
            partitions: BTreeMap::new(),
            rows: 0,
            arena: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Sets a row aside that goes to that prefix; `pack` appends it.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(crate) fn add(&mut self, prefix: &str, copy: EventCopy, pack: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        if self.partitions.len() >= self.most && !self.partitions.contains_key(prefix) {
            self.spill()?;
        }
        let offset = self.arena.len();
        copy.write(&mut self.arena);
        pack(&mut self.arena);
        let bytes = self.arena.len() - offset;
        let spot = Spot { offset, bytes };
        match self.partitions.get_mut(prefix) {
            Some(spots) => spots.push(spot),
            None => {
                self.partitions.insert(prefix.to_owned(), vec![spot]);
            }
        }
        self.rows += 1;
        if self.arena.len() + self.rows * size_of::<Spot>() >= self.budget {
            self.spill()?;
        }
        Ok(())
    }

    /// How many partitions have rows in memory.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.partitions.len()
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut writer = self.spill.writer()?;
        for (prefix, spots) in std::mem::take(&mut self.partitions) {
            let row = |spot: &Spot| {
                self.arena
                    .get(spot.offset..spot.offset + spot.bytes)
                    .unwrap_or_default()
            };
            writer.partition(&prefix, spots.iter().map(row))?;
        }
        self.runs.push(writer.finish()?);
        self.arena.clear();
        self.rows = 0;
        Ok(())
    }

    /// No more rows come. Where some lie in the temporary file, the rest joins them there, so that the
    /// memory is free for writing.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<Staged> {
        if !self.runs.is_empty() {
            self.spill()?;
            self.arena = Vec::new();
        }
        Ok(Staged {
            arena: self.arena,
            partitions: self.partitions,
            runs: self.runs,
        })
    }
}
