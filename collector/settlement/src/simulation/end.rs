//! What must hold when nothing has come for weeks: everything is settled and closed, once.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_collector::layout::{Partition, is_before};

use super::store::{Row, Shared, TABLE, hours};
use crate::choice::kept_from;
use crate::entry::{Entry, What};
use crate::log::{Log, Stored};

/// What a story knows that the store does not show.
pub(super) struct Told<'s> {
    /// The copies of every event that landed.
    pub landed: &'s BTreeMap<(u8, u32), BTreeSet<u32>>,
    /// Rows that no query can see.
    pub aside: &'s BTreeSet<Row>,
    /// Files that somebody removed.
    pub lost: u64,
    pub retention: Option<u32>,
    /// The shortest time for which months were ever kept.
    pub shortest: Option<u32>,
}

/// What is wrong in the end, if anything is.
pub(super) fn check(shared: &Shared, told: &Told<'_>) -> Result<(), String> {
    // What somebody removed before its inputs were deleted keeps them from being deleted, for ever.
    let waits = shared.objects.keys().find(|key| key.starts_with("landing/"));
    if let (Some(key), 0) = (waits, told.lost) {
        return Err(format!("{key} was never settled or deleted"));
    }
    // The whole log, from its beginning: every file that lives is in exactly one entry.
    let mut log = Log::empty("s3://lake", TABLE);
    let mut made: BTreeMap<String, u64> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let mut taken_by: BTreeMap<u64, Vec<(String, String)>> = BTreeMap::new();
    for (key, object) in shared.objects.iter().filter(|(key, _)| key.starts_with("settlement/")) {
        let stored = Stored {
            seq: log.next(),
            bytes: object.bytes.clone(),
            written: object.written,
        };
        log.add(&stored).map_err(|error| format!("{key}: {error}"))?;
        let entry: Entry = serde_json::from_slice(&stored.bytes).map_err(|e| e.to_string())?;
        if let What::Released(entries) = &entry.what {
            for released in entries.iter().filter_map(|seq| taken_by.remove(seq)).flatten() {
                taken.remove(&released);
            }
        }
        for (key, etag) in entry.what.taken() {
            let file = (key.to_owned(), etag.to_owned());
            taken_by.entry(entry.seq).or_default().push(file.clone());
            if !taken.insert(file) {
                return Err(format!("entry {} takes {key} again", entry.seq));
            }
        }
        for output in entry.what.outputs() {
            *made.entry(output.key.clone()).or_default() += 1;
            if taken.contains(&(output.key.clone(), output.etag.clone())) {
                return Err(format!(
                    "entry {} names {}, which was taken before",
                    entry.seq, output.key
                ));
            }
        }
        if let What::Day(settled) | What::Close(settled) = &entry.what {
            for input in &settled.inputs {
                if shared.history.get(&input.etag) != Some(&input.rows) {
                    return Err(format!("entry {} counts other rows of {}", entry.seq, input.key));
                }
            }
        }
    }
    if let (Some((seq, _)), 0) = (log.pending().next(), told.lost) {
        return Err(format!("entry {seq} never came to its end"));
    }
    if let Some(key) = (shared.objects.keys()).find(|key| key.starts_with("copies/") && !log.names_copies(key)) {
        return Err(format!("{key} is a stray"));
    }
    let mut folders: BTreeMap<String, u64> = BTreeMap::new();
    for (key, object) in &shared.objects {
        let Some(partition) = Partition::from_key(key) else {
            continue;
        };
        let alone = *folders
            .entry(partition.prefix())
            .and_modify(|count| *count += 1)
            .or_insert(1)
            == 1;
        // A file of ingest that is the only one of its partition has no entry.
        let ingested = key.contains("/ingest-");
        // Nor has a stray that is alone since somebody removed what had an entry, or since that expired.
        let is_gone = told.lost > 0 || told.retention != told.shortest;
        let entered = ingested || is_gone || made.get(key) == Some(&1);
        if !alone || !entered {
            return Err(format!("{key} is a stray, or in {:?} entries", made.get(key)));
        }
        let mut events = BTreeSet::new();
        for row in &object.rows {
            let first = told
                .landed
                .get(&(row.partition, row.event))
                .and_then(|copies| copies.first());
            // A copy that somebody removed waits in landing for ever, and one may have expired before months were
            // kept for longer.
            let is_kept = first == Some(&row.copy) || is_gone;
            if !is_kept || !events.insert(row.event) {
                return Err(format!("{key} has {row:?}, and {first:?} is to be kept"));
            }
        }
    }
    let below = |folder: &str| -> BTreeSet<Row> {
        let files = shared.objects.iter().filter(|(key, _)| key.starts_with(folder));
        files.flat_map(|(_, object)| &object.rows).copied().collect()
    };
    if let Some(row) = told.aside.difference(&below("errors/")).next() {
        return Err(format!("{row:?} was not set aside"));
    }
    // Where no month expires, every copy is either kept or in the table of copies.
    let copies = below("copies/");
    let kept: BTreeSet<Row> = below("approval_calls/");
    let is_there = |row: &Row| copies.contains(row) || kept.contains(row);
    if told.shortest.is_none() && told.lost == 0 {
        for ((partition, event), all) in told.landed {
            let row = |copy: &u32| Row {
                partition: *partition,
                event: *event,
                copy: *copy,
                malformed: false,
            };
            if let Some(row) = all.iter().map(row).find(|row| !is_there(row)) {
                return Err(format!("{row:?} is in no table"));
            }
        }
    }
    let now = shared.now;
    let Some(days) = told.retention else { return Ok(()) };
    let before = kept_from(now.checked_sub(hours(20 * 24)).unwrap(), days);
    let files = shared.objects.keys().cloned();
    let folders = shared
        .glue
        .keys()
        .flat_map(|prefix| [format!("{prefix}x"), format!("{prefix}{TABLE}-x.parquet")]);
    match files.chain(folders).find(|key| is_before(TABLE, key, &before)) {
        Some(key) => Err(format!("{key} is kept no longer, and is there")),
        None => Ok(()),
    }
}
