//! Why there is no subscription.

use thiserror::Error;

use crate::failure::{Exit, Explain};

/// Something about a subscription that SNS would refuse, or that cannot be meant.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub(crate) struct Refused {
    /// What is wrong; addresses are masked.
    pub message: String,
    /// The next thing to try.
    pub hint: String,
}

impl Refused {
    /// A message and the next thing to try.
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Refused {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// The alert topic is not there.
#[derive(Debug, Error)]
#[error("stack {stack} does not stand in account {account}, {region}: there is no alert topic")]
pub(super) struct NoTopic {
    /// The stack that makes it.
    pub stack: &'static str,
    /// The audit account.
    pub account: String,
    /// The home region.
    pub region: String,
}

impl Explain for NoTopic {
    fn hint(&self) -> Option<String> {
        Some("run `pipetrail apply` first, or correct audit.account and audit.region in pipetrail.toml".to_owned())
    }
}

impl Explain for Refused {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.clone())
    }
}
