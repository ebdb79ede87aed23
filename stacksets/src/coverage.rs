//! What stands after all: the audit account's stacks, and every account and region of the stack set.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::actual::Actual;
use crate::apply::Clients;
use crate::desired::Scope;
use crate::error::Error;
use crate::organization::{Membership, Organization};
use crate::rollout::InstanceResult;
use crate::stack::Stack;
use crate::stack_set::{Instance, StackSet};
use crate::{AUDIT_STACKS, STACK_SET};

/// What stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The organization, `o-…`.
    pub organization: String,
    /// The audit account.
    pub audit_account: String,
    /// Home region.
    pub region: String,
    /// The audit account's stacks, in the order of deployment.
    pub stacks: Vec<StackState>,
    /// Whether the stack set exists.
    pub stack_set_exists: bool,
    /// One row per account and region, by account and region.
    pub instances: Vec<Row>,
    /// Accounts that the stack set cannot reach.
    pub not_covered: Vec<Uncovered>,
}

/// A stack of the audit account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StackState {
    /// Its name.
    pub name: String,
    /// Its CloudFormation status; `None` when it does not exist.
    pub status: Option<String>,
    /// AWS's reason.
    pub reason: Option<String>,
}

/// One account and region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The account, 12 digits.
    pub account: String,
    /// The configured unit or root that it came by.
    pub organizational_unit: Option<String>,
    /// The region.
    pub region: String,
    /// What it comes down to.
    pub state: State,
    /// StackSets' `Status`.
    pub status: Option<String>,
    /// StackSets' `DetailedStatus`.
    pub detailed_status: Option<String>,
    /// AWS's reason.
    pub reason: Option<String>,
}

/// What an account and region comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
    Missing,
    /// The account is suspended or closed, so StackSets skips it.
    Suspended,
    /// The instance is outside of the configured units and regions.
    OutOfScope,
}

/// An account that the stack set cannot reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// The account.
    pub account: String,
    /// Why not.
    pub reason: String,
}

impl State {
    /// Whether somebody has to do something.
    pub fn is_bad(self) -> bool {
        matches!(self, State::Outdated | State::Inoperable | State::Missing)
    }
}

impl Coverage {
    /// Reads what stands; `results` of operations just ended add reasons that the instances lack.
    ///
    /// # Errors
    /// A refused call.
    pub async fn read(
        clients: &Clients,
        organization: &Organization,
        scope: &Scope,
        results: &[InstanceResult],
    ) -> Result<Self, Error> {
        let call_as = clients.caller.call_as();
        let (set, stacks) = tokio::try_join!(StackSet::read(&clients.management, STACK_SET, &call_as), async {
            let mut stacks = BTreeMap::new();
            for name in AUDIT_STACKS {
                if let Some(stack) = Stack::describe(&clients.audit, name).await? {
                    stacks.insert(name.to_owned(), stack);
                }
            }
            Ok(stacks)
        })?;
        Ok(Self::new(organization, scope, &stacks, set.as_ref(), results))
    }

    /// What stands according to a reading that has been made already.
    pub fn of(actual: &Actual, scope: &Scope) -> Self {
        Self::new(
            &actual.organization,
            scope,
            &actual.stacks,
            actual.stack_set.as_ref(),
            &[],
        )
    }

    fn new(
        organization: &Organization,
        scope: &Scope,
        stacks: &BTreeMap<String, Stack>,
        set: Option<&StackSet>,
        results: &[InstanceResult],
    ) -> Self {
        let mut rows: BTreeMap<(String, String), Row> = BTreeMap::new();
        for instance in set.iter().flat_map(|set| &set.instances) {
            let row = row(organization, scope, instance);
            rows.insert((row.account.clone(), row.region.clone()), row);
        }
        for account in organization.enrolled(scope) {
            for region in &scope.regions {
                rows.entry((account.to_owned(), region.clone())).or_insert_with(|| Row {
                    account: account.to_owned(),
                    organizational_unit: unit(organization, scope, account).cloned(),
                    region: region.clone(),
                    state: State::Missing,
                    status: None,
                    detailed_status: None,
                    reason: None,
                });
            }
        }
        for result in results {
            if let Some(row) = rows.get_mut(&(result.account.clone(), result.region.clone()))
                && row.state.is_bad()
            {
                row.reason = row.reason.take().or_else(|| result.reason.clone());
            }
        }
        let stacks = AUDIT_STACKS.iter().map(|name| {
            let stack = stacks.get(*name);
            StackState {
                name: (*name).to_owned(),
                status: stack.map(|stack| stack.status.clone()),
                reason: stack.and_then(|stack| stack.reason.clone()),
            }
        });
        Coverage {
            organization: organization.id.clone(),
            audit_account: scope.audit_account.clone(),
            region: scope.region.clone(),
            stacks: stacks.collect(),
            stack_set_exists: set.is_some(),
            instances: rows.into_values().collect(),
            not_covered: not_covered(organization, scope),
        }
    }

    /// How many rows have which state.
    pub fn counts(&self) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for row in &self.instances {
            *counts.entry(row.state).or_default() += 1;
        }
        counts
    }

    /// Whether an account and region in scope lacks its stack, or has an old or broken one.
    pub fn has_bad_instances(&self) -> bool {
        self.instances.iter().any(|row| row.state.is_bad())
    }

    /// Whether an operation is still at work somewhere: nobody knows yet how it ends.
    pub fn has_pending_instances(&self) -> bool {
        self.instances.iter().any(|row| row.state == State::Pending)
    }
}

/// The configured unit above an account, else the one that it is in.
fn unit<'a>(organization: &'a Organization, scope: &'a Scope, account: &str) -> Option<&'a String> {
    let account = organization.accounts.get(account)?;
    let configured = scope.units.iter().find(|unit| account.parents.contains(*unit));
    configured.or(account.parent.as_ref())
}

fn row(organization: &Organization, scope: &Scope, instance: &Instance) -> Row {
    let account = organization.accounts.get(&instance.account);
    let unit = unit(organization, scope, &instance.account);
    let membership = organization.membership(scope, &instance.account, &instance.region);
    let in_scope = matches!(membership, Membership::Enrolled | Membership::Skipped);
    let state = match (instance.status.as_str(), instance.detailed_status.as_str()) {
        (_, "SKIPPED_SUSPENDED_ACCOUNT") => State::Suspended,
        _ if account.is_some_and(|account| !account.is_active()) => State::Suspended,
        _ if !in_scope => State::OutOfScope,
        ("CURRENT", _) => State::Current,
        (_, "PENDING" | "RUNNING") => State::Pending,
        ("INOPERABLE", _) => State::Inoperable,
        _ => State::Outdated,
    };
    Row {
        account: instance.account.clone(),
        organizational_unit: instance.unit.clone().or_else(|| unit.cloned()),
        region: instance.region.clone(),
        state,
        status: Some(instance.status.clone()).filter(|status| !status.is_empty()),
        detailed_status: Some(instance.detailed_status.clone()).filter(|status| !status.is_empty()),
        reason: instance.reason.clone(),
    }
}

fn not_covered(organization: &Organization, scope: &Scope) -> Vec<Uncovered> {
    let management = Uncovered {
        account: organization.management_account.clone(),
        reason: "management account: service-managed stack sets never deploy into it".to_owned(),
    };
    let inactive = organization.skipped(scope).map(|(id, account)| Uncovered {
        account: id.to_owned(),
        reason: format!("account is {}: StackSets skips it", account.state),
    });
    std::iter::once(management).chain(inactive).collect()
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
        })
    }
}

impl fmt::Display for Uncovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Uncovered { account, reason } = self;
        write!(f, "{account} is not covered by the stack set ({reason})")
    }
}

/// The summary below the tables.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Coverage {
            organization: _,
            audit_account: _,
            region: _,
            stacks: _,
            stack_set_exists,
            instances,
            not_covered,
        } = self;
        if *stack_set_exists {
            let counts = self.counts();
            let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            let counts = if counts.is_empty() {
                "none".to_owned()
            } else {
                counts.join(", ")
            };
            writeln!(f, "{} stack instances of {STACK_SET}: {counts}", instances.len())?;
        } else {
            writeln!(f, "stack set {STACK_SET} does not exist")?;
        }
        not_covered.iter().try_for_each(|account| writeln!(f, "{account}"))
    }
}
