//! What stands and what was heard, and the verdict on every account and region.

pub mod heard;
pub mod judgement;
pub mod listing;
pub mod reader;
pub mod select;
pub mod verdict;
