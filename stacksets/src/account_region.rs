//! An account and a region: where a stack instance is.

use std::fmt;

use pipetrail_names::{AccountId, Region};
use serde::{Serialize, Serializer};

/// An account and a region, `<account>/<region>` for people and in JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountRegion {
    pub account: AccountId,
    pub region: Region,
}

impl fmt::Display for AccountRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AccountRegion { account, region } = self;
        write!(f, "{account}/{region}")
    }
}

impl Serialize for AccountRegion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
