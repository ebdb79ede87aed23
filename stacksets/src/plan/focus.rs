//! The part of a plan that concerns some accounts and units only.

use std::collections::BTreeSet;

use crate::STACK_SET;
use crate::actual::Actual;
use crate::bus;
use crate::desired::{Desired, Value};
use crate::error::Error;
use crate::organization::Organization;
use crate::plan::diff::{self, Outputs};
use crate::plan::instances::{self, View};
use crate::plan::management;
use crate::plan::notes::notes;
use crate::plan::{Note, Plan};

/// Accounts and units; those below the units are meant too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// Organizational units or roots.
    pub units: BTreeSet<String>,
    /// Accounts.
    pub accounts: BTreeSet<String>,
}

impl Focus {
    /// Whether the account is one of those, or below one of the units.
    pub fn has_account(&self, organization: &Organization, account: &str) -> bool {
        let found = organization.accounts.get(account);
        self.accounts.contains(account)
            || found.is_some_and(|found| self.units.iter().any(|unit| found.parents.contains(unit)))
    }
}

/// The part of the plan that enrols or removes what is in focus, for a stack set that stands. The
/// audit account's stacks and the stack set itself are not part of it.
///
/// # Errors
/// No stack set, or somebody else's, or one that forwards elsewhere, or an account in the configuration
/// that is unknown.
pub fn plan_for(desired: &Desired, actual: &Actual, focus: &Focus) -> Result<Plan, Error> {
    actual.organization.check_accounts(&desired.scope)?;
    bus::check(&desired.scope, actual)?;
    let set = actual.stack_set.as_ref();
    let set = set.ok_or_else(|| Error::NoStackSet(STACK_SET.to_owned()))?;
    if !set.is_ours() {
        return Err(diff::foreign("stack set", STACK_SET));
    }
    let outputs: Outputs = diff::outputs(actual);
    let view = View {
        desired,
        actual,
        focus: Some(focus),
    };
    let instances = instances::steps(view, &outputs, false);
    let mut management = Vec::new();
    if view.sees_account(&actual.organization.management_account) {
        management = management::steps(desired, actual, &outputs)?;
    }
    let mut notes = notes(view);
    notes.retain(|note| !matches!(note, Note::AuditAccountOutside { .. }));
    Ok(Plan {
        organization: actual.organization.id.clone(),
        audit_account: desired.scope.audit_account.clone(),
        region: desired.scope.region.clone(),
        stacks: vec![],
        uploads: vec![],
        trusted_access: None,
        joins: diff::joins(Some(set), None, &instances),
        stack_set: None,
        management,
        instances,
        rollout: desired.rollout.clone(),
        notes,
        bucket: Value::Text(String::new()),
        outputs,
    })
}
