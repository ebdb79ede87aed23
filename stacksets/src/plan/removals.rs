//! Which instances have to go: those that stand outside of the scope.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::{AccountId, AccountRegion, OuId};

use crate::organization::{Account, Membership};
use crate::plan::step::{InstancesAction, InstancesStep};
use crate::plan::view::{Pair, Regions, View, of_accounts, pair};
use crate::stack_set::{Instance, UNITS_PER_CALL};

/// The operations. A unit and region that auto-deployment knows, but nobody configures any more, goes
/// as a whole: only that deregisters it. Other instances go alone, each through the unit that its
/// account is in now.
///
/// StackSets cannot delete the stacks of accounts that are not active, nor those of inoperable
/// instances: their instances go in an operation of their own, which leaves the stacks behind.
pub(super) fn removals(view: &View<'_>) -> Vec<InstancesStep> {
    let (retained, gone): (Vec<_>, Vec<_>) = outside(view).partition(|instance| stack_stays(view, instance));
    let pairs = |instances: Vec<_>| -> BTreeSet<Pair<'_>> { instances.into_iter().map(pair).collect() };
    let (retained, mut gone) = (pairs(retained), pairs(gone));
    let mut steps = left_units(view, &mut gone, &retained);
    let own = |id: &AccountId| {
        let account = view.actual.organization.accounts.get(id);
        account.and_then(|account| account.parent.as_ref())
    };
    let delete = InstancesStep::new(InstancesAction::Delete);
    steps.extend(of_accounts(&delete, gone, own));
    let retain_stacks = InstancesStep {
        retain_stacks: true,
        ..delete
    };
    steps.extend(of_accounts(&retain_stacks, retained, own));
    steps
}

/// Instances in view, of accounts of the organization, that should not be there.
fn outside<'a>(view: &'a View<'_>) -> impl Iterator<Item = &'a Instance> {
    view.instances().filter(|instance| {
        let membership = view.membership(&instance.account, &instance.region);
        matches!(membership, Membership::Excluded | Membership::Outside) && view.sees_account(&instance.account)
    })
}

/// Whether only the instance can be removed, and its stack stays behind.
fn stack_stays(view: &View<'_>, instance: &Instance) -> bool {
    let account = view.actual.organization.accounts.get(&instance.account);
    instance.status == "INOPERABLE" || account.is_some_and(|account| !account.is_active())
}

/// Every instance whose stack will stay behind.
pub(super) fn stacks_left_behind(view: &View<'_>) -> Vec<AccountRegion> {
    let left = outside(view).filter(|instance| stack_stays(view, instance));
    left.map(Instance::at).collect()
}

/// Units and regions that auto-deployment still knows; takes what they remove out of `gone`.
///
/// Accounts below such a unit that stay enrolled are left out of the operation. When nothing else
/// is below it, the unit stays registered: what auto-deployment adds there is enrolled, or goes with
/// the next apply. So does a unit of which nobody knows who is below it.
fn left_units(view: &View<'_>, gone: &mut BTreeSet<Pair<'_>>, retained: &BTreeSet<Pair<'_>>) -> Vec<InstancesStep> {
    let (scope, organization) = (&view.desired.scope, &view.actual.organization);
    let targets = view.actual.stack_set.iter().flat_map(|set| &set.auto_targets).flatten();
    // What is enrolled alone has registered the unit that it is in.
    let single = scope.accounts.iter().filter_map(|id| organization.accounts.get(id));
    let of_single: BTreeSet<&OuId> = single.filter_map(|account| account.parent.as_ref()).collect();
    // Units in scope or in focus were read with all that is below them; others only with paths.
    let placed = organization.accounts.values().all(Account::is_placed);
    let known = |unit: &OuId| placed || view.focus.is_some() || scope.units.contains(unit);
    let left = targets.filter(|(unit, region)| {
        let configured = scope.units.contains(unit) || of_single.contains(unit);
        view.sees_unit(unit) && known(unit) && !(configured && scope.regions.contains(region))
    });

    // Units by what they share: the regions, and who is left out.
    let mut calls: BTreeMap<(&OuId, Vec<AccountId>), Regions> = BTreeMap::new();
    let mut removed = BTreeSet::new();
    for (unit, region) in left {
        let below = organization
            .accounts
            .keys()
            .filter(|id| organization.is_below(id, unit));
        let (goes, others): (Vec<&AccountId>, Vec<&AccountId>) = below.partition(|id| gone.contains(&(*id, region)));
        let stays = others.into_iter().filter(|id| {
            let membership = view.membership(id, region);
            matches!(membership, Membership::Enrolled | Membership::Skipped) || retained.contains(&(*id, region))
        });
        let stays: Vec<AccountId> = stays.cloned().collect();
        if !stays.is_empty() && goes.is_empty() {
            continue;
        }
        removed.extend(goes.into_iter().map(|id| (id, region)));
        calls.entry((unit, stays)).or_default().insert(region.clone());
    }
    let mut together: BTreeMap<(Regions, Vec<AccountId>), Vec<OuId>> = BTreeMap::new();
    for ((unit, excluded), regions) in calls {
        together.entry((regions, excluded)).or_default().push(unit.clone());
    }
    let mut steps = Vec::new();
    for ((regions, excluded), units) in together {
        for units in units.chunks(UNITS_PER_CALL) {
            let here = |(id, region): &&Pair<'_>| {
                regions.contains(*region) && units.iter().any(|unit| organization.is_below(id, unit))
            };
            steps.push(InstancesStep {
                units: units.to_vec(),
                excluded: excluded.clone(),
                instances: removed.iter().filter(here).count(),
                regions: regions.iter().cloned().collect(),
                ..InstancesStep::new(InstancesAction::Delete)
            });
        }
    }
    gone.retain(|pair| !removed.contains(pair));
    steps
}
