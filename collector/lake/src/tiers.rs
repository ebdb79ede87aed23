//! What SQL says of a lake's tiers: the tables' names, which copy of an event counts, and how a statement
//! reads over Glue, which has a table for each tier alone. Pure.
//!
//! Rows land in files of all accounts together, and are settled into the partitions. The plain name of a
//! table is both, each event once. Not here: who reads the files (`engine::embedded`).

mod glue;
mod scope;

use std::fmt;

use pipetrail_collector::Table;

pub use glue::over_glue;

/// The table of the copies of events that were dropped when rows were settled.
pub const COPIES: &str = "copies";

/// The partition keys of [`COPIES`].
pub const COPIES_KEYS: &[&str] = &["month"];

/// A part of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// The partitions.
    Settled,
    /// What has landed and is not settled, and for some hours what is settled too.
    Landing,
    /// Both: every copy of every event.
    Every,
}

impl Tier {
    /// All of them.
    pub const ALL: [Tier; 3] = [Tier::Settled, Tier::Landing, Tier::Every];

    /// This part of a table, as SQL names it.
    pub fn of(self, table: Table) -> TierTable {
        TierTable { tier: self, table }
    }
}

/// A part of a table; shown as its name in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierTable {
    /// Which part.
    pub tier: Tier,
    /// Of which table.
    pub table: Table,
}

impl fmt::Display for TierTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tier = match self.tier {
            Tier::Settled => "settled",
            Tier::Landing => "landing",
            Tier::Every => "every",
        };
        write!(f, "{tier}_{}", self.table)
    }
}

/// Which copies of an event come first, the lowest: what came through the bus, then what was replayed, then
/// what was read from files.
const BY_SOURCE: &str = "CASE WHEN coalesce(source, 'live') = 'live' THEN 0 WHEN source = 'replay' THEN 2 WHEN source = 'backfill:rows' THEN 6 ELSE 4 END";

/// The same, and of each source a record before CloudTrail's addenda to it. Also of [`COPIES`].
pub const BY_SOURCE_AND_ADDENDUM: &str = "CASE WHEN coalesce(source, 'live') = 'live' THEN 0 WHEN source = 'replay' THEN 2 WHEN source = 'backfill:rows' THEN 6 ELSE 4 END + \
     CASE WHEN addendum_of IS NULL THEN 0 ELSE 1 END";

/// Which copies of a table's events come first.
pub fn precedence(table: Table) -> &'static str {
    match table {
        table if table.is_of_calls() => BY_SOURCE_AND_ADDENDUM,
        _ => BY_SOURCE,
    }
}

/// What the copies of an event are ordered by: the first counts.
pub fn order(table: Table) -> String {
    format!(
        "{}, event_time, ingested_at, event_id, content_sha256",
        precedence(table)
    )
}

/// The query that is a table's plain name where there are tiers: of every copy in a partition's month or
/// day the one that counts, with the columns of the table in their order. Filters on account and month, or
/// day, pass through to the files. Its shape is the one that the embedded engine answers without a sort.
pub fn once(table: Table) -> String {
    once_of(table, &Tier::Every.of(table).to_string())
}

/// The same, of the copies that have that name.
fn once_of(table: Table, every: &str) -> String {
    let parts = match table {
        Table::Heartbeats => "account_id, day, event_key",
        _ => "account_id, month, event_key",
    };
    format!(
        "SELECT {} FROM (SELECT *, row_number() OVER (PARTITION BY {parts} ORDER BY {}) AS copy FROM {every}) AS numbered \
         WHERE copy = 1",
        columns(table).join(", "),
        order(table),
    )
}

/// A table's columns, partition keys last, as `SELECT *` gives them.
fn columns(table: Table) -> Vec<&'static str> {
    let columns = table.columns().into_iter().map(|column| column.name);
    columns.chain(table.partition_keys().iter().copied()).collect()
}

#[cfg(test)]
mod tests;
