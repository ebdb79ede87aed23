//! Which instances have to be created or tried again, as few operations as possible.

use std::collections::{BTreeMap, BTreeSet};

use crate::actual::Actual;
use crate::desired::Desired;
use crate::operation;
use crate::plan::diff::{Outputs, state_of};
use crate::plan::{InstancesStep, SetAction};
use crate::stack_set::Instance;

/// StackSets takes no more organizational units in one call.
const UNITS_PER_CALL: usize = 50;

type Regions = BTreeSet<String>;

/// The operations; `updates_all` says that the stack set itself is updated, which updates every
/// instance it has.
pub(super) fn steps(desired: &Desired, actual: &Actual, outputs: &Outputs, updates_all: bool) -> Vec<InstancesStep> {
    let mut steps = creations(desired, actual);
    if !updates_all {
        steps.extend(retries(desired, actual));
    }
    let operations = actual
        .stack_set
        .as_ref()
        .map(|set| set.operations.as_slice())
        .unwrap_or_default();
    for step in &mut steps {
        let parts = [
            match step.action {
                SetAction::Create => "create",
                SetAction::Update => "retry",
            },
            &desired.stack_set.template.digest(),
            &state_of(&desired.stack_set.parameters, outputs),
            &step.units.join(","),
            &step.accounts.as_deref().unwrap_or_default().join(","),
            &step.regions.join(","),
        ];
        step.operation_id = operation::next_id(&parts, operations);
    }
    steps
}

/// A unit that auto-deployment does not know in a region is targeted as a whole, which also registers
/// it. Where it is known, only the accounts without an instance are: a call for the whole unit would
/// work on all of its accounts again.
///
/// Where the endpoint does not list the targets, a unit is targeted when one of its accounts lacks an
/// instance.
fn creations(desired: &Desired, actual: &Actual) -> Vec<InstancesStep> {
    let set = actual.stack_set.as_ref();
    let targets = set.and_then(|set| set.auto_targets.as_ref());
    let have: BTreeSet<(&str, &str)> = set
        .iter()
        .flat_map(|set| &set.instances)
        .map(|instance| (instance.account.as_str(), instance.region.as_str()))
        .collect();
    let (mut whole, mut lacking) = (BTreeMap::<Regions, Vec<String>>::new(), BTreeSet::new());
    for unit in &desired.scope.units {
        let mut regions = Regions::new();
        for region in &desired.scope.regions {
            let accounts = actual.organization.targets(unit);
            let mut missing = accounts.filter(|account| !have.contains(&(*account, region.as_str())));
            match targets {
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
    let mut steps = Vec::new();
    for (regions, units) in whole {
        for units in units.chunks(UNITS_PER_CALL) {
            let accounts: BTreeSet<&str> = units
                .iter()
                .flat_map(|unit| actual.organization.targets(unit))
                .collect();
            let pairs = accounts
                .iter()
                .flat_map(|account| regions.iter().map(|region| (*account, region.as_str())));
            // An account below two units comes by the whole one.
            lacking.retain(|(account, region)| !(accounts.contains(*account) && regions.contains(*region)));
            steps.push(InstancesStep {
                action: SetAction::Create,
                units: units.to_vec(),
                accounts: None,
                instances: pairs.filter(|pair| !have.contains(pair)).count(),
                regions: regions.iter().cloned().collect(),
                operation_id: String::new(),
            });
        }
    }
    steps.extend(of_accounts(desired, actual, SetAction::Create, lacking));
    steps
}

/// What an earlier operation left OUTDATED is tried again: only those accounts and regions.
fn retries(desired: &Desired, actual: &Actual) -> Vec<InstancesStep> {
    let instances = actual.stack_set.iter().flat_map(|set| &set.instances);
    let failed = instances.filter(|instance| {
        let account = actual.organization.accounts.get(&instance.account);
        account.is_some_and(|account| account.is_active())
            && needs_retry(instance)
            && desired.scope.regions.contains(&instance.region)
    });
    let failed = failed.map(|instance| (instance.account.as_str(), &instance.region));
    of_accounts(desired, actual, SetAction::Update, failed.collect())
}

/// Steps for single accounts and regions.
fn of_accounts(
    desired: &Desired,
    actual: &Actual,
    action: SetAction,
    pairs: BTreeSet<(&str, &String)>,
) -> Vec<InstancesStep> {
    let mut regions_of: BTreeMap<&str, Regions> = BTreeMap::new();
    for (account, region) in pairs {
        regions_of.entry(account).or_default().insert(region.clone());
    }
    let mut by_regions: BTreeMap<Regions, BTreeSet<&str>> = BTreeMap::new();
    for (account, regions) in regions_of {
        by_regions.entry(regions).or_default().insert(account);
    }
    let mut steps = Vec::new();
    for (regions, mut accounts) in by_regions {
        for units in desired.scope.units.chunks(UNITS_PER_CALL) {
            // An account below two units is tried through the first one only.
            let in_units = |account: &&str| {
                let account = actual.organization.accounts.get(*account);
                account.is_some_and(|account| units.iter().any(|unit| account.parents.contains(unit)))
            };
            let here: Vec<&str> = accounts.iter().copied().filter(|account| in_units(account)).collect();
            if here.is_empty() {
                continue;
            }
            accounts.retain(|account| !here.contains(account));
            let parents: BTreeSet<&String> = here
                .iter()
                .filter_map(|id| actual.organization.accounts.get(*id))
                .flat_map(|a| &a.parents)
                .collect();
            steps.push(InstancesStep {
                action,
                units: units.iter().filter(|unit| parents.contains(unit)).cloned().collect(),
                instances: here.len() * regions.len(),
                accounts: Some(here.into_iter().map(str::to_owned).collect()),
                regions: regions.iter().cloned().collect(),
                operation_id: String::new(),
            });
        }
    }
    steps
}

/// OUTDATED, with nothing under way and not skipped for good.
fn needs_retry(instance: &Instance) -> bool {
    instance.status == "OUTDATED"
        && !matches!(
            instance.detailed_status.as_str(),
            "PENDING" | "RUNNING" | "SKIPPED_SUSPENDED_ACCOUNT"
        )
}
