//! What is to be done: which files of which table become new ones.

use pipetrail_collector::Table;
use pipetrail_settlement::choice::Listed;
use tokio::runtime::Handle;

use crate::catalog::Catalog;
use crate::staging::Limits;
use crate::store::Lake;

use super::shape::Tier;

/// Files of more bytes are better read in ranges.
pub(in crate::settle) const WHOLE: u64 = 16 << 20;

/// Files to turn into new ones.
#[derive(Clone, Debug)]
pub(in crate::settle) struct Job {
    pub lake: Lake,
    pub table: Table,
    pub limits: Limits,
    pub files: Vec<Listed>,
    /// Where the files lie.
    pub tier: Tier,
    /// What the names of new files begin with.
    pub prefix: &'static str,
    /// Files of more bytes are read in ranges.
    pub whole: u64,
    /// The first month that is kept, `yyyy-mm`.
    pub kept_from: Option<String>,
    /// Where partitions are registered before files lie in them.
    pub catalog: Option<Catalog>,
    /// Of the runtime that talks to the store, on another thread than the job's.
    pub handle: Handle,
}
