//! A lake as a place to settle in: a folder or a bucket, with or without a catalogue.

mod aside;
mod delete;
mod entries;
mod inspect;
mod listing;
mod partitions;

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use pipetrail_collector::Table;
use pipetrail_collector::layout::{Partition, copies_month, landing};
use pipetrail_settlement::choice::{CLOSED, Listed};
use pipetrail_settlement::entry::Aside;
use pipetrail_settlement::log::Stored;
use pipetrail_settlement::{Inspected, Merge, Seen, World};
use tokio::runtime::Handle;

use super::error::SettleError;
use super::rows::{self, Job, Tier};
use crate::catalog::Catalog;
use crate::staging::{Limits, is_data, is_visible};
use crate::store::Lake;
use crate::tiers::COPIES;

/// What the names of files of arrival days begin with.
const RUN: &str = "run-";

/// How many files are looked at at the same time.
const AT_ONCE: usize = 16;

/// One table of a lake.
#[derive(Clone, Debug)]
pub struct Objects {
    lake: Lake,
    table: Table,
    limits: Limits,
    catalog: Option<Catalog>,
    now: Option<Timestamp>,
}

impl Objects {
    /// Of that table. Where partitions are registered in `catalog`, queries see new ones before their rows are
    /// entered. With `now` that is the time, whatever the store's clock says: for lakes whose days are made up.
    pub fn new(lake: Lake, table: Table, limits: Limits, catalog: Option<Catalog>, now: Option<Timestamp>) -> Self {
        Objects {
            lake,
            table,
            limits,
            catalog,
            now,
        }
    }
}

impl World for Objects {
    type Error = SettleError;

    async fn last_entry(&self) -> Result<u64, SettleError> {
        entries::last(&self.lake, self.table).await
    }

    async fn entry(&self, seq: u64) -> Result<Option<Stored>, SettleError> {
        let found = entries::get(&self.lake, self.table, seq).await?;
        Ok(found.map(|(bytes, written)| Stored {
            seq,
            // Where the time is made up, so is that of the entries.
            written: self.now.and_then(|_| entries::at(&bytes)).unwrap_or(written),
            bytes,
        }))
    }

    async fn append(&self, seq: u64, bytes: &[u8]) -> Result<bool, SettleError> {
        entries::put(&self.lake, self.table, seq, bytes).await
    }

    async fn clock(&self) -> Result<Timestamp, SettleError> {
        match self.now {
            Some(now) => Ok(now),
            None => entries::clock(&self.lake, self.table).await,
        }
    }

    async fn landing(&self) -> Result<Vec<Listed>, SettleError> {
        // What Athena reads too, whatever it is called.
        listing::files(&self.lake, &landing(self.table), is_visible, |_| true).await
    }

    async fn partitions(&self) -> Result<Vec<Listed>, SettleError> {
        let is_one = |key: &str| Partition::from_key(key).is_some();
        listing::files(&self.lake, self.table.name(), is_data, is_one).await
    }

    async fn copies(&self) -> Result<Vec<Listed>, SettleError> {
        let is_one = |key: &str| copies_month(self.table, key).is_some();
        let mut files = listing::files(&self.lake, COPIES, is_data, is_one).await?;
        // Where the time is made up, no file is old.
        files
            .iter_mut()
            .for_each(|file| file.written = self.now.unwrap_or(file.written));
        Ok(files)
    }

    async fn head(&self, key: &str) -> Result<Option<(u64, String)>, SettleError> {
        listing::head(&self.lake, key).await
    }

    async fn inspect(&self, files: &[&Listed]) -> Result<Vec<Inspected>, SettleError> {
        let looks = files.iter().map(|file| inspect::inspect(&self.lake, self.table, file));
        futures::stream::iter(looks).buffered(AT_ONCE).try_collect().await
    }

    async fn copy_aside(&self, file: &Listed, why: &str) -> Result<Option<Aside>, SettleError> {
        let copy = aside::copy(&self.lake, self.table, file).await?;
        Ok(copy.map(|copy| Aside {
            key: file.key.clone(),
            etag: file.etag.clone(),
            size: file.size,
            copy,
            why: why.to_owned(),
        }))
    }

    async fn merge(
        &self,
        files: &[&Listed],
        into: pipetrail_settlement::Becomes,
        kept_from: Option<&str>,
    ) -> Result<Merge, SettleError> {
        let (tier, prefix) = match into {
            pipetrail_settlement::Becomes::Runs => (Tier::Landing, RUN),
            pipetrail_settlement::Becomes::Closed => (Tier::Partition, CLOSED),
        };
        let job = Job {
            lake: self.lake.clone(),
            table: self.table,
            limits: self.limits.clone(),
            files: files.iter().copied().cloned().collect(),
            tier,
            prefix,
            whole: rows::WHOLE,
            kept_from: kept_from.map(str::to_owned),
            catalog: self.catalog.clone(),
            handle: Handle::current(),
        };
        // The store is talked to on this thread, while that one packs and unpacks rows.
        let merged = tokio::task::spawn_blocking(move || rows::merge(&job)).await;
        merged.map_err(|_| SettleError::Worker)?
    }

    async fn register(&self, partitions: &BTreeSet<String>) -> Result<Seen, SettleError> {
        match &self.catalog {
            None => Ok(Seen::default()),
            Some(catalog) => {
                let registered = catalog.register(&self.lake.location, partitions).await?;
                Ok(Seen {
                    repaired: registered.created,
                    since: registered.since,
                })
            }
        }
    }

    async fn unregister_before(&self, month: &str) -> Result<(), SettleError> {
        match &self.catalog {
            None => Ok(()),
            Some(catalog) => partitions::unregister(catalog, &self.lake, self.table, month).await,
        }
    }

    async fn delete(&self, files: &[(&str, &str)]) -> Result<BTreeSet<String>, SettleError> {
        Ok(delete::delete(&self.lake, files).await)
    }
}

#[cfg(test)]
mod tests;
