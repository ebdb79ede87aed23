//! One partition's rows: what is new among them becomes one file.
//!
//! A partition's rows are ordered by time and then by key. Of several copies of one event that say the
//! same the earliest stays; of those of one time an envelope before a CloudTrail record, and then the one
//! whose bytes come first. Copies that say something else all stay, and are told. So what is written
//! depends on what was read, never on the order in which it was read.

use std::collections::HashMap;

use object_store::path::Path;
use pipetrail_collector::Table;
use pipetrail_collector::layout::Partition;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::error::PartitionError;
use super::existing;
use super::identity::{EventCopy, Said, account};
use super::output::File;
use super::spill::{Segment, Spill};
use super::stage::Spot;
use crate::parquet::{Damaged, RowBatch, batch, unpack};
use crate::store::Lake;

/// What became of a partition's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// New rows.
    pub rows: u64,
    /// Copies that say what another says that the lake has, or that came before.
    pub duplicates: u64,
    /// Events of which copies say different things.
    pub conflicts: Vec<EventCopy>,
}

/// All rows of one partition, of all workers.
#[derive(Debug)]
pub(super) struct PartitionRows<'s> {
    /// The partition.
    pub partition: Partition,
    /// Rows in memory.
    pub memory: Vec<(&'s [u8], &'s [Spot])>,
    /// Rows in the temporary file.
    pub segments: Vec<Segment>,
    /// The temporary file.
    pub spill: &'s Spill,
    /// Segments are taken into memory up to so many bytes, else read row by row.
    pub load: u64,
}

impl PartitionRows<'_> {
    /// How many they are.
    pub(super) fn count(&self) -> u64 {
        let memory: usize = self.memory.iter().map(|(_, spots)| spots.len()).sum();
        let disk: u64 = self.segments.iter().map(|segment| segment.rows).sum();
        memory as u64 + disk
    }
}

/// Where a row lies.
#[derive(Clone, Copy, Debug)]
enum Source {
    Memory(usize),
    Loaded,
    Disk,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    copy: EventCopy,
    source: Source,
    offset: u64,
    bytes: usize,
}

/// Writes what is new; with `dry` only says what that would be.
///
/// # Errors
/// Nothing of the partition was written.
pub(super) fn write(
    rows: &PartitionRows<'_>,
    lake: &Lake,
    handle: &Handle,
    dry: bool,
) -> Result<Written, PartitionError> {
    let reader = Reader::open(rows)?;
    let mut entries = reader.entries()?;
    let all = entries.len();
    reader.distinct(&mut entries)?;
    let folder = lake.at(&rows.partition.prefix());
    let conflicts = unheld(&mut entries, rows, lake, &folder, handle)?;
    let written = Written {
        rows: entries.len() as u64,
        duplicates: (all - entries.len()) as u64,
        conflicts,
    };
    if entries.is_empty() || dry {
        return Ok(written);
    }
    entries.sort_unstable_by_key(|entry| (entry.copy.ms, entry.copy.identity.key, entry.copy));
    let path = folder.join(name(&entries).as_str());
    reader.write(&entries, rows.partition.table, lake, path, handle)?;
    Ok(written)
}

/// Leaves the copies that the lake does not hold; the events of which copies say different things. The
/// entries are ordered by copy.
fn unheld(
    entries: &mut Vec<Entry>,
    rows: &PartitionRows<'_>,
    lake: &Lake,
    folder: &Path,
    handle: &Handle,
) -> Result<Vec<EventCopy>, PartitionError> {
    let mut held = vec![false; entries.len()];
    // What the lake says else of an event, by the event's first entry: of few there is anything.
    let mut else_said: HashMap<usize, Said> = HashMap::new();
    let of = rows.partition.account().and_then(|id| account(id.as_bytes()));
    existing::copies(lake, folder, of, handle, |there| {
        let first = entries.partition_point(|entry| entry.copy.identity < there.identity);
        if entries
            .get(first)
            .is_none_or(|entry| entry.copy.identity != there.identity)
        {
            return;
        }
        let same = (there.identity, there.content);
        let begin = entries.partition_point(|entry| (entry.copy.identity, entry.copy.content) < same);
        let copies = entries[begin..].iter().zip(&mut held[begin..]);
        let mut is_new = true;
        for (entry, held) in copies.take_while(|(entry, _)| (entry.copy.identity, entry.copy.content) == same) {
            let is_said = entry.copy.is_said_by(&there);
            *held |= is_said;
            is_new &= !is_said;
        }
        if is_new {
            else_said.entry(first).or_default().add(&there);
        }
    })?;
    let mut conflicts = Vec::new();
    let mut first = 0;
    for copies in entries.chunk_by(|a, b| a.copy.identity == b.copy.identity) {
        let mut said = else_said.remove(&first).unwrap_or_default();
        copies.iter().for_each(|entry| said.add(&entry.copy));
        let is_told = copies.iter().any(|entry| !entry.copy.addendum);
        conflicts.extend(said.conflict().filter(|_| is_told));
        first += copies.len();
    }
    let mut held = held.into_iter();
    entries.retain(|_| !held.next().unwrap_or(false));
    Ok(conflicts)
}

/// The file's name: the same for the same copies.
fn name(entries: &[Entry]) -> String {
    let mut hash = Sha256::new();
    for entry in entries {
        hash.update(entry.copy.identity.key);
        hash.update(entry.copy.content);
        hash.update(entry.copy.ms.to_le_bytes());
    }
    let digest = hash.finalize();
    format!("ingest-{}.parquet", hex::encode(&digest[..16]))
}

/// Reads a partition's rows from wherever they lie.
struct Reader<'r> {
    rows: &'r PartitionRows<'r>,
    /// The segments, where they fit.
    loaded: Option<Vec<u8>>,
}

impl<'r> Reader<'r> {
    fn open(rows: &'r PartitionRows<'r>) -> Result<Self, PartitionError> {
        let bytes: u64 = rows.segments.iter().map(|segment| segment.bytes).sum();
        let mut loaded = None;
        if bytes <= rows.load {
            let mut all = Vec::new();
            for segment in &rows.segments {
                let begin = all.len();
                all.resize(
                    begin + usize::try_from(segment.bytes).map_err(std::io::Error::other)?,
                    0,
                );
                rows.spill
                    .read(segment.offset, all.get_mut(begin..).unwrap_or_default())?;
            }
            loaded = Some(all);
        }
        Ok(Reader { rows, loaded })
    }

    fn entries(&self) -> Result<Vec<Entry>, PartitionError> {
        let mut entries = Vec::new();
        for (index, (arena, spots)) in self.rows.memory.iter().enumerate() {
            for spot in *spots {
                let row = arena.get(spot.offset..spot.offset + spot.bytes).ok_or(Damaged)?;
                entries.push(Entry {
                    copy: EventCopy::read(row).ok_or(Damaged)?.0,
                    source: Source::Memory(index),
                    offset: spot.offset as u64,
                    bytes: spot.bytes,
                });
            }
        }
        if let Some(loaded) = &self.loaded {
            let mut rest = loaded.as_slice();
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let bytes = u32::from_le_bytes(*length) as usize;
                let (row, after) = after.split_at_checked(bytes).ok_or(Damaged)?;
                entries.push(Entry {
                    copy: EventCopy::read(row).ok_or(Damaged)?.0,
                    source: Source::Loaded,
                    offset: (loaded.len() - rest.len() + 4) as u64,
                    bytes,
                });
                rest = after;
            }
            return Ok(entries);
        }
        for segment in &self.rows.segments {
            let (mut offset, end) = (segment.offset, segment.offset + segment.bytes);
            let mut head = [0; 4 + EventCopy::BYTES];
            while offset < end {
                self.rows.spill.read(offset, &mut head)?;
                let (length, header) = head.split_first_chunk::<4>().ok_or(Damaged)?;
                let bytes = u32::from_le_bytes(*length);
                entries.push(Entry {
                    copy: EventCopy::read(header).ok_or(Damaged)?.0,
                    source: Source::Disk,
                    offset: offset + 4,
                    bytes: bytes as usize,
                });
                offset += 4 + u64::from(bytes);
            }
        }
        Ok(entries)
    }

    /// A row's packed bytes; `scratch` is for what lies on the disk.
    fn row<'b>(&'b self, entry: &Entry, scratch: &'b mut Vec<u8>) -> Result<&'b [u8], PartitionError> {
        let begin = usize::try_from(entry.offset).map_err(std::io::Error::other)?;
        let within = |bytes: &'b [u8]| bytes.get(begin..begin + entry.bytes).ok_or(Damaged);
        let row = match entry.source {
            Source::Memory(index) => within(self.rows.memory.get(index).ok_or(Damaged)?.0)?,
            Source::Loaded => within(self.loaded.as_deref().ok_or(Damaged)?)?,
            Source::Disk => {
                scratch.resize(entry.bytes, 0);
                self.rows.spill.read(entry.offset, scratch)?;
                scratch
            }
        };
        Ok(EventCopy::read(row).ok_or(Damaged)?.1)
    }

    /// Leaves one row of all that say the same of an event, ordered by copy.
    fn distinct(&self, entries: &mut Vec<Entry>) -> Result<(), PartitionError> {
        entries.sort_unstable_by_key(|entry| entry.copy);
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for entry in entries.drain(..) {
            match kept.last_mut() {
                Some(last) if last.copy == entry.copy => {
                    if self.row(&entry, &mut theirs)? < self.row(last, &mut ours)? {
                        *last = entry;
                    }
                }
                Some(last) if last.copy.identity == entry.copy.identity && entry.copy.is_said_by(&last.copy) => {}
                _ => kept.push(entry),
            }
        }
        *entries = kept;
        Ok(())
    }

    fn write(
        &self,
        entries: &[Entry],
        table: Table,
        lake: &Lake,
        path: Path,
        handle: &Handle,
    ) -> Result<(), PartitionError> {
        /// Most rows and bytes that are turned into columns at once.
        const ROWS: usize = 8192;
        const BYTES: usize = 8 << 20;
        let mut file = File::create(lake, path, table, handle)?;
        let mut pending: RowBatch = batch(table);
        let mut scratch = Vec::new();
        let mut fill = || -> Result<(), PartitionError> {
            for entry in entries {
                unpack(table, self.row(entry, &mut scratch)?, &mut pending)?;
                if pending.rows() >= ROWS || pending.bytes() >= BYTES {
                    file.write(&mut pending)?;
                }
            }
            file.write(&mut pending)
        };
        match fill() {
            Ok(()) => file.finish(),
            Err(error) => {
                file.abandon();
                Err(error)
            }
        }
    }
}
