//! Accounts and regions together in as few operations as possible.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::{AccountId, OuId, Region};

use crate::plan::step::InstancesStep;
use crate::stack_set::UNITS_PER_CALL;

pub(super) type Regions = BTreeSet<Region>;

/// Steps like `template` for single accounts and regions, each account through the unit that
/// `unit_of` gives.
pub(super) fn of_accounts<'a>(
    template: &InstancesStep,
    pairs: BTreeSet<(&AccountId, &Region)>,
    unit_of: impl Fn(&AccountId) -> Option<&'a OuId>,
) -> Vec<InstancesStep> {
    let mut regions_of: BTreeMap<&AccountId, Regions> = BTreeMap::new();
    for (account, region) in pairs {
        regions_of.entry(account).or_default().insert(region.clone());
    }
    let mut by_regions: BTreeMap<Regions, BTreeMap<&OuId, Vec<AccountId>>> = BTreeMap::new();
    for (account, regions) in regions_of {
        if let Some(unit) = unit_of(account) {
            let units = by_regions.entry(regions).or_default();
            units.entry(unit).or_default().push(account.clone());
        }
    }
    let mut steps = Vec::new();
    for (regions, units) in by_regions {
        let units: Vec<(&OuId, Vec<AccountId>)> = units.into_iter().collect();
        for units in units.chunks(UNITS_PER_CALL) {
            let mut accounts: Vec<AccountId> = units.iter().flat_map(|(_, accounts)| accounts.clone()).collect();
            accounts.sort_unstable();
            steps.push(InstancesStep {
                units: units.iter().map(|(unit, _)| (*unit).clone()).collect(),
                instances: accounts.len() * regions.len(),
                accounts: Some(accounts),
                regions: regions.iter().cloned().collect(),
                ..template.clone()
            });
        }
    }
    steps
}
