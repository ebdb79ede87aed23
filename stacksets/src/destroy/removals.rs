//! Which operations delete the instances of a stack set: as few as possible, and those that cannot be
//! reached apart, so that they stop nobody.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::{AccountId, AccountRegion, OuId, Region};

use super::{AccountFilter, InstancesRemoval};
use crate::operation;
use crate::organization::Organization;
use crate::stack_set::{Instance, StackSet, UNITS_PER_CALL};

type Regions = BTreeSet<Region>;

/// Why an instance is let go with its stack left where it is; `None` when the stack can be deleted.
pub(super) fn why_retained(instance: &Instance, organization: &Organization) -> Option<&'static str> {
    let account = organization.accounts.get(&instance.account);
    if instance.status == "INOPERABLE" || instance.detailed_status == "INOPERABLE" {
        Some("StackSets cannot work on it any more; delete the stack in that account by hand")
    } else if account.is_none() {
        Some("the account has left the organization; its owner can delete the stack")
    } else if account.is_some_and(|account| !account.is_active()) {
        // The account's state now, not what an operation found: it may have been reopened since.
        Some("the account is not active; the stack goes with the account, 90 days after it was closed")
    } else {
        None
    }
}

/// The operations that delete every instance of `set` but those that `leave` names. Units come from
/// the instances and from the auto-deployment targets; `fallback` is for instances without one.
pub(super) fn removals(
    set: &StackSet,
    organization: &Organization,
    fallback: &[OuId],
    leave: &BTreeSet<AccountRegion>,
) -> Vec<InstancesRemoval> {
    let all = || {
        let instances = set.instances.iter();
        instances.filter(|instance| !leave.contains(&instance.at()))
    };
    let retained = |instance: &Instance| why_retained(instance, organization).is_some();
    // An account with any instance that stays is worked on by its own: filters know no regions.
    let staying = all().filter(|i| retained(i)).map(|i| &i.account);
    let apart: BTreeSet<&AccountId> = staying.chain(leave.iter().map(|left| &left.account)).collect();

    let mut regions_of: BTreeMap<&OuId, Regions> = BTreeMap::new();
    let together = || all().filter(|i| !apart.contains(&i.account));
    for instance in together() {
        for unit in units(instance, fallback) {
            regions_of.entry(unit).or_default().insert(instance.region.clone());
        }
    }
    // A target without an instance yet may have one by the time the operation runs.
    let targets = set.auto_targets.iter().flatten();
    for (unit, region) in targets.filter(|_| all().next().is_some()) {
        regions_of.entry(unit).or_default().insert(region.clone());
    }
    let mut by_regions: BTreeMap<Regions, Vec<&OuId>> = BTreeMap::new();
    for (unit, regions) in regions_of {
        by_regions.entry(regions).or_default().push(unit);
    }
    let filter = match apart.is_empty() {
        true => AccountFilter::None,
        false => AccountFilter::Difference,
    };
    let known: BTreeSet<&OuId> = organization.accounts.values().flat_map(|a| &a.parents).collect();
    let mut removals = Vec::new();
    for (regions, units_here) in by_regions {
        // A unit that nobody is below may have been deleted, and would have the whole call refused.
        let (there, unsure): (Vec<&OuId>, Vec<&OuId>) = units_here
            .into_iter()
            .partition(|unit| known.is_empty() || known.contains(unit));
        for chunk in there.chunks(UNITS_PER_CALL).chain(unsure.chunks(1)) {
            let here = together().filter(|instance| {
                regions.contains(&instance.region) && units(instance, fallback).iter().any(|unit| chunk.contains(&unit))
            });
            removals.push(InstancesRemoval {
                units: chunk.iter().map(|unit| (*unit).clone()).collect(),
                filter,
                accounts: apart.iter().copied().cloned().collect(),
                regions: regions.iter().cloned().collect(),
                retains_stacks: false,
                instances: here.map(Instance::at).collect(),
                operation_id: String::new(),
            });
        }
    }
    for retains in [false, true] {
        let alone = all().filter(|i| apart.contains(&i.account) && retained(i) == retains);
        removals.extend(of_accounts(&alone.collect::<Vec<_>>(), fallback, retains));
    }
    for removal in &mut removals {
        let parts = [
            if removal.retains_stacks { "retain" } else { "delete" },
            &removal.units.join(","),
            &format!("{:?} {}", removal.filter, removal.accounts.join(",")),
            &removal.regions.join(","),
        ];
        removal.operation_id = operation::next_id(&parts, &set.operations);
    }
    removals
}

/// Operations on single accounts, those with the same regions and units together.
fn of_accounts(instances: &[&Instance], fallback: &[OuId], retains: bool) -> Vec<InstancesRemoval> {
    let mut of_account: BTreeMap<&AccountId, (Regions, BTreeSet<OuId>)> = BTreeMap::new();
    for instance in instances {
        let (regions, below) = of_account.entry(&instance.account).or_default();
        regions.insert(instance.region.clone());
        below.extend(units(instance, fallback).iter().cloned());
    }
    let mut groups: BTreeMap<(Regions, BTreeSet<OuId>), Vec<AccountId>> = BTreeMap::new();
    for (account, group) in of_account {
        groups.entry(group).or_default().push(account.clone());
    }
    let mut removals = Vec::new();
    for ((regions, below), accounts) in groups {
        let below: Vec<OuId> = below.into_iter().collect();
        for units in below.chunks(UNITS_PER_CALL) {
            let here = instances
                .iter()
                .filter(|i| accounts.contains(&i.account) && regions.contains(&i.region));
            removals.push(InstancesRemoval {
                units: units.to_vec(),
                accounts: accounts.clone(),
                filter: AccountFilter::Intersection,
                regions: regions.iter().cloned().collect(),
                retains_stacks: retains,
                instances: here.map(|instance| instance.at()).collect(),
                operation_id: String::new(),
            });
        }
    }
    removals
}

fn units<'a>(instance: &'a Instance, fallback: &'a [OuId]) -> &'a [OuId] {
    instance.unit.as_ref().map_or(fallback, std::slice::from_ref)
}
