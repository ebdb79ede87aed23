//! Which instances have to go: those that stand outside of the scope.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::{AccountId, OuId, Region};

use crate::account_region::AccountRegion;
use crate::organization::{Account, Membership};
use crate::plan::group::{Regions, of_accounts};
use crate::plan::step::{InstancesAction, InstancesStep};
use crate::plan::view::View;
use crate::stack_set::{Instance, UNITS_PER_CALL};

type Pair<'a> = (&'a AccountId, &'a Region);

/// The operations. A unit and region that auto-deployment knows, but nobody configures any more, goes
/// as a whole: only that deregisters it. Other instances go alone, each through the unit that its
/// account is in now.
///
/// StackSets cannot delete the stacks of accounts that are not active, nor those of inoperable
/// instances: their instances go in an operation of their own, which leaves the stacks behind.
pub(super) fn removals(view: View<'_>) -> Vec<InstancesStep> {
    let mut gone: BTreeSet<Pair<'_>> = BTreeSet::new();
    let mut retained: BTreeSet<Pair<'_>> = BTreeSet::new();
    for instance in outside(view).filter(|instance| view.sees_account(&instance.account)) {
        let pairs = if stack_stays(view, instance) {
            &mut retained
        } else {
            &mut gone
        };
        pairs.insert((&instance.account, &instance.region));
    }
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

/// Instances of accounts of the organization that should not have one.
fn outside<'a>(view: View<'a>) -> impl Iterator<Item = &'a Instance> {
    view.instances().filter(move |instance| {
        let membership = view.membership(&instance.account, &instance.region);
        matches!(membership, Membership::Excluded | Membership::Outside)
    })
}

/// Whether only the instance can be removed, and its stack stays behind.
fn stack_stays(view: View<'_>, instance: &Instance) -> bool {
    let account = view.actual.organization.accounts.get(&instance.account);
    instance.status == "INOPERABLE" || account.is_some_and(|account| !account.is_active())
}

/// Every instance whose stack will stay behind.
pub(super) fn stacks_left_behind(view: View<'_>) -> Vec<AccountRegion> {
    let left = outside(view).filter(|instance| view.sees_account(&instance.account) && stack_stays(view, instance));
    left.map(Instance::at).collect()
}

/// Units and regions that auto-deployment still knows; takes what they remove out of `gone`.
///
/// Accounts below such a unit that stay enrolled are left out of the operation. When nothing else
/// is below it, the unit stays registered: what auto-deployment adds there is enrolled, or goes with
/// the next apply. So does a unit of which nobody knows who is below it.
fn left_units(view: View<'_>, gone: &mut BTreeSet<Pair<'_>>, retained: &BTreeSet<Pair<'_>>) -> Vec<InstancesStep> {
    let (scope, organization) = (&view.desired.scope, &view.actual.organization);
    let targets = view.actual.stack_set.iter().flat_map(|set| &set.auto_targets).flatten();
    // What is enrolled alone has registered the unit that it is in.
    let of_single = |unit: &OuId| {
        let parents = scope.accounts.iter().filter_map(|id| organization.accounts.get(id));
        parents.into_iter().any(|account| account.parent.as_ref() == Some(unit))
    };
    // Units in scope or in focus were read with all that is below them; others only with paths.
    let placed = organization.accounts.values().all(Account::is_placed);
    let known = |unit: &OuId| placed || view.focus.is_some() || scope.units.contains(unit);
    let left = targets.filter(|(unit, region)| {
        let configured = scope.units.contains(unit) || of_single(unit);
        view.sees_unit(unit) && known(unit) && !(configured && scope.regions.contains(region))
    });

    // Units by what they share: the regions, and who is left out.
    let mut calls: BTreeMap<(&OuId, Vec<AccountId>), Regions> = BTreeMap::new();
    let mut removed = BTreeSet::new();
    for (unit, region) in left {
        let below = organization
            .accounts
            .iter()
            .filter(|(_, account)| account.parents.contains(unit));
        let below: Vec<&AccountId> = below.map(|(id, _)| id).collect();
        let goes = |id: &&&AccountId| gone.contains(&(**id, region));
        let stays = below.iter().filter(|id| {
            let membership = view.membership(id, region);
            matches!(membership, Membership::Enrolled | Membership::Skipped) || retained.contains(&(**id, region))
        });
        let stays: Vec<AccountId> = stays.map(|id| (*id).clone()).collect();
        if !stays.is_empty() && !below.iter().any(|id| goes(&id)) {
            continue;
        }
        removed.extend(below.iter().filter(goes).map(|id| (*id, region)));
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
                let account = organization.accounts.get(*id);
                regions.contains(*region)
                    && account.is_some_and(|account| units.iter().any(|unit| account.parents.contains(unit)))
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
    gone.retain(|(id, region)| !removed.contains(&(*id, *region)));
    steps
}
