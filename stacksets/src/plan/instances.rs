//! Which instances have to be created or tried again, as few operations as possible.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::{AccountId, OuId};

use crate::operation;
use crate::organization::Membership;
use crate::plan::changes::state_of;
use crate::plan::removals::removals;
use crate::plan::step::{InstancesAction, InstancesStep};
use crate::plan::view::{Pair, Regions, View, of_accounts, pair};
use crate::stack_set::{Instance, UNITS_PER_CALL};

/// The operations: those that cover come first, those that remove last. `updates_all` says that the
/// stack set itself is updated, which updates every instance it has.
pub(super) fn steps(view: &View<'_>, updates_all: bool) -> Vec<InstancesStep> {
    let mut steps = creations(view);
    if !updates_all {
        steps.extend(retries(view));
    }
    steps.extend(removals(view));
    for step in &mut steps {
        step.operation_id = operation_id(step, view);
    }
    steps
}

fn operation_id(step: &InstancesStep, view: &View<'_>) -> String {
    let verb = match step.action {
        InstancesAction::Create => "create",
        InstancesAction::Update => "retry",
        InstancesAction::Delete if step.retain_stacks => "delete-retaining",
        InstancesAction::Delete => "delete",
    };
    // What is deleted is the same whatever it was.
    let (template, parameters) = if step.action == InstancesAction::Delete {
        Default::default()
    } else {
        let spec = &view.desired.stack_set;
        (spec.template.digest(), state_of(spec, &view.outputs))
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
    let set = view.actual.stack_set.as_ref();
    operation::next_id(&parts, set.map(|set| set.operations.as_slice()).unwrap_or_default())
}

/// A unit that auto-deployment does not know in a region is targeted as a whole, which also registers
/// it. Where it is known, only the accounts without an instance are: a call for the whole unit would
/// work on all of its accounts again. Single accounts are always targeted alone.
///
/// Where the endpoint does not list the targets, a unit is targeted when one of its accounts lacks an
/// instance.
fn creations(view: &View<'_>) -> Vec<InstancesStep> {
    let (scope, organization) = (&view.desired.scope, &view.actual.organization);
    let set = view.actual.stack_set.as_ref();
    let targets = set.and_then(|set| set.auto_targets.as_ref());
    let have: BTreeSet<Pair<'_>> = view.instances().map(pair).collect();
    let enrolled: Vec<&AccountId> = organization.enrolled(scope).collect();

    let (mut whole, mut lacking) = (BTreeMap::<Regions, Vec<OuId>>::new(), BTreeSet::new());
    for unit in &scope.units {
        let mut regions = Regions::new();
        for region in &scope.regions {
            let below = enrolled.iter().filter(|id| organization.is_below(id, unit));
            let mut missing = below.map(|id| (*id, region)).filter(|pair| !have.contains(pair));
            let is_target = targets.is_some_and(|targets| targets.contains(&(unit.clone(), region.clone())));
            if is_target || !view.sees_unit(unit) {
                lacking.extend(missing);
            } else if set.is_none() || targets.is_some() || missing.next().is_some() {
                regions.insert(region.clone());
            }
        }
        if !regions.is_empty() {
            whole.entry(regions).or_default().push(unit.clone());
        }
    }
    for account in enrolled.iter().copied().filter(|id| scope.names(id)) {
        let missing = scope.regions.iter().map(|region| (account, region));
        lacking.extend(missing.filter(|pair| !have.contains(pair)));
    }

    let mut steps = Vec::new();
    for (regions, units) in whole {
        for units in units.chunks(UNITS_PER_CALL) {
            let here = |id: &AccountId| units.iter().any(|unit| organization.is_below(id, unit));
            let accounts = enrolled.iter().filter(|id| here(id));
            let pairs = accounts.flat_map(|account| regions.iter().map(|region| (*account, region)));
            let pairs: BTreeSet<Pair<'_>> = pairs.collect();
            // An account below two units comes by the whole one.
            lacking.retain(|pair| !pairs.contains(pair));
            steps.push(InstancesStep {
                units: units.to_vec(),
                excluded: scope.excluded.iter().filter(|id| here(id)).cloned().collect(),
                instances: pairs.difference(&have).count(),
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
fn retries(view: &View<'_>) -> Vec<InstancesStep> {
    let failed = view.instances().filter(|instance| {
        view.membership(&instance.account, &instance.region) == Membership::Enrolled
            && needs_retry(instance)
            && view.sees_account(&instance.account)
    });
    let template = InstancesStep::new(InstancesAction::Update);
    of_accounts(&template, failed.map(pair).collect(), |account| view.unit_of(account))
}

/// OUTDATED, with nothing under way. An account that was skipped while it was suspended, and is active
/// again, is one of them.
fn needs_retry(instance: &Instance) -> bool {
    instance.status == "OUTDATED" && !matches!(instance.detailed_status.as_str(), "PENDING" | "RUNNING")
}
