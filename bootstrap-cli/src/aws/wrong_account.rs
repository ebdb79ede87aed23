//! A profile of the wrong account.

use pipetrail_names::AccountId;
use thiserror::Error;

use crate::config::Config;
use crate::failure::Explain;

/// The audit profile belongs to another account.
#[derive(Debug, Error)]
#[error("the audit profile calls from account {found}, but pipetrail.toml has audit.account = \"{expected}\"")]
pub(super) struct WrongAccount {
    expected: AccountId,
    found: AccountId,
}

impl WrongAccount {
    pub(super) fn check(config: &Config, found: AccountId) -> Result<(), Self> {
        let expected = &config.audit.account;
        if found == *expected {
            return Ok(());
        }
        Err(WrongAccount {
            expected: expected.clone(),
            found,
        })
    }
}

impl Explain for WrongAccount {
    fn hint(&self) -> Option<String> {
        Some("set audit.profile (or --audit-profile) to a profile of the audit account".to_owned())
    }
}
