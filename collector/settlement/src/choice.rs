//! What a run does next: pure choices over what the log says and what lies in the store.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use pipetrail_collector::Table;
use pipetrail_collector::layout::{Partition, arrival_day, is_before};

use super::entry::{Output, What, folder};
use super::log::{Kept, Log};

/// A file that lies in the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the lake.
    pub key: String,
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was written, by the store's clock.
    pub written: Timestamp,
}

/// How long after its end an arrival day is settled: Firehose holds a buffer for up to 15 minutes, and
/// S3's clock is not ours.
const DAY_REST: SignedDuration = SignedDuration::from_hours(2);

/// How long after its end a month, or a day of heartbeats, is closed: what comes later is late by days.
const CLOSE_REST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long a closed partition waits before late rows are worth another close.
const CLOSE_AGAIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How old an entry must be before its inputs go: longer than any query runs. Athena's limit is four
/// hours at most.
pub const GRACE: SignedDuration = SignedDuration::from_hours(6);

/// How old a file of copies is that no entry will name any more: no run that is older than half of it enters
/// anything. And how old the oldest is that is looked at: those before were looked at every day.
const STRAY: (SignedDuration, SignedDuration) = (SignedDuration::from_hours(24), SignedDuration::from_hours(8 * 24));

/// What the name of a closed partition's file begins with.
pub const CLOSED: &str = "closed-";

/// Files of landing that wait to be settled: those of days that are over, up to so many bytes, the oldest day
/// alone. Empty where nothing waits.
pub fn day<'l>(table: Table, log: &Log, landing: &'l [Listed], now: Timestamp, bytes: u64) -> Vec<&'l Listed> {
    let mut waiting: Vec<(&str, &Listed)> = (landing.iter())
        .filter(|file| !log.holds(&file.key, &file.etag))
        .filter_map(|file| Some((arrival_day(table, &file.key)?, file)))
        .filter(|(day, _)| is_over(day, now))
        .collect();
    waiting.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
    let first = waiting.first().map_or("", |(day, _)| day);
    let of_day = waiting.into_iter().filter(|(day, _)| *day == first);
    up_to(bytes, of_day.map(|(_, file)| file))
}

/// The oldest arrival day of which a file waits, those that are not over among them.
pub fn waits_since<'l>(table: Table, log: &Log, landing: &'l [Listed]) -> Option<&'l str> {
    let waiting = landing.iter().filter(|file| !log.holds(&file.key, &file.etag));
    waiting.filter_map(|file| arrival_day(table, &file.key)).min()
}

/// Files of partitions that wait to be closed, whole partitions up to so many bytes. `skipped` are folders that
/// could not be closed before; months before `kept_from` expire instead.
pub fn close<'l>(
    log: &Log,
    files: &'l [Listed],
    now: Timestamp,
    bytes: u64,
    skipped: &BTreeSet<String>,
    kept_from: Option<&str>,
) -> Vec<&'l Listed> {
    let mut folders: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for file in files.iter().filter(|file| !log.holds(&file.key, &file.etag)) {
        folders.entry(folder(&file.key)).or_default().push(file);
    }
    folders.retain(|folder, files| !skipped.contains(*folder) && wants_close(files, now, kept_from));
    let (mut chosen, mut sum) = (Vec::new(), 0_u64);
    for files in folders.into_values() {
        let size: u64 = files.iter().map(|file| file.size).sum();
        if !chosen.is_empty() && sum.saturating_add(size) > bytes {
            break;
        }
        sum = sum.saturating_add(size);
        chosen.extend(files);
    }
    chosen
}

/// Whether the files of a folder should become one.
fn wants_close(files: &[&Listed], now: Timestamp, kept_from: Option<&str>) -> bool {
    let Some(first) = files.first() else { return false };
    let partition = Partition::from_key(&first.key);
    let partition = partition.filter(|partition| kept_from.is_none_or(|month| partition.month() >= month));
    let Some(end) = partition.and_then(|partition| end(&partition)) else {
        return false;
    };
    let (closed, others): (Vec<&&Listed>, Vec<&&Listed>) =
        files.iter().partition(|file| name(&file.key).starts_with(CLOSED));
    // A closed file with older ones beside it is of a close that did not come to its entry.
    let rested = closed.iter().map(|file| file.written).max().is_none_or(|latest| {
        now.duration_since(latest) >= CLOSE_AGAIN || others.iter().any(|file| file.written < latest)
    });
    files.len() > 1 && now.duration_since(end) >= CLOSE_REST && rested
}

/// The files of months that ended more than so many days ago, those of copies among them.
pub fn expired<'l>(
    table: Table,
    log: &Log,
    files: impl Iterator<Item = &'l Listed>,
    now: Timestamp,
    days: u32,
) -> (String, Vec<&'l Listed>) {
    let before = kept_from(now, days);
    let goes = |file: &&Listed| is_before(table, &file.key, &before) && !log.holds(&file.key, &file.etag);
    let files = files.filter(goes).collect();
    (before, files)
}

/// Files of copies that are as old as one that nobody names may be, to be deleted where no entry does.
pub fn maybe_strays(copies: &[Listed], now: Timestamp) -> Vec<&Listed> {
    let (from, until) = STRAY;
    let is_of_age = |file: &&Listed| (from..until).contains(&now.duration_since(file.written));
    copies.iter().filter(is_of_age).collect()
}

/// The first month that is kept, where months are kept for so many days after their end.
pub fn kept_from(now: Timestamp, days: u32) -> String {
    let begin = now.checked_sub(SignedDuration::from_hours(24 * i64::from(days)));
    let begin = begin.unwrap_or(Timestamp::MIN).to_zoned(TimeZone::UTC);
    begin.strftime("%Y-%m").to_string()
}

/// The key of an output of which the rows are nowhere: it is not what the entry says, and no later entry has
/// them. Months before `kept_from` need none. `there` is the question whether an output lies in the lake.
pub fn unproven(log: &Log, kept: &Kept, kept_from: Option<&str>, there: &dyn Fn(&Output) -> bool) -> Option<String> {
    let is_kept = |output: &&Output| {
        let partition = Partition::from_key(&output.key);
        kept_from.is_none_or(|month| partition.is_none_or(|partition| partition.month() >= month))
    };
    let mut outputs = kept.entry.what.outputs().iter().filter(is_kept);
    let missing = outputs.find(|output| !log.survives(output, there));
    missing.map(|output| output.key.clone())
}

/// The partitions that queries must see before an entry's inputs go, by prefix: those of its outputs that have
/// `files`, for an expired one has none any more, and those of its copies that are kept.
pub fn partitions(table: Table, what: &What, files: &BTreeSet<&str>, kept_from: Option<&str>) -> BTreeSet<String> {
    let prefix = |output: &Output| Partition::from_key(&output.key).map(|partition| partition.prefix());
    let prefixes = what.outputs().iter().filter_map(prefix);
    let is_kept = |output: &&Output| kept_from.is_none_or(|month| !is_before(table, &output.key, month));
    let copies = what.copies().iter().filter(is_kept);
    let copies = copies.map(|output| format!("{}/", folder(&output.key)));
    prefixes
        .filter(|prefix| {
            files
                .range(&**prefix..)
                .next()
                .is_some_and(|key| key.starts_with(prefix))
        })
        .chain(copies)
        .collect()
}

/// Whether an arrival day is over for good.
fn is_over(day: &str, now: Timestamp) -> bool {
    let end = day.parse::<Date>().ok().and_then(|day| midnight(day.tomorrow().ok()?));
    end.is_some_and(|end| now.duration_since(end) >= DAY_REST)
}

/// When a partition's month or day ends.
fn end(partition: &Partition) -> Option<Timestamp> {
    let last = partition.values.last()?;
    if last.len() == 10 {
        return midnight(last.parse::<Date>().ok()?.tomorrow().ok()?);
    }
    let first: Date = format!("{last}-01").parse().ok()?;
    midnight(first.checked_add(Span::new().months(1)).ok()?)
}

fn midnight(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}

/// The first ones of so many bytes together; one at least.
fn up_to<'l>(bytes: u64, files: impl Iterator<Item = &'l Listed>) -> Vec<&'l Listed> {
    let mut sum = 0_u64;
    let mut chosen = Vec::new();
    for file in files {
        sum = sum.saturating_add(file.size);
        if !chosen.is_empty() && sum > bytes {
            break;
        }
        chosen.push(file);
    }
    chosen
}

#[cfg(test)]
mod tests;
