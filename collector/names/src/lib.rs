//! What the collector and the roll-out have to agree on without knowing each other: ids of AWS, each
//! parsed once, and the fixed names of pipetrail's resources.
//!
//! Policies in member accounts and in the audit account pin these names, so changing one is a change
//! of the contract between them.

mod account_region;
pub mod audit;
mod chain;
mod id;
pub mod member;

pub use account_region::AccountRegion;
pub use chain::chain;
pub use id::{AccountId, IdError, OuId, Region, RoleArn, partition};

/// The tag of every stack and stack set of ours, key and value: what lacks it is somebody else's.
pub const OUR_TAG: (&str, &str) = ("managed-by", "pipetrail");
