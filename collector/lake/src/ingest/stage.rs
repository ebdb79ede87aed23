//! Rows set aside until their partition is written.
//!
//! Every worker has a stage of its own with its share of the memory. When that is used up, its rows
//! go to the temporary file, partition by partition, and the memory begins anew. What stays in memory
//! for every partition and time that happens is a [`Segment`] of a few bytes.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use crate::parquet::pack;
use pipetrail_collector::layout::Partition;
use pipetrail_collector::tables::Row;

use super::spill::Spill;

/// Bytes before a packed row: time, key, rank.
pub(super) const HEADER: usize = 8 + 16 + 1;

/// What orders and tells apart rows of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    /// `event_key`, its 32 hex digits as 16 bytes.
    pub key: [u8; 16],
    /// `event_ms`
    pub ms: i64,
    /// Which of several forms of one event is kept: the lowest.
    pub rank: u8,
}

impl Identity {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.ms.to_le_bytes());
        out.extend_from_slice(&self.key);
        out.push(self.rank);
    }

    /// Of the bytes before a packed row, and the packed row.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (ms, rest) = bytes.split_first_chunk::<8>()?;
        let (key, rest) = rest.split_first_chunk::<16>()?;
        let (&rank, rest) = rest.split_first()?;
        let ms = i64::from_le_bytes(*ms);
        Some((Identity { key: *key, ms, rank }, rest))
    }
}

/// Rows of one partition that lie one after the other in the temporary file, each behind its length
/// (four bytes).
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    /// Where they begin.
    pub offset: u64,
    /// How many bytes they are.
    pub bytes: u64,
    /// How many rows.
    pub rows: u64,
}

/// A row in memory: where it begins, how many bytes it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub offset: usize,
    pub bytes: usize,
}

/// One worker's rows.
#[derive(Debug)]
pub(super) struct Stage {
    spill: Arc<Spill>,
    budget: usize,
    numbers: HashMap<Partition, usize>,
    /// By number: rows in memory, rows in the temporary file.
    partitions: Vec<(Vec<Spot>, Vec<Segment>)>,
    rows: usize,
    arena: Vec<u8>,
}

/// What a worker leaves behind.
#[derive(Debug)]
pub(super) struct Staged {
    /// The memory that the spots lie in.
    pub arena: Vec<u8>,
    /// By partition.
    pub partitions: Vec<(Partition, Vec<Spot>, Vec<Segment>)>,
}

impl Stage {
    /// An empty one that takes about `budget` bytes.
    pub(super) fn new(spill: Arc<Spill>, budget: usize) -> Self {
        Stage {
            spill,
            budget,
            numbers: HashMap::new(),
            partitions: Vec::new(),
            rows: 0,
            arena: Vec::new(),
        }
    }

    /// Sets a row aside.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(super) fn add(&mut self, partition: Partition, identity: Identity, row: &Row<'_>) -> io::Result<()> {
        let offset = self.arena.len();
        identity.write(&mut self.arena);
        pack(row, &mut self.arena);
        let spot = Spot {
            offset,
            bytes: self.arena.len() - offset,
        };
        let partitions = &mut self.partitions;
        let number = *self.numbers.entry(partition).or_insert_with(|| {
            partitions.push(Default::default());
            partitions.len() - 1
        });
        if let Some((spots, _)) = self.partitions.get_mut(number) {
            spots.push(spot);
            self.rows += 1;
        }
        if self.arena.len() + self.rows * size_of::<Spot>() >= self.budget {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut writer = self.spill.writer()?;
        for (spots, segments) in &mut self.partitions {
            if spots.is_empty() {
                continue;
            }
            let offset = writer.position();
            let rows = spots.len() as u64;
            for spot in spots.drain(..) {
                let row = self
                    .arena
                    .get(spot.offset..spot.offset + spot.bytes)
                    .unwrap_or_default();
                let length = u32::try_from(row.len()).map_err(io::Error::other)?;
                writer.write(&length.to_le_bytes())?;
                writer.write(row)?;
            }
            segments.push(Segment {
                offset,
                bytes: writer.position() - offset,
                rows,
            });
            spots.shrink_to_fit();
        }
        writer.finish()?;
        self.arena.clear();
        self.rows = 0;
        Ok(())
    }

    /// No more rows come. Where some lie in the temporary file, the rest joins them there, so that the
    /// memory is free for writing.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub(super) fn finish(mut self) -> io::Result<Staged> {
        if self.partitions.iter().any(|(_, segments)| !segments.is_empty()) {
            self.spill()?;
            self.arena = Vec::new();
        }
        let mut partitions = self.partitions;
        let of = |(partition, number): (Partition, usize)| {
            let (spots, segments) = partitions.get_mut(number).map(std::mem::take).unwrap_or_default();
            (partition, spots, segments)
        };
        Ok(Staged {
            partitions: self.numbers.into_iter().map(of).collect(),
            arena: self.arena,
        })
    }
}
