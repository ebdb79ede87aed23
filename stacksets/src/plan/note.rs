//! What a plan says beside its steps, as data.

use pipetrail_names::{AccountId, Region};
use serde::Serialize;

use crate::account_region::AccountRegion;

/// Why the management account is not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncovering {
    /// The configuration says so.
    SwitchedOff,
    /// The caller is a delegated administrator, and no profile of the management account is named.
    NoCredentials,
}

/// What to know, but not to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Note {
    /// The management account gets no stacks; service-managed stack sets never deploy into it.
    ManagementAccountNotCovered { account: AccountId, reason: Uncovering },
    /// A region of the management account cannot be looked into, so it gets no stack there.
    ManagementRegionUnreadable {
        account: AccountId,
        region: Region,
        /// What AWS answered.
        reason: String,
    },
    /// Accounts in scope that StackSets skips.
    NotActive { accounts: Vec<AccountId> },
    /// Auto-deployment ignores filters: excluded accounts below an enrolled unit get the stack when
    /// they join it.
    ExclusionIgnored { accounts: Vec<AccountId> },
    /// Accounts that are enrolled alone: whoever joins their unit gets the stack too.
    SingleAccounts { accounts: Vec<AccountId> },
    /// Instances in scope that StackSets cannot update any more.
    Inoperable { instances: Vec<AccountRegion> },
    /// Instances outside of the scope that are removed while their stacks stay behind: the account is
    /// not active, or the instance is inoperable.
    StacksLeftBehind { instances: Vec<AccountRegion> },
    /// Instances of accounts that are no longer in the organization: AWS removes them.
    LeftOrganization { instances: Vec<AccountRegion> },
    /// The audit account is not in the organization.
    AuditAccountOutside { account: AccountId },
}
