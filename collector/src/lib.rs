//! From EventBridge envelopes to rows, evidence and alerts; and the audit account's templates.
//!
//! Reading, sorting, redacting and deciding are pure ([`event`], [`rows`], [`redact`], [`transform`],
//! [`decision`], [`gates`]). The handler around AWS calls (`approval`) stands behind the feature `aws`, so that
//! λ transform links no AWS SDK. Whatever reads or writes a lake is above, in `pipetrail-lake`.

pub mod alert;
#[cfg(feature = "aws")]
pub mod approval;
#[cfg(feature = "aws")]
pub mod aws;
pub mod columns;
pub mod decision;
pub mod event;
pub mod evidence;
#[cfg(test)]
mod fixtures_test;
pub mod gates;
pub mod json;
mod key;
#[cfg(test)]
mod lake_doc_test;
pub mod layout;
pub mod principal;
pub mod redact;
pub mod rows;
pub mod sqs;
pub mod tables;
pub mod telemetry;
pub mod templates;
pub mod time;
pub mod transform;
pub mod write;

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
