//! Where records go, and which.

use pipetrail_collector::Table;
use pipetrail_collector::time::Instant;

use super::progress::Progress;
use super::reject::Rejects;
use crate::staging::Limits;

/// Where records go, and which.
#[derive(Clone, Copy)]
pub struct To<'t> {
    /// Memory and workers.
    pub limits: &'t Limits,
    /// What is refused.
    pub rejects: &'t Rejects,
    /// Whether rows of the lake are read too, and Parquet files, which have them.
    pub rows: bool,
    /// Events of months before this one, `yyyy-mm`, are kept no longer.
    pub kept_from: Option<&'t str>,
    /// The one table that rows are made of; `None` is all of them.
    pub only: Option<Table>,
    /// `ingested_at` of the rows.
    pub ingested: Instant,
    /// Who hears of the bytes read.
    pub progress: &'t dyn Progress,
}
