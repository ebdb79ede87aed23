//! Which instances have to be created or tried again, as few operations as possible.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::{AccountId, OuId, Region};

use crate::desired::Desired;
use crate::operation::{self, Operation};
use crate::organization::Membership;
use crate::plan::group::{Regions, of_accounts};
use crate::plan::outputs::{Outputs, state_of};
use crate::plan::removals;
use crate::plan::step::{InstancesAction, InstancesStep};
use crate::plan::view::View;
use crate::stack_set::{Instance, UNITS_PER_CALL};

/// The operations: those that cover come first, those that remove last. `updates_all` says that the
/// stack set itself is updated, which updates every instance it has.
pub(super) fn steps(view: View<'_>, outputs: &Outputs, updates_all: bool) -> Vec<InstancesStep> {
    let mut steps = creations(view);
    if !updates_all {
        steps.extend(retries(view));
    }
    steps.extend(removals::removals(view));
    let set = view.actual.stack_set.as_ref();
    let operations = set.map(|set| set.operations.as_slice()).unwrap_or_default();
    for step in &mut steps {
        step.operation_id = operation_id(step, view.desired, outputs, operations);
    }
    steps
}

fn operation_id(step: &InstancesStep, desired: &Desired, outputs: &Outputs, operations: &[Operation]) -> String {
    let (verb, state) = match (step.action, step.retain_stacks) {
        (InstancesAction::Create, _) => ("create", true),
        (InstancesAction::Update, _) => ("retry", true),
        (InstancesAction::Delete, false) => ("delete", false),
        (InstancesAction::Delete, true) => ("delete-retaining", false),
    };
    // What is deleted is the same whatever it was.
    let (template, parameters) = if state {
        let spec = &desired.stack_set;
        (spec.template.digest(), state_of(&spec.parameters, outputs))
    } else {
        Default::default()
    };
    let parts = [
        verb,
        &template,
        &parameters,
        &step.units.join(","),
        &step.accounts.as_deref().unwrap_or_default().join(","),
        &step.excluded.join(","),
        &step.regions.join(","),
    ];
    operation::next_id(&parts, operations)
}

/// A unit that auto-deployment does not know in a region is targeted as a whole, which also registers
/// it. Where it is known, only the accounts without an instance are: a call for the whole unit would
/// work on all of its accounts again. Single accounts are always targeted alone.
///
/// Where the endpoint does not list the targets, a unit is targeted when one of its accounts lacks an
/// instance.
fn creations(view: View<'_>) -> Vec<InstancesStep> {
    let (scope, organization) = (&view.desired.scope, &view.actual.organization);
    let set = view.actual.stack_set.as_ref();
    let targets = set.and_then(|set| set.auto_targets.as_ref());
    let have: BTreeSet<(&AccountId, &Region)> = view
        .instances()
        .map(|instance| (&instance.account, &instance.region))
        .collect();
    let enrolled: Vec<&AccountId> = organization.enrolled(scope).collect();
    let below = |unit: &OuId, id: &AccountId| {
        let account = organization.accounts.get(id);
        account.is_some_and(|account| account.parents.contains(unit))
    };

    let (mut whole, mut lacking) = (BTreeMap::<Regions, Vec<OuId>>::new(), BTreeSet::new());
    for unit in &scope.units {
        let mut regions = Regions::new();
        for region in &scope.regions {
            let missing = enrolled.iter().copied().filter(|id| below(unit, id));
            let mut missing = missing.filter(|id| !have.contains(&(*id, region)));
            match targets {
                _ if !view.sees_unit(unit) => lacking.extend(missing.map(|account| (account, region))),
                Some(targets) if targets.contains(&(unit.clone(), region.clone())) => {
                    lacking.extend(missing.map(|account| (account, region)));
                }
                None if set.is_some() && missing.next().is_none() => {}
                _ => {
                    regions.insert(region.clone());
                }
            }
        }
        if !regions.is_empty() {
            whole.entry(regions).or_default().push(unit.clone());
        }
    }
    for account in enrolled.iter().copied().filter(|id| scope.names(id)) {
        let missing = scope.regions.iter().map(|region| (account, region));
        lacking.extend(missing.filter(|(account, region)| !have.contains(&(*account, *region))));
    }

    let mut steps = Vec::new();
    for (regions, units) in whole {
        for units in units.chunks(UNITS_PER_CALL) {
            let here = |id: &AccountId| units.iter().any(|unit| below(unit, id));
            let accounts: BTreeSet<&AccountId> = enrolled.iter().copied().filter(|id| here(id)).collect();
            let pairs = accounts
                .iter()
                .flat_map(|account| regions.iter().map(|region| (*account, region)));
            // An account below two units comes by the whole one.
            lacking.retain(|(account, region)| !(accounts.contains(*account) && regions.contains(*region)));
            steps.push(InstancesStep {
                units: units.to_vec(),
                excluded: scope.excluded.iter().filter(|id| here(id)).cloned().collect(),
                instances: pairs.filter(|pair| !have.contains(pair)).count(),
                regions: regions.iter().cloned().collect(),
                ..InstancesStep::new(InstancesAction::Create)
            });
        }
    }
    lacking.retain(|(account, _)| view.sees_account(account));
    let template = InstancesStep::new(InstancesAction::Create);
    steps.extend(of_accounts(&template, lacking, |account| view.unit_of(account)));
    steps
}

/// What an earlier operation left OUTDATED is tried again: only those accounts and regions.
fn retries(view: View<'_>) -> Vec<InstancesStep> {
    let failed = view.instances().filter(|instance| {
        view.membership(&instance.account, &instance.region) == Membership::Enrolled
            && needs_retry(instance)
            && view.sees_account(&instance.account)
    });
    let failed = failed.map(|instance| (&instance.account, &instance.region));
    let template = InstancesStep::new(InstancesAction::Update);
    of_accounts(&template, failed.collect(), |account| view.unit_of(account))
}

/// OUTDATED, with nothing under way. An account that was skipped while it was suspended, and is active
/// again, is one of them.
fn needs_retry(instance: &Instance) -> bool {
    instance.status == "OUTDATED" && !matches!(instance.detailed_status.as_str(), "PENDING" | "RUNNING")
}
