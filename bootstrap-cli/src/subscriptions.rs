//! Who gets alerts: what the commands `subscribe`, `subscriptions` and `unsubscribe` share.
//!
//! Endpoints and filters are pure; only [`topics`] and [`make`] ask AWS, and only the audit account.

#[cfg(test)]
pub(crate) mod canned;
pub mod change;
pub mod endpoint;
mod error;
pub mod filter;
pub mod listing;
pub mod make;
pub mod remaining;
pub mod topics;

pub use error::Refused;
