//! One folder's rows, read back from wherever they lie.

use super::error::PartitionError;
use super::identity::EventCopy;
use super::output::{File, Written};
use super::spill::{Segment, Spill};
use super::stage::Spot;
use crate::parquet::{Damaged, Form, unpack};

/// All rows of one partition, of all workers.
#[derive(Debug)]
pub(crate) struct PartitionRows<'s> {
    /// Where they go, with a slash at its end.
    pub prefix: String,
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
    #[cfg(feature = "ingest")]
    pub(crate) fn count(&self) -> u64 {
        let memory: usize = self.memory.iter().map(|(_, spots)| spots.len()).sum();
        let disk: u64 = self.segments.iter().map(|segment| segment.rows).sum();
        memory as u64 + disk
    }

    /// How many bytes they are, packed.
    #[cfg(feature = "settle")]
    pub(crate) fn bytes(&self) -> u64 {
        let memory = self.memory.iter().flat_map(|(_, spots)| *spots);
        let memory: usize = memory.map(|spot| spot.bytes).sum();
        let disk: u64 = self.segments.iter().map(|segment| segment.bytes).sum();
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

/// A row, without its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub copy: EventCopy,
    source: Source,
    offset: u64,
    bytes: usize,
}

/// Reads a partition's rows from wherever they lie.
pub(crate) struct Reader<'r> {
    rows: &'r PartitionRows<'r>,
    /// The segments, where they fit.
    loaded: Option<Vec<u8>>,
}

impl<'r> Reader<'r> {
    /// Reads the rows into memory where they fit.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub(crate) fn open(rows: &'r PartitionRows<'r>) -> Result<Self, PartitionError> {
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

    /// All rows, in no order.
    ///
    /// # Errors
    /// They cannot be read back.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, PartitionError> {
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
    ///
    /// # Errors
    /// It cannot be read back.
    pub(crate) fn row<'b>(&'b self, entry: &Entry, scratch: &'b mut Vec<u8>) -> Result<&'b [u8], PartitionError> {
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

    /// Writes rows to a file, in this order; nothing of the file is left where that fails.
    ///
    /// # Errors
    /// They cannot be read back, or the file cannot be written.
    pub(crate) fn write(&self, entries: &[Entry], form: &Form, mut file: File<'_>) -> Result<Written, PartitionError> {
        /// Most rows and bytes that are turned into columns at once.
        const ROWS: usize = 8192;
        const BYTES: usize = 8 << 20;
        let mut pending = form.batch();
        let mut scratch = Vec::new();
        let mut fill = || -> Result<(), PartitionError> {
            for entry in entries {
                unpack(form.types(), self.row(entry, &mut scratch)?, &mut pending)?;
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
