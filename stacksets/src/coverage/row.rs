//! One account and region of the coverage, and what it comes down to.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::desired::Scope;
use crate::organization::{Membership, Organization};
use crate::stack_set::{Drift, Instance};
use crate::time;

/// One account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The account, 12 digits.
    pub account: String,
    /// The configured unit or root that it came by.
    pub organizational_unit: Option<String>,
    /// The region; `-` where a row is about an account as a whole.
    pub region: String,
    /// Where its stack comes from.
    pub origin: Origin,
    /// What it comes down to.
    pub state: State,
    /// StackSets' `Status`, or that of the stack of its own.
    pub status: Option<String>,
    /// StackSets' `DetailedStatus`.
    pub detailed_status: Option<String>,
    /// AWS's reason.
    pub reason: Option<String>,
    /// Whether the stack differs from what the stack set describes, where AWS says it.
    pub drift: Option<Drift>,
    /// When the last operation that created or updated the stack ended, where that is known.
    #[serde(serialize_with = "time::serialize")]
    pub deployed_at: Option<Timestamp>,
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
pub enum State {
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

impl State {
    /// Whether somebody has to do something.
    pub fn is_bad(self) -> bool {
        matches!(self, State::Outdated | State::Inoperable | State::Missing)
    }

    /// Whether pipetrail.toml asks for a stack there, and AWS can work there.
    pub fn is_in_scope(self) -> bool {
        !matches!(self, State::Suspended | State::OutOfScope | State::Unenrolled)
    }
}

impl Row {
    /// The row of a stack of its own: `status` is its CloudFormation status, `None` where there is no
    /// stack, and `is_current` says whether it is as the stack set describes its instances.
    pub fn of_stack(
        account: &str,
        region: &str,
        status: Option<String>,
        reason: Option<String>,
        is_current: bool,
    ) -> Self {
        let (state, detailed_status) = match &status {
            None => (State::Missing, None),
            Some(_) if is_current => (State::Current, None),
            Some(status) if status.ends_with("_IN_PROGRESS") => (State::Pending, None),
            Some(status) if status.contains("FAILED") || status.contains("ROLLBACK") => {
                (State::Outdated, Some("FAILED".to_owned()))
            }
            Some(_) => (State::Outdated, None),
        };
        Row {
            account: account.to_owned(),
            region: region.to_owned(),
            origin: Origin::Stack,
            state,
            status,
            detailed_status,
            reason,
            ..Row::default()
        }
    }

    /// What its stack comes down to, wherever it is: `Status` and `DetailedStatus` alone.
    pub fn stack_state(&self) -> State {
        stack_state(
            self.status.as_deref().unwrap_or_default(),
            self.detailed_status.as_deref().unwrap_or_default(),
        )
    }
}

/// The row of a region of the management account that nobody can look into.
pub(super) fn unseen(account: &str, region: &str) -> Row {
    let reason = "nobody can look into the management account from here: set organization.management_profile to a profile of it, or management_account = false";
    Row::of_stack(account, region, None, Some(reason.to_owned()), false)
}

/// The configured unit above an account, else the one that it is in.
pub(super) fn unit<'a>(organization: &'a Organization, scope: &'a Scope, account: &str) -> Option<&'a String> {
    let account = organization.accounts.get(account)?;
    let configured = scope.units.iter().find(|unit| account.parents.contains(*unit));
    configured.or(account.parent.as_ref())
}

/// The row of an instance.
pub(super) fn of_instance(organization: &Organization, scope: &Scope, instance: &Instance) -> Row {
    let account = organization.accounts.get(&instance.account);
    let unit = unit(organization, scope, &instance.account);
    let membership = organization.membership(scope, &instance.account, &instance.region);
    let in_scope = matches!(membership, Membership::Enrolled | Membership::Skipped);
    let state = match stack_state(&instance.status, &instance.detailed_status) {
        _ if account.is_some_and(|account| !account.is_active()) => State::Suspended,
        _ if !in_scope => State::OutOfScope,
        // Skipped when it was suspended, and active again by now.
        State::Suspended => State::Outdated,
        state => state,
    };
    Row {
        account: instance.account.clone(),
        organizational_unit: instance.unit.clone().or_else(|| unit.cloned()),
        region: instance.region.clone(),
        state,
        status: Some(instance.status.clone()).filter(|status| !status.is_empty()),
        detailed_status: Some(instance.detailed_status.clone()).filter(|status| !status.is_empty()),
        reason: instance.reason.clone(),
        drift: instance.drift.clone(),
        ..Row::default()
    }
}

/// What an instance comes down to, its scope aside.
pub(super) fn stack_state(status: &str, detailed_status: &str) -> State {
    match (status, detailed_status) {
        (_, "SKIPPED_SUSPENDED_ACCOUNT") => State::Suspended,
        ("CURRENT", _) => State::Current,
        (_, "PENDING" | "RUNNING") => State::Pending,
        ("INOPERABLE", _) => State::Inoperable,
        _ => State::Outdated,
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Current => "current",
            State::Pending => "pending",
            State::Outdated => "outdated",
            State::Inoperable => "inoperable",
            State::Missing => "missing",
            State::Suspended => "suspended",
            State::OutOfScope => "out of scope",
            State::Unenrolled => "unenrolled",
        })
    }
}
