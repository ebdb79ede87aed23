//! Rows as they are read, set aside by the partition that they belong to.

use std::collections::HashSet;

use arrow_array::RecordBatch;
use pipetrail_collector::Table;
use pipetrail_collector::columns::ColumnType;
use pipetrail_collector::layout::Partition;
use pipetrail_settlement::choice::Listed;

use super::delivery::rank;
use super::job::Job;
use super::rejected::Rejected;
use super::shape::Tier;
use super::stop::Stop;
use super::values::{Column, Columns};
use crate::parquet::{Form, Packer};
use crate::settle::error::SettleError;
use crate::staging::{EventCopy, Identity, Stage, account, hash, key};

/// Most prefixes that are remembered as good ones.
const KNOWN: usize = 100_000;

/// Where rows go.
pub(super) struct Gather<'j> {
    job: &'j Job,
    form: &'j Form,
    stage: Stage,
    rejected: Rejected<'j>,
    /// Prefixes that are partitions'.
    known: HashSet<String>,
    expired: u64,
}

/// What was read.
pub(super) struct Gathered<'j> {
    pub stage: Stage,
    pub rejected: Rejected<'j>,
    /// Rows of months that are kept no longer.
    pub expired: u64,
}

impl<'j> Gather<'j> {
    pub(super) fn new(job: &'j Job, form: &'j Form, stage: Stage, rejected: Rejected<'j>) -> Self {
        Gather {
            job,
            form,
            stage,
            rejected,
            known: HashSet::new(),
            expired: 0,
        }
    }

    pub(super) fn finish(self) -> Gathered<'j> {
        Gathered {
            stage: self.stage,
            rejected: self.rejected,
            expired: self.expired,
        }
    }

    /// Adds rows of a file.
    ///
    /// # Errors
    /// Its columns are not what its footer said, or rows cannot be set aside.
    pub(super) fn add(&mut self, file: &Listed, batch: &RecordBatch) -> Result<(), Stop> {
        let damaged = |why| Stop::Damaged(file.key.clone(), why);
        let columns = Columns::of(batch, self.form).map_err(damaged)?;
        let named = Named::of(self.job, file, batch).map_err(damaged)?;
        for row in 0..batch.num_rows() {
            let (account_id, period) = (named.account.text(row), named.period.text(row));
            let Some((copy, partition, prefix)) = self.placed(&named, row) else {
                self.rejected.add(&columns, row, account_id, period)?;
                continue;
            };
            if self
                .job
                .kept_from
                .as_deref()
                .is_some_and(|month| partition.month() < month)
            {
                self.expired += 1;
                continue;
            }
            let pack = |out: &mut Vec<u8>| columns.show(row, &mut Packer::new(out));
            let added = self.stage.add(&prefix, copy, pack);
            added.map_err(|cause| SettleError::Spill {
                folder: self.job.limits.temp.clone(),
                cause,
            })?;
        }
        Ok(())
    }

    /// Which event a row is about, and where it belongs; nowhere if one of the two is malformed.
    fn placed(&mut self, named: &Named, row: usize) -> Option<(EventCopy, Partition, String)> {
        let account_id = named.account.text(row)?;
        let identity = Identity {
            account: account(account_id.as_bytes())?,
            key: key(named.key.text(row)?.as_bytes())?,
        };
        let ms = named.ms.bigint(row)?;
        let period = named.period.text(row)?.to_owned();
        let table = self.job.table;
        let values = match table {
            Table::Heartbeats => vec![period],
            _ => vec![account_id.to_owned(), period],
        };
        let partition = Partition { table, values };
        let prefix = partition.prefix();
        if !self.known.contains(&prefix) {
            // What comes back must be what went in: a slash in a value would make a folder of it.
            let read = Partition::from_key(&format!("{prefix}-"));
            read.filter(|read| *read == partition)?;
            if self.known.len() >= KNOWN {
                self.known.clear();
            }
            self.known.insert(prefix.clone());
        }
        let is_addendum = named.addendum_of.text(row).is_some();
        let copy = EventCopy {
            identity,
            content: named
                .content
                .text(row)
                .and_then(|text| hash(text.as_bytes()))
                .unwrap_or_default(),
            addendum: is_addendum,
            ms,
            rank: rank(table, named.source.text(row), is_addendum),
        };
        Some((copy, partition, prefix))
    }
}

/// The columns that say what a row is.
struct Named {
    account: Given,
    period: Given,
    key: Column,
    ms: Column,
    content: Column,
    addendum_of: Column,
    source: Column,
}

impl Named {
    fn of(job: &Job, file: &Listed, batch: &RecordBatch) -> Result<Self, String> {
        let text = |name: &str| Column::of(batch, name, ColumnType::String);
        let partition = match job.tier {
            Tier::Landing => None,
            Tier::Partition => Some(Partition::from_key(&file.key).ok_or("it lies in no partition's folder")?),
        };
        // What the folder says counts; where it says nothing, the column does.
        let given = |name: &str| -> Result<Given, String> {
            let keys = job.table.partition_keys().iter();
            let values = partition.iter().flat_map(|partition| &partition.values);
            let said = keys.zip(values).find(|(key, _)| **key == name);
            match said {
                Some((_, value)) => Ok(Given::Folder(value.clone())),
                None => text(name).map(Given::Column),
            }
        };
        let period = job.table.partition_keys().last().copied().unwrap_or("month");
        Ok(Named {
            account: given("account_id")?,
            period: given(period)?,
            key: text("event_key")?,
            ms: Column::of(batch, "event_ms", ColumnType::Bigint)?,
            content: text("content_sha256")?,
            addendum_of: text("addendum_of")?,
            source: text("source")?,
        })
    }
}

/// What is the same for a whole file, or stands in each row.
enum Given {
    Folder(String),
    Column(Column),
}

impl Given {
    fn text(&self, row: usize) -> Option<&str> {
        match self {
            Given::Folder(value) => Some(value),
            Given::Column(column) => column.text(row),
        }
    }
}
