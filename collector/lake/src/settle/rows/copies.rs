//! Copies that are rows no more, kept in the table `copies`.

use pipetrail_collector::Table;
use pipetrail_collector::columns::Visitor;
use pipetrail_collector::layout::Partition;
use pipetrail_settlement::entry::Output;
use sha2::{Digest, Sha256};

use super::delivery::says;
use super::job::Job;
use super::outputs::Outputs;
use super::picked::{Pick, whole_row};
use crate::copies_table;
use crate::parquet::{Form, Packer};
use crate::settle::error::SettleError;
use crate::staging::{Aside, Entry, EventCopy, Merged, PartitionError, Reader, Stage};

/// The columns that a copy has as its row had them.
const COLUMNS: [&str; 9] = [
    "event_key",
    "event_time",
    "day",
    "ingested_at",
    "event_id",
    "source",
    "source_file",
    "content_sha256",
    "addendum_of",
];

/// Copies set aside by the month of their partition.
pub(super) struct Copies {
    table: Table,
    stage: Stage,
    pick: Pick,
}

impl Copies {
    /// None yet; `form` is that of the table's rows.
    pub(super) fn new(table: Table, form: &Form, stage: Stage) -> Self {
        let names: Vec<&str> = COLUMNS.iter().chain(says(table)).copied().collect();
        Copies {
            table,
            stage,
            pick: Pick::new(form, &names),
        }
    }

    /// Adds a packed row of a partition; with `whole` all of it is kept.
    ///
    /// # Errors
    /// It cannot be set aside.
    pub(super) fn add(
        &mut self,
        partition: &Partition,
        copy: EventCopy,
        form: &Form,
        packed: &[u8],
        whole: bool,
    ) -> Result<(), std::io::Error> {
        let mut texts = self.pick.texts(form, packed).map_err(std::io::Error::other)?;
        let said = texts
            .split_off(COLUMNS.len().min(texts.len()))
            .into_iter()
            .flatten()
            .next();
        let whole = whole.then(|| whole_row(form, packed)).transpose();
        let whole = whole.map_err(std::io::Error::other)?;
        let account = format!("{:012}", copy.identity.account);
        let [key, time, day, arrival, id, source, file, content, addendum_of] = texts.try_into().unwrap_or_default();
        // There the day is the partition's key, and no column.
        let day = match self.table {
            Table::Heartbeats => partition.values.last().cloned(),
            _ => day,
        };
        let prefix = format!("copies/month={}/", partition.month());
        self.stage.add(&prefix, copy, |out| {
            let mut row = Packer::new(out);
            row.string(Some(self.table.name()));
            row.string(Some(&account));
            row.string(key.as_deref());
            row.string(time.as_deref());
            row.bigint(Some(copy.ms));
            for text in [day, arrival, id, source, file, content, addendum_of, said, whole] {
                row.string(text.as_deref());
            }
        })
    }

    /// No more come.
    pub(super) fn into_stage(self) -> Stage {
        self.stage
    }
}

/// Writes copies that were set aside, a file for each month.
///
/// # Errors
/// They cannot be read back, or a file cannot be written.
pub(super) fn write(job: &Job, outputs: &Outputs<'_>, aside: &Aside) -> Result<Vec<Output>, SettleError> {
    let form = Form::with(copies_table::COLUMNS);
    let unreadable = |cause| SettleError::Spill {
        folder: job.limits.temp.clone(),
        cause,
    };
    let mut written = Vec::new();
    let mut months = Merged::of(aside).map_err(unreadable)?;
    while let Some(rows) = months.next(job.limits.memory as u64).map_err(unreadable)? {
        let reader = Reader::open(&rows)?;
        let entries = in_order(&reader)?;
        let key = outputs.of_copies(&rows.prefix);
        let file = outputs.file(&key, &form)?;
        let file = reader.write(&entries, &form, file)?;
        written.push(outputs.finished(key, file)?);
    }
    Ok(written)
}

/// The copies by time, by key, and by what they say, so that the same ones always make the same file.
fn in_order(reader: &Reader<'_>) -> Result<Vec<Entry>, PartitionError> {
    let mut scratch = Vec::new();
    let mut entries = Vec::new();
    for entry in reader.entries()? {
        let bytes = Sha256::digest(reader.row(&entry, &mut scratch)?);
        entries.push((entry.copy.ms, entry.copy.identity.key, entry.copy, bytes, entry));
    }
    entries.sort_by_key(|(ms, key, copy, bytes, _)| (*ms, *key, *copy, *bytes));
    Ok(entries.into_iter().map(|(.., entry)| entry).collect())
}
