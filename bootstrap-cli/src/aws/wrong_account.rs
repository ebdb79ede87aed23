//! A profile of the wrong account.

use thiserror::Error;

use crate::config::Config;
use crate::failure::Explain;

/// The audit profile belongs to another account.
#[derive(Debug, Error)]
#[error("the audit profile calls from account {found}, but pipetrail.toml has audit.account = \"{expected}\"")]
pub(super) struct WrongAccount {
    expected: String,
    found: String,
}

impl WrongAccount {
    pub(super) fn check(config: &Config, found: String) -> Result<(), Self> {
        let expected = config.audit.account.as_ref();
        if found == expected {
            return Ok(());
        }
        Err(WrongAccount {
            expected: expected.to_owned(),
            found,
        })
    }
}

impl Explain for WrongAccount {
    fn hint(&self) -> Option<String> {
        Some("set audit.profile (or --audit-profile) to a profile of the audit account".to_owned())
    }
}
