//! An account and region, as a key of JSON objects: `111122223333/eu-central-1`.

use std::fmt;

use pipetrail_names::{AccountId, Region};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An account and region that has a stack, or should have one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub account: AccountId,
    pub region: Region,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (account, region) = text
            .split_once('/')
            .ok_or_else(|| D::Error::custom("expected an account, / and a region"))?;
        Ok(Place {
            account: account.parse().map_err(D::Error::custom)?,
            region: region.parse().map_err(D::Error::custom)?,
        })
    }
}
