//! Everything that reads or writes a lake: a folder or bucket of Parquet files in the layout of
//! `pipetrail_collector::layout`.
//!
//! [`audits`] are SQL by name, `engine` answers SQL, `heard` asks what was heard from whom, `ingest` makes rows
//! of event files, `settle` turns what arrived into partitions, `parquet` writes rows, `store` says where a lake
//! is, `catalog` registers partitions in Glue. What links a large library stands behind a feature, so that a
//! Lambda function links only what it uses.

pub mod answer;
pub mod audits;
#[cfg(any(feature = "athena", feature = "catalog"))]
mod call;
#[cfg(feature = "catalog")]
pub mod catalog;
pub mod copies_table;
pub mod engine;
#[cfg(feature = "athena")]
pub mod heard;
pub mod hostile;
#[cfg(feature = "ingest")]
pub mod ingest;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(feature = "settle")]
pub mod settle;
#[cfg(feature = "staging")]
mod staging;
#[cfg(feature = "store")]
pub mod store;
pub mod tiers;

#[cfg(any(feature = "athena", feature = "catalog"))]
pub use call::{CallError, Fault};
