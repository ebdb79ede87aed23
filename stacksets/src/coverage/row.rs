//! One account and region of the coverage, and what it comes down to.

use std::fmt;

use jiff::Timestamp;
use pipetrail_names::{AccountId, AccountRegion, OuId, Region};
use serde::{Serialize, Serializer};

use crate::desired::Scope;
use crate::organization::{Membership, Organization};
use crate::stack_set::{Drift, Instance};

/// One account and region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoverageRow {
    pub account: AccountId,
    /// The configured unit or root that it came by.
    pub organizational_unit: Option<OuId>,
    /// `None`, and `-` in JSON, where a row is about an account as a whole.
    #[serde(serialize_with = "or_dash")]
    pub region: Option<Region>,
    /// Where its stack comes from.
    pub origin: Origin,
    /// What it comes down to.
    pub state: CoverageState,
    /// StackSets' `Status`, or that of the stack of its own.
    pub status: Option<String>,
    /// StackSets' `DetailedStatus`.
    pub detailed_status: Option<String>,
    /// AWS's reason.
    pub reason: Option<String>,
    /// Whether the stack differs from what the stack set describes, where AWS says it.
    pub drift: Option<Drift>,
    /// When the last operation that created or updated the stack ended, where that is known.
    pub deployed_at: Option<Timestamp>,
}

/// What stands for all regions of an account.
const DASH: &str = "-";

fn or_dash<S: Serializer>(region: &Option<Region>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(region.as_ref().map_or(DASH, Region::as_str))
}

/// Where a stack comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It is an instance of the stack set.
    #[default]
    StackSet,
    /// It is a stack of its own: the management account's.
    Stack,
}

/// What an account and region comes down to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageState {
    /// It has the stack as the stack set describes it.
    Current,
    /// An operation is at work there.
    Pending,
    /// The last operation failed or was cancelled there.
    Outdated,
    /// StackSets cannot work on the stack any more.
    Inoperable,
    /// In scope, but there is no stack instance.
    #[default]
    Missing,
    /// The account is suspended or closed, so StackSets skips it.
    Suspended,
    /// The instance is outside of the configured units and regions.
    OutOfScope,
    /// pipetrail.toml does not ask for the account, and it has no stack.
    Unenrolled,
}

impl CoverageState {
    /// Whether somebody has to do something.
    pub fn is_bad(self) -> bool {
        matches!(
            self,
            CoverageState::Outdated | CoverageState::Inoperable | CoverageState::Missing
        )
    }

    /// Whether pipetrail.toml asks for a stack there, and AWS can work there.
    pub fn is_in_scope(self) -> bool {
        !matches!(
            self,
            CoverageState::Suspended | CoverageState::OutOfScope | CoverageState::Unenrolled
        )
    }
}

impl CoverageRow {
    /// A row without a stack.
    pub fn new(account: &AccountId, region: Option<&Region>) -> Self {
        CoverageRow {
            account: account.clone(),
            organizational_unit: None,
            region: region.cloned(),
            origin: Origin::default(),
            state: CoverageState::default(),
            status: None,
            detailed_status: None,
            reason: None,
            drift: None,
            deployed_at: None,
        }
    }

    /// Its state, were it in scope: a stack outside of the scope forwards as well as any other.
    pub fn standing(&self) -> CoverageState {
        match self.state {
            CoverageState::OutOfScope => self.stack_state(),
            state => state,
        }
    }

    /// Its detailed status, if that says that the last operation failed or that nothing can work on the stack.
    pub fn failed(&self) -> Option<&str> {
        let failed = ["FAILED", "FAILED_IMPORT", "INOPERABLE"];
        self.detailed_status.as_deref().filter(|status| failed.contains(status))
    }

    /// Where it is; `None` where the row is about an account as a whole.
    pub fn at(&self) -> Option<AccountRegion> {
        let (account, region) = (self.account.clone(), self.region.clone()?);
        Some(AccountRegion { account, region })
    }

    /// The region, or `-`.
    pub fn region_or_dash(&self) -> &str {
        self.region.as_ref().map_or(DASH, Region::as_str)
    }

    /// The row of a stack of its own: `status` is its CloudFormation status, `None` where there is no
    /// stack, and `is_current` says whether it is as the stack set describes its instances.
    pub fn of_stack(
        account: &AccountId,
        region: &Region,
        status: Option<String>,
        reason: Option<String>,
        is_current: bool,
    ) -> Self {
        let (state, detailed_status) = match &status {
            None => (CoverageState::Missing, None),
            Some(_) if is_current => (CoverageState::Current, None),
            Some(status) if status.ends_with("_IN_PROGRESS") => (CoverageState::Pending, None),
            Some(status) if status.contains("FAILED") || status.contains("ROLLBACK") => {
                (CoverageState::Outdated, Some("FAILED".to_owned()))
            }
            Some(_) => (CoverageState::Outdated, None),
        };
        CoverageRow {
            origin: Origin::Stack,
            state,
            status,
            detailed_status,
            reason,
            ..CoverageRow::new(account, Some(region))
        }
    }

    /// What its stack comes down to, wherever it is: `Status` and `DetailedStatus` alone.
    fn stack_state(&self) -> CoverageState {
        stack_state(
            self.status.as_deref().unwrap_or_default(),
            self.detailed_status.as_deref().unwrap_or_default(),
        )
    }
}

/// The row of a region of the management account that nobody can look into.
pub(super) fn unseen(account: &AccountId, region: &Region) -> CoverageRow {
    let reason = "nobody can look into the management account from here: set organization.management_profile to a profile of it, or management_account = false";
    CoverageRow::of_stack(account, region, None, Some(reason.to_owned()), false)
}

/// The row of an instance.
pub(super) fn of_instance(organization: &Organization, scope: &Scope, instance: &Instance) -> CoverageRow {
    let account = organization.accounts.get(&instance.account);
    let unit = organization.unit_of(scope, &instance.account);
    let membership = organization.membership(scope, &instance.account, &instance.region);
    let in_scope = matches!(membership, Membership::Enrolled | Membership::Skipped);
    let state = match stack_state(&instance.status, &instance.detailed_status) {
        _ if account.is_some_and(|account| !account.is_active()) => CoverageState::Suspended,
        _ if !in_scope => CoverageState::OutOfScope,
        // Skipped when it was suspended, and active again by now.
        CoverageState::Suspended => CoverageState::Outdated,
        state => state,
    };
    CoverageRow {
        organizational_unit: instance.unit.clone().or_else(|| unit.cloned()),
        state,
        status: Some(instance.status.clone()).filter(|status| !status.is_empty()),
        detailed_status: Some(instance.detailed_status.clone()).filter(|status| !status.is_empty()),
        reason: instance.reason.clone(),
        drift: instance.drift.clone(),
        ..CoverageRow::new(&instance.account, Some(&instance.region))
    }
}

/// What an instance comes down to, its scope aside.
fn stack_state(status: &str, detailed_status: &str) -> CoverageState {
    match (status, detailed_status) {
        (_, "SKIPPED_SUSPENDED_ACCOUNT") => CoverageState::Suspended,
        ("CURRENT", _) => CoverageState::Current,
        (_, "PENDING" | "RUNNING") => CoverageState::Pending,
        ("INOPERABLE", _) => CoverageState::Inoperable,
        _ => CoverageState::Outdated,
    }
}

impl fmt::Display for CoverageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            CoverageState::Current => "current",
            CoverageState::Pending => "pending",
            CoverageState::Outdated => "outdated",
            CoverageState::Inoperable => "inoperable",
            CoverageState::Missing => "missing",
            CoverageState::Suspended => "suspended",
            CoverageState::OutOfScope => "out of scope",
            CoverageState::Unenrolled => "unenrolled",
        })
    }
}
