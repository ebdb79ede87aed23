//! Who gets alerts: what the commands `subscribe`, `subscriptions` and `unsubscribe` share.
//!
//! Endpoints and filters are pure; only [`topics`] and [`make`] ask AWS, and only the audit account.

#[cfg(test)]
pub(crate) mod canned;
pub mod change;
pub mod endpoint;
pub mod filter;
pub mod make;
pub mod remaining;
pub mod topics;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use thiserror::Error;

use crate::config::{AccountId, RegionName, UnitId};

/// Something about a subscription that SNS would refuse, or that cannot be meant.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct Refused {
    /// What is wrong; addresses are masked.
    pub message: String,
    /// The next thing to try.
    pub hint: String,
}

impl Refused {
    /// A message and the next thing to try.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Refused {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// The alert topic is not there.
#[derive(Debug, Error)]
#[error("stack {stack} does not stand in account {account}, {region}: there is no alert topic")]
pub struct NoTopic {
    /// The stack that makes it.
    pub stack: &'static str,
    /// The audit account.
    pub account: String,
    /// The home region.
    pub region: String,
}

impl NoTopic {
    /// The next thing to try.
    pub fn hint(&self) -> &'static str {
        "run `pipetrail apply` first, or correct audit.account and audit.region in pipetrail.toml"
    }
}

/// Reads an account id of the command line.
///
/// # Errors
/// It has not 12 digits.
pub fn account(text: &str) -> Result<String, ValueError> {
    AccountId::deserialize(text.into_deserializer()).map(|id| id.as_ref().to_owned())
}

/// Reads a region of the command line.
///
/// # Errors
/// It is no region's name.
pub fn region(text: &str) -> Result<String, ValueError> {
    RegionName::deserialize(text.into_deserializer()).map(|name| name.as_ref().to_owned())
}

/// Reads an organizational unit or root of the command line.
///
/// # Errors
/// It is no id of one.
pub fn unit(text: &str) -> Result<String, ValueError> {
    UnitId::deserialize(text.into_deserializer()).map(|id| id.as_ref().to_owned())
}
