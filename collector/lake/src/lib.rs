//! Everything that reads or writes a lake: a folder or bucket of Parquet files in the layout of
//! `pipetrail_collector::layout`.
//!
//! [`audits`] are SQL by name, `engine` answers SQL, `ingest` makes rows of event files, `parquet`
//! writes them, `store` says where a lake is, `catalog` registers partitions in Glue. What links a
//! large library stands behind a feature, so that a Lambda function links only what it uses.

pub mod answer;
pub mod audits;
#[cfg(any(feature = "athena", feature = "catalog"))]
mod call;
#[cfg(all(test, feature = "athena"))]
mod canned;
#[cfg(feature = "catalog")]
pub mod catalog;
pub mod engine;
pub mod hostile;
#[cfg(feature = "ingest")]
pub mod ingest;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(feature = "lambda")]
pub mod partition;
#[cfg(feature = "store")]
pub mod store;

#[cfg(any(feature = "athena", feature = "catalog"))]
pub use call::{CallError, Fault};
