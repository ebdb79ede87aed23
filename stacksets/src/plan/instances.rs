//! Which instances have to be created or tried again, as few operations as possible.

use std::collections::{BTreeMap, BTreeSet};

use crate::actual::Actual;
use crate::desired::Desired;
use crate::operation;
use crate::plan::{InstancesStep, SetAction};
use crate::stack_set::{Instance, StackSet};

/// StackSets takes no more organizational units in one call.
const UNITS_PER_CALL: usize = 50;

type Regions = BTreeSet<String>;

/// The operations; `updates_all` says that the stack set itself is updated, which updates every
/// instance it has.
pub(super) fn steps(desired: &Desired, actual: &Actual, updates_all: bool) -> Vec<InstancesStep> {
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
            &format!("{:?}", desired.stack_set.parameters),
            &step.units.join(","),
            &step.accounts.as_deref().unwrap_or_default().join(","),
            &step.regions.join(","),
        ];
        step.operation_id = operation::next_id(&parts, operations);
    }
    steps
}

/// A unit lacks a region when one of its accounts has no instance there. For a unit without accounts
/// the auto-deployment targets decide, where the endpoint lists them.
fn creations(desired: &Desired, actual: &Actual) -> Vec<InstancesStep> {
    let set = actual.stack_set.as_ref();
    let have: BTreeSet<(&str, &str)> = set
        .iter()
        .flat_map(|set| &set.instances)
        .map(|instance| (instance.account.as_str(), instance.region.as_str()))
        .collect();
    let mut by_regions: BTreeMap<Regions, Vec<String>> = BTreeMap::new();
    for unit in &desired.scope.units {
        let accounts: Vec<&str> = actual.organization.targets(unit).collect();
        let lacks = |region: &&String| match set {
            None => true,
            Some(set) if accounts.is_empty() => !is_auto_target(set, unit, region),
            Some(_) => accounts
                .iter()
                .any(|account| !have.contains(&(*account, region.as_str()))),
        };
        let regions: Regions = desired.scope.regions.iter().filter(lacks).cloned().collect();
        if !regions.is_empty() {
            by_regions.entry(regions).or_default().push(unit.clone());
        }
    }
    let mut steps = Vec::new();
    for (regions, units) in by_regions {
        for units in units.chunks(UNITS_PER_CALL) {
            let accounts: BTreeSet<&str> = units
                .iter()
                .flat_map(|unit| actual.organization.targets(unit))
                .collect();
            let pairs = accounts
                .iter()
                .flat_map(|account| regions.iter().map(|region| (*account, region.as_str())));
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
    steps
}

fn is_auto_target(set: &StackSet, unit: &str, region: &str) -> bool {
    let Some(targets) = &set.auto_targets else { return true };
    targets.contains(&(unit.to_owned(), region.to_owned()))
}

/// What an earlier operation left OUTDATED is tried again: only those accounts and regions.
fn retries(desired: &Desired, actual: &Actual) -> Vec<InstancesStep> {
    let mut regions_of: BTreeMap<&str, Regions> = BTreeMap::new();
    for instance in actual.stack_set.iter().flat_map(|set| &set.instances) {
        let active = actual
            .organization
            .accounts
            .get(&instance.account)
            .is_some_and(|account| account.is_active());
        if active && needs_retry(instance) && desired.scope.regions.contains(&instance.region) {
            regions_of
                .entry(&instance.account)
                .or_default()
                .insert(instance.region.clone());
        }
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
                action: SetAction::Update,
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
