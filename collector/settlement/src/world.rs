//! What a run needs of the store, the catalogue and the rows. The lake itself is one such world; the
//! simulation that tests the protocol is the other.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::choice::Listed;
use super::entry::{Aside, Settled};
use super::log::Stored;

/// A place to settle in. Keys are relative to the lake.
#[expect(
    async_fn_in_trait,
    reason = "both worlds are of this crate, and neither is shared between threads"
)]
pub trait World {
    /// What can go wrong in it.
    type Error: std::error::Error;

    /// The number of the log's last entry; 0 where there is none.
    async fn last_entry(&self) -> Result<u64, Self::Error>;

    /// An entry of the log; `None` where there is none of that number.
    async fn entry(&self, seq: u64) -> Result<Option<Stored>, Self::Error>;

    /// Puts an entry, unless there is one of that number: then `false`.
    async fn append(&self, seq: u64, bytes: &[u8]) -> Result<bool, Self::Error>;

    /// The store's own clock.
    async fn clock(&self) -> Result<Timestamp, Self::Error>;

    /// The files of the table's landing.
    async fn landing(&self) -> Result<Vec<Listed>, Self::Error>;

    /// The files of the table's partitions.
    async fn partitions(&self) -> Result<Vec<Listed>, Self::Error>;

    /// The files of copies that were taken out of the table.
    async fn copies(&self) -> Result<Vec<Listed>, Self::Error>;

    /// Bytes and ETag of a file, where there is one.
    async fn head(&self, key: &str) -> Result<Option<(u64, String)>, Self::Error>;

    /// Looks at the footers of files of landing.
    async fn inspect(&self, files: &[&Listed]) -> Result<Vec<Inspected>, Self::Error>;

    /// Keeps a copy of a file that cannot be read.
    async fn copy_aside(&self, file: &Listed, why: &str) -> Result<Option<Aside>, Self::Error>;

    /// Turns the rows of files into new files, one per partition; `kept_from` is the first month that is
    /// kept. The outputs' partitions are seen by queries afterwards.
    async fn merge(&self, files: &[&Listed], into: Becomes, kept_from: Option<&str>) -> Result<Merge, Self::Error>;

    /// Makes queries see partitions, by prefix.
    async fn register(&self, partitions: &BTreeSet<String>) -> Result<Seen, Self::Error>;

    /// Takes the partitions of months before this one out of the catalogue that have no file any more.
    async fn unregister_before(&self, month: &str) -> Result<(), Self::Error>;

    /// Deletes files that have these ETags; the keys of those that could not be. What is gone, or is another file
    /// by now, counts as done.
    async fn delete(&self, files: &[(&str, &str)]) -> Result<BTreeSet<String>, Self::Error>;
}

/// Since when queries see partitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many they did not see before.
    pub repaired: usize,
    /// When the newest of them was registered, by the catalogue's clock; `None` where there is no catalogue.
    pub since: Option<Timestamp>,
}

/// What a look at a file's footer shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// It can be settled.
    Good,
    /// It is gone by now, or another file.
    Changed,
    /// It never can; a reason, for people.
    Damaged(String),
    /// A newer version can: it has this column.
    Newer(String),
}

/// What files are made of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// Files beside others.
    Runs,
    /// The only file of each partition.
    Closed,
}

/// What became of the rows of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Files of these, the inputs among them that were read.
    Settled(Settled),
    /// Nothing: a file is gone by now, or another one.
    Changed,
    /// Nothing: this file cannot be read to its end, for this reason.
    Damaged(String, String),
}
