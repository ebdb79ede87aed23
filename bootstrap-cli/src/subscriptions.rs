//! Who gets alerts: what the commands `subscribe`, `subscriptions` and `unsubscribe` share.
//!
//! Endpoints and filters are pure; only [`topics`] and [`make`] ask AWS, and only the audit account.

#[cfg(test)]
pub(crate) mod canned;
pub(crate) mod change;
pub(crate) mod endpoint;
pub(crate) mod filter;
pub(crate) mod listing;
pub(crate) mod make;
pub(crate) mod remaining;
pub(crate) mod topics;
