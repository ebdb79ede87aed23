//! What runs in the audit account: from EventBridge envelopes to rows, partitions, evidence and
//! alerts.
//!
//! Reading, sorting, redacting and deciding are pure ([`event`], [`rows`], [`redact`], [`transform`],
//! [`decision`]); the handlers around AWS calls (`approval`, `partition`) stand behind the feature
//! `aws`, so that λ transform links no AWS SDK, and Parquet files behind `parquet`, which no Lambda
//! links: there Firehose writes them.

pub mod alert;
#[cfg(feature = "aws")]
pub mod approval;
#[cfg(feature = "aws")]
pub mod aws;
pub mod columns;
pub mod decision;
pub mod event;
mod evidence;
#[cfg(test)]
mod fixtures_test;
pub mod json;
mod key;
#[cfg(test)]
mod lake_doc_test;
pub mod layout;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(feature = "aws")]
pub mod partition;
pub mod principal;
pub mod redact;
pub mod rows;
pub mod sqs;
pub mod tables;
pub mod telemetry;
pub mod templates;
pub mod time;
pub mod transform;
mod write;

pub use event::{Event, EventError};
pub use key::sha256_hex;
pub use tables::Table;

/// The key of an envelope (see [`Event::key`]), for tools that look for an event in the lake.
///
/// # Errors
/// [`EventError`] when the bytes can become no row.
pub fn event_key(envelope: &[u8]) -> Result<String, EventError> {
    Ok(Event::parse(envelope)?.key())
}
