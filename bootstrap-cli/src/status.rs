//! What stands and what was heard, and the verdict on every account and region.

mod gap;
pub(crate) mod heard;
pub(crate) mod listing;
pub(crate) mod reader;
pub(crate) mod select;
pub(crate) mod trail;
pub(crate) mod verdict;
