//! An account and region: where a member's stack is.

use std::fmt;
use std::str::FromStr;

use crate::{AccountId, IdError, Region};

/// An account and region, `<account>/<region>` for people, in JSON and as its keys.
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

impl FromStr for AccountRegion {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (account, region) = text.split_once('/').ok_or(IdError {
            expected: "an account and a region, for example \"111122223333/eu-central-1\"",
        })?;
        Ok(AccountRegion {
            account: account.parse()?,
            region: region.parse()?,
        })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for AccountRegion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for AccountRegion {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written_and_nothing_else_is() {
        let at: AccountRegion = "111122223333/eu-central-1".parse().unwrap();
        assert_eq!(at.to_string().parse(), Ok(at));
        for text in [
            "",
            "111122223333",
            "111122223333/",
            "/eu-central-1",
            "1/eu-central-1",
            "111122223333/eu/central",
        ] {
            assert!(text.parse::<AccountRegion>().is_err(), "{text}");
        }
    }
}
