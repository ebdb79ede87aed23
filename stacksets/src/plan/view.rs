//! What a plan is made from, and how accounts and regions go together in as few operations as possible.

use std::collections::{BTreeMap, BTreeSet};

use pipetrail_names::{AccountId, OuId, Region};

use crate::actual::Actual;
use crate::desired::Desired;
use crate::organization::{Membership, Organization};
use crate::plan::changes::Outputs;
use crate::plan::step::InstancesStep;
use crate::stack_set::{Instance, UNITS_PER_CALL};

pub(super) type Regions = BTreeSet<Region>;
pub(super) type Pair<'a> = (&'a AccountId, &'a Region);

/// Accounts and units; those below the units are meant too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// Organizational units or roots.
    pub units: BTreeSet<OuId>,
    pub accounts: BTreeSet<AccountId>,
}

impl Focus {
    /// Whether the account is one of those, or below one of the units.
    pub fn has_account(&self, organization: &Organization, account: &AccountId) -> bool {
        self.accounts.contains(account) || self.units.iter().any(|unit| organization.is_below(account, unit))
    }
}

/// What stands and what should, or a part of it.
pub(super) struct View<'a> {
    pub(super) desired: &'a Desired,
    pub(super) actual: &'a Actual,
    /// Only this part of the organization; `None` for all of it.
    pub(super) focus: Option<&'a Focus>,
    pub(super) outputs: Outputs,
}

impl<'a> View<'a> {
    pub(super) fn membership(&self, account: &AccountId, region: &Region) -> Membership {
        let scope = &self.desired.scope;
        self.actual.organization.membership(scope, account, region)
    }

    pub(super) fn sees_unit(&self, unit: &OuId) -> bool {
        self.focus.is_none_or(|focus| focus.units.contains(unit))
    }

    pub(super) fn sees_account(&self, account: &AccountId) -> bool {
        self.focus
            .is_none_or(|focus| focus.has_account(&self.actual.organization, account))
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = &'a Instance> + use<'a> {
        self.actual.stack_set.iter().flat_map(|set| &set.instances)
    }

    pub(super) fn unit_of(&self, account: &AccountId) -> Option<&'a OuId> {
        self.actual.organization.unit_of(&self.desired.scope, account)
    }
}

pub(super) fn pair(instance: &Instance) -> Pair<'_> {
    (&instance.account, &instance.region)
}

/// Steps like `template` for single accounts and regions, each account through the unit that
/// `unit_of` gives.
pub(super) fn of_accounts<'a>(
    template: &InstancesStep,
    pairs: BTreeSet<Pair<'_>>,
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
