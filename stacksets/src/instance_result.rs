//! What became of the accounts and regions of an operation.

use pipetrail_names::{AccountId, AccountRegion, Region};
use serde::Serialize;

use crate::error::Error;
use crate::explain::explain;

/// What became of one account and region in an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstanceResult {
    pub account: AccountId,
    pub region: Region,
    /// `PENDING`, `RUNNING`, `SUCCEEDED`, `FAILED` or `CANCELLED`.
    pub status: String,
    /// AWS's reason.
    pub reason: Option<String>,
    /// The same in plain words, where the reason is a known one.
    pub explanation: Option<&'static str>,
}

impl InstanceResult {
    /// With the explanation of its status and reason.
    pub fn new(account: &AccountId, region: &Region, status: &str, reason: Option<String>) -> Self {
        InstanceResult {
            account: account.clone(),
            region: region.clone(),
            status: status.to_owned(),
            explanation: explain(status, reason.as_deref().unwrap_or_default()),
            reason,
        }
    }

    /// Where it is.
    pub fn at(&self) -> AccountRegion {
        AccountRegion {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    pub(crate) fn is_failed(&self) -> bool {
        matches!(self.status.as_str(), "FAILED" | "CANCELLED")
    }
}

/// An operation that has ended. SUCCEEDED may have failures inside of its tolerance.
#[derive(Debug, Default)]
pub(crate) struct OperationEnd {
    /// `None` when it succeeded.
    pub(crate) error: Option<Error>,
    /// How many instances succeeded.
    pub(crate) succeeded: usize,
    /// Those that did not.
    pub(crate) failed: Vec<InstanceResult>,
}
