//! What a run may do, what it did, and what ends it.

use std::time::Instant;

use jiff::Timestamp;
use pipetrail_collector::Table;
use serde::Serialize;
use thiserror::Error;

use crate::entry::Equation;
use crate::log::LogError;

/// What a run may do.
#[derive(Clone, Debug)]
pub struct Task {
    pub lake: String,
    pub table: Table,
    /// What it takes for now.
    pub now: Timestamp,
    /// Most bytes of files that one unit reads.
    pub bytes: u64,
    /// Days for which a month is kept after its end; for ever without.
    pub retention: Option<u32>,
    /// Whether it expires, deletes what entries took, and compares the catalogue: once a day is enough.
    pub tidies: bool,
    /// Whether it makes one file of each partition that is over.
    pub closes: bool,
    /// When it must have ended.
    pub ends: Option<Instant>,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Units of arrival days.
    pub days: u64,
    /// Units of closes.
    pub closes: u64,
    /// The rows of arrival days.
    pub settled: Equation,
    /// The rows of closes.
    pub closed: Equation,
    /// Files that were set aside.
    pub set_aside: Vec<Problem>,
    /// Files of months that are kept no longer.
    pub expired: u64,
    /// Entries whose files stay after all, because months are kept for longer now.
    pub released: u64,
    /// Files that were deleted.
    pub deleted: u64,
    /// Files of copies that were deleted because no entry names them: a run ended before its entry.
    pub strays: u64,
    /// Files that stay as they are, and why.
    pub left: Vec<Problem>,
    /// Partitions that queries did not see.
    pub repaired: u64,
    /// The oldest arrival day of which a file waits, `yyyy-mm-dd`.
    pub waits_since: Option<String>,
    /// Whether something waits for the next run.
    pub unfinished: bool,
}

/// A file, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub key: String,
    pub why: String,
}

/// How a run ended: what it did, whatever ended it.
#[derive(Debug)]
pub struct Ended<E> {
    pub done: Done,
    /// What ended it before its end. What has an entry is done.
    pub error: Option<RunError<E>>,
}

impl<E> Ended<E> {
    /// What it did, where it came to its end.
    ///
    /// # Errors
    /// What ended it.
    pub fn result(self) -> Result<Done, RunError<E>> {
        match self.error {
            None => Ok(self.done),
            Some(error) => Err(error),
        }
    }
}

/// What ends a run.
#[derive(Debug, Error)]
pub enum RunError<E> {
    #[error(transparent)]
    Log(#[from] LogError),
    /// Other runs were always faster.
    #[error("other runs settle table {0} at the same time")]
    Races(Table),
    /// What it did is not what an entry can say.
    #[error("nothing was entered: {0}; this is a bug in pipetrail")]
    Entry(String),
    /// Too long after it began.
    #[error("the run on table {0} took more than 12 hours; nothing more is written")]
    Late(Table),
    #[error(transparent)]
    World(E),
}
