//! What stands after all: the audit account's stacks, and every account and region of the stack set.

mod row;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pipetrail_names::audit::STACKS;
use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, AccountRegion, Region};
use serde::{Serialize, Serializer};

use crate::actual::Actual;
use crate::clients::Clients;
use crate::desired::Scope;
use crate::error::Error;
use crate::instance_result::InstanceResult;
use crate::management::ManagementStacks;
use crate::organization::Organization;
use crate::stack::Stack;
use crate::stack_set::StackSet;

pub use row::{CoverageRow, CoverageState, Origin};

/// What stands, with a row `R` per account and region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage<R = CoverageRow> {
    /// The organization, `o-…`.
    pub organization: String,
    pub audit_account: AccountId,
    /// Home region.
    pub region: Region,
    /// The audit account's stacks, in the order of deployment.
    pub stacks: Vec<StackState>,
    /// What members got, where there is a stack set. JSON says only whether there is one.
    #[serde(rename = "stack_set_exists", serialize_with = "is_some")]
    pub stack_set: Option<StackSetParameters>,
    /// One row per account and region, by account and region.
    pub instances: Vec<R>,
    /// Accounts that the stack set cannot reach.
    pub not_covered: Vec<Uncovered>,
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn is_some<S: Serializer>(set: &Option<StackSetParameters>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(set.is_some())
}

/// The template and the parameters of the stack set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackSetParameters {
    /// The template as it was sent.
    pub template: String,
    pub parameters: BTreeMap<String, String>,
}

impl StackSetParameters {
    pub fn of(set: &StackSet) -> Self {
        StackSetParameters {
            template: set.template.clone(),
            parameters: set.parameters.clone(),
        }
    }
}

/// A stack of the audit account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StackState {
    pub name: String,
    /// Its CloudFormation status; `None` when it does not exist.
    pub status: Option<String>,
    /// AWS's reason.
    pub reason: Option<String>,
}

/// An account that the stack set cannot reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    pub account: AccountId,
    pub reason: String,
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
        let (set, stacks) = tokio::try_join!(StackSet::describe(&clients.management, clients.caller), async {
            let mut stacks = BTreeMap::new();
            for name in STACKS {
                if let Some(stack) = Stack::describe(&clients.audit, name).await? {
                    stacks.insert(name.to_owned(), stack);
                }
            }
            Ok(stacks)
        })?;
        let own = ManagementStacks::read(clients, organization, scope, set.as_ref()).await?;
        let (set, own) = (set.as_ref(), own.as_ref());
        Ok(Self::new(organization, scope, &stacks, set, own, results))
    }

    /// What stands according to a reading that has been made already.
    pub fn of(actual: &Actual, scope: &Scope) -> Self {
        let (set, own) = (actual.stack_set.as_ref(), actual.management.as_ref());
        Self::new(&actual.organization, scope, &actual.stacks, set, own, &[])
    }

    fn new(
        organization: &Organization,
        scope: &Scope,
        stacks: &BTreeMap<String, Stack>,
        set: Option<&StackSet>,
        own: Option<&ManagementStacks>,
        results: &[InstanceResult],
    ) -> Self {
        let mut rows: BTreeMap<AccountRegion, CoverageRow> = BTreeMap::new();
        for instance in set.iter().flat_map(|set| &set.instances) {
            let mut row = row::of_instance(organization, scope, instance);
            let operation = instance.last_operation.as_ref();
            row.deployed_at = operation.and_then(|id| set?.deployments.get(id).copied());
            rows.insert(instance.at(), row);
        }
        for account in organization.enrolled(scope) {
            for region in &scope.regions {
                let at = AccountRegion {
                    account: account.clone(),
                    region: region.clone(),
                };
                rows.entry(at).or_insert_with(|| CoverageRow {
                    organizational_unit: organization.unit_of(scope, account).cloned(),
                    ..CoverageRow::new(account, Some(region))
                });
            }
        }
        for result in results {
            if let Some(row) = rows.get_mut(&result.at())
                && row.state.is_bad()
            {
                row.reason = row.reason.take().or_else(|| result.reason.clone());
            }
        }
        let stacks = STACKS.iter().map(|name| {
            let stack = stacks.get(*name);
            StackState {
                name: (*name).to_owned(),
                status: stack.map(|stack| stack.status.clone()),
                reason: stack.and_then(|stack| stack.reason.clone()),
            }
        });
        let mut coverage = Coverage {
            organization: organization.id.clone(),
            audit_account: scope.audit_account.clone(),
            region: scope.region.clone(),
            stacks: stacks.collect(),
            stack_set: set.map(StackSetParameters::of),
            instances: rows.into_values().collect(),
            not_covered: not_covered(organization, scope),
        };
        let account = &organization.management_account;
        let own = own.map(|own| own.states(scope, set)).unwrap_or_default();
        let own = own.into_iter();
        let own = own.map(|own| CoverageRow::of_stack(account, &own.region, own.status, own.reason, own.current));
        coverage.add_management(own.collect());
        coverage
    }

    /// Adds the stacks of the management account, which the stack set never reaches. An account with
    /// such a row is not among those that are not covered any more.
    fn add_management(&mut self, rows: Vec<CoverageRow>) {
        self.not_covered
            .retain(|uncovered| !rows.iter().any(|row| row.account == uncovered.account));
        self.instances.extend(rows);
        self.sort();
    }

    /// Adds a row for every account of the organization that has none yet: nothing of it is watched.
    ///
    /// A management account that is to be enrolled, and that nobody could look into, is in scope.
    pub fn add_unenrolled(&mut self, organization: &Organization, scope: &Scope) {
        let mut seen: BTreeSet<AccountId> = self.instances.iter().map(|row| row.account.clone()).collect();
        let management = &organization.management_account;
        if scope.management && organization.accounts.contains_key(management) && seen.insert(management.clone()) {
            let unseen = scope.regions.iter().map(|region| row::unseen(management, region));
            self.instances.extend(unseen);
        }
        let unseen = organization.accounts.iter().filter(|(id, _)| !seen.contains(*id));
        let rows: Vec<CoverageRow> = unseen
            .map(|(id, account)| CoverageRow {
                state: if account.is_active() {
                    CoverageState::Unenrolled
                } else {
                    CoverageState::Suspended
                },
                reason: (*id == organization.management_account).then(|| MANAGEMENT.to_owned()),
                ..CoverageRow::new(id, None)
            })
            .collect();
        self.instances.extend(rows);
        self.sort();
    }

    fn sort(&mut self) {
        self.instances
            .sort_by(|a, b| (&a.account, &a.region).cmp(&(&b.account, &b.region)));
    }

    /// How many rows have which state.
    pub fn counts(&self) -> BTreeMap<CoverageState, usize> {
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
        self.instances.iter().any(|row| row.state == CoverageState::Pending)
    }
}

impl<R> Coverage<R> {
    /// The same with other rows.
    pub fn with_rows<T>(self, rows: impl FnOnce(Vec<R>) -> Vec<T>) -> Coverage<T> {
        let Coverage {
            organization,
            audit_account,
            region,
            stacks,
            stack_set,
            instances,
            not_covered,
        } = self;
        Coverage {
            organization,
            audit_account,
            region,
            stacks,
            stack_set,
            instances: rows(instances),
            not_covered,
        }
    }
}

/// Why the management account is not covered by the stack set.
const MANAGEMENT: &str = "management account: service-managed stack sets never deploy into it";

fn not_covered(organization: &Organization, scope: &Scope) -> Vec<Uncovered> {
    let management = Uncovered {
        account: organization.management_account.clone(),
        reason: MANAGEMENT.to_owned(),
    };
    let inactive = organization.skipped(scope).map(|(id, account)| Uncovered {
        account: id.clone(),
        reason: format!("account is {}: StackSets skips it", account.state),
    });
    std::iter::once(management).chain(inactive).collect()
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
            stack_set,
            instances,
            not_covered,
        } = self;
        if stack_set.is_some() {
            let counts = self.counts();
            let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
            let counts = if counts.is_empty() {
                "none".to_owned()
            } else {
                counts.join(", ")
            };
            writeln!(f, "{} stacks {STACK}: {counts}", instances.len())?;
        } else {
            writeln!(f, "stack set {STACK} does not exist")?;
        }
        not_covered.iter().try_for_each(|account| writeln!(f, "{account}"))
    }
}
