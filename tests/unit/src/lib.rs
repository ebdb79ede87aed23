//! What unit tests of several packages share.

pub mod answers;
pub mod documents;
