//! What became of the partitions, added up: there may be many.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_collector::layout::Partition;
use serde::Serialize;

use super::failed::Failed;
use super::partition::Written;
use crate::staging::PartitionError;

/// What became of all partitions.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// New rows by table.
    pub(super) tables: BTreeMap<&'static str, u64>,
    pub(super) duplicates: u64,
    pub(super) conflicts: u64,
    /// The first of the conflicts.
    pub(super) conflicting: Vec<Conflict>,
    /// Partitions that hold the rows now, by prefix.
    pub(super) touched: BTreeSet<String>,
    /// Partitions that got a new file.
    pub(super) partitions: u64,
    /// Rows of those that failed.
    pub(super) unwritten: u64,
    pub(super) failed: Vec<Failed>,
}

/// An event of which copies say different things.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Conflict {
    pub account_id: String,
    pub table: &'static str,
    pub event_key: String,
}

/// Most conflicts that are named; the audit `conflicts` lists all.
const NAMED: usize = 20;

impl Outcomes {
    /// Adds that of a partition of so many rows.
    pub(super) fn add(&mut self, partition: &Partition, rows: u64, written: Result<Written, PartitionError>) {
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                self.unwritten += rows;
                return self.failed.push(Failed {
                    place: partition.prefix(),
                    reason: error.to_string(),
                    hint: error.hint().map(str::to_owned),
                });
            }
        };
        self.touched.insert(partition.prefix());
        if written.rows > 0 {
            self.partitions += 1;
            *self.tables.entry(partition.table.name()).or_default() += written.rows;
        }
        self.duplicates += written.duplicates;
        self.conflicts += written.conflicts.len() as u64;
        self.conflicting.extend(written.conflicts.iter().map(|copy| Conflict {
            account_id: format!("{:012}", copy.identity.account),
            table: partition.table.name(),
            event_key: hex::encode(copy.identity.key),
        }));
        // Partitions end in no order.
        self.conflicting.sort_unstable();
        self.conflicting.truncate(NAMED);
    }
}
