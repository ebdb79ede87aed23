//! One partition's rows: what is new among them becomes one file.
//!
//! A partition's rows are ordered by time and then by key. Of several copies of one event that say the
//! same the earliest stays; of those of one time an envelope before a CloudTrail record, and then the one
//! whose bytes come first. Copies that say something else all stay, and are told. So what is written
//! depends on what was read, never on the order in which it was read.

use std::collections::HashMap;

use object_store::path::Path;
use pipetrail_collector::layout::Partition;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::existing;
use super::said::Said;
use crate::parquet::Form;
use crate::staging::{Entry, EventCopy, File, PartitionError, PartitionRows, Reader, account};
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

/// Writes what is new; with `dry` only says what that would be.
///
/// # Errors
/// Nothing of the partition was written.
pub(super) fn write(
    partition: &Partition,
    rows: &PartitionRows<'_>,
    lake: &Lake,
    handle: &Handle,
    dry: bool,
) -> Result<Written, PartitionError> {
    let reader = Reader::open(rows)?;
    let mut entries = reader.entries()?;
    let all = entries.len();
    distinct(&reader, &mut entries)?;
    let folder = lake.at(&rows.prefix);
    let conflicts = unheld(&mut entries, partition, lake, &folder, handle)?;
    let written = Written {
        rows: entries.len() as u64,
        duplicates: (all - entries.len()) as u64,
        conflicts,
    };
    if entries.is_empty() || dry {
        return Ok(written);
    }
    entries.sort_unstable_by_key(|entry| (entry.copy.ms, entry.copy.identity.key, entry.copy));
    let path = folder.join(name(entries.iter().map(|entry| entry.copy)).as_str());
    let form = Form::of(partition.table);
    let file = File::create(lake, path, &form, handle)?;
    reader.write(&entries, &form, file)?;
    Ok(written)
}

/// Leaves the copies that the lake does not hold; the events of which copies say different things. The
/// entries are ordered by copy.
fn unheld(
    entries: &mut Vec<Entry>,
    partition: &Partition,
    lake: &Lake,
    folder: &Path,
    handle: &Handle,
) -> Result<Vec<EventCopy>, PartitionError> {
    let mut held = vec![false; entries.len()];
    // What the lake says else of an event, by the event's first entry: of few there is anything.
    let mut else_said: HashMap<usize, Said> = HashMap::new();
    let of = partition.account().and_then(|id| account(id.as_bytes()));
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

/// The file's name: the same for the same copies, whenever and from whichever file they were read.
fn name(copies: impl Iterator<Item = EventCopy>) -> String {
    let mut bytes = Vec::new();
    copies.for_each(|copy| copy.write(&mut bytes));
    format!("ingest-{}.parquet", hex::encode(&Sha256::digest(&bytes)[..16]))
}

/// Leaves one row of all that say the same of an event, ordered by copy.
fn distinct(reader: &Reader<'_>, entries: &mut Vec<Entry>) -> Result<(), PartitionError> {
    entries.sort_unstable_by_key(|entry| entry.copy);
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for entry in entries.drain(..) {
        match kept.last_mut() {
            Some(last) if last.copy == entry.copy => {
                if reader.row(&entry, &mut theirs)? < reader.row(last, &mut ours)? {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::Identity;

    #[test]
    fn a_file_is_called_by_the_copies_in_it() {
        let copy = |content: u8, ms| EventCopy {
            identity: Identity {
                account: 12,
                key: [7; 16],
            },
            content: [content; 16],
            addendum: false,
            ms,
            rank: 0,
        };
        let name = |copies: &[EventCopy]| name(copies.iter().copied());
        let one = name(&[copy(1, 0), copy(2, 0)]);
        assert_eq!(one.len(), "ingest-.parquet".len() + 32, "{one}");
        for other in [
            vec![copy(1, 0), copy(3, 0)],
            vec![copy(1, 0), copy(2, 1)],
            vec![copy(1, 0)],
        ] {
            assert_ne!(name(&other), one, "{other:?}");
        }
    }
}
