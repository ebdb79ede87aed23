//! From every configuration to every other one, applied to a model of StackSets: nobody who is enrolled
//! loses an instance on the way, and after some rounds there is nothing to do.
//!
//! AWS does not document which filtered calls register or deregister a unit for auto-deployment, so
//! each possibility is a model of its own.

use std::str::FromStr;

use pipetrail_names::{AccountId, AccountRegion, IdError, OuId, Region};

use super::*;
use crate::ids::known;
use crate::organization::Membership;

const ROOT: &str = "r-ab12";
const CHILD: &str = "ou-ab12-44444444";
const REGIONS: [&str; 2] = ["eu-central-1", "eu-west-1"];

/// More rounds than that are taken for never.
const ROUNDS: usize = 3;

/// What StackSets does with auto-deployment.
#[derive(Clone, Copy, Debug)]
struct Model {
    /// Whether the endpoint lists the targets.
    lists_targets: bool,
    /// Whether creating only some accounts registers their units.
    some_register: bool,
    /// Whether creating all but some does.
    others_register: bool,
    /// Whether deleting some, or all but some, deregisters the units.
    filtered_deregister: bool,
}

impl Model {
    fn all() -> Vec<Self> {
        let both = [false, true];
        let mut models = vec![Model {
            lists_targets: false,
            some_register: true,
            others_register: true,
            filtered_deregister: true,
        }];
        for some_register in both {
            models.extend(both.map(|filtered_deregister| Model {
                lists_targets: true,
                some_register,
                others_register: true,
                filtered_deregister,
            }));
        }
        models
    }

    /// Carries out a step; gives whom it took an instance from.
    fn carry_out(self, step: &InstancesStep, actual: &mut Actual) -> Vec<AccountRegion> {
        let organization = actual.organization.clone();
        let set = actual.stack_set.as_mut().unwrap();
        let is_meant = |id: &AccountId| {
            let account = organization.accounts.get(id);
            account.is_some_and(|account| step.units.iter().any(|unit| account.parents.contains(unit)))
                && step.accounts.as_ref().is_none_or(|ids| ids.contains(id))
                && !step.excluded.contains(id)
        };
        let pairs = step.units.iter();
        let pairs = pairs.flat_map(|unit| step.regions.iter().map(|region| (unit.clone(), region.clone())));
        let pairs: Vec<(OuId, Region)> = pairs.collect();
        match step.action {
            InstancesAction::Create => {
                let registers = match &step.accounts {
                    Some(_) => self.some_register,
                    None => step.excluded.is_empty() || self.others_register,
                };
                if let Some(targets) = set.auto_targets.as_mut().filter(|_| registers) {
                    targets.extend(pairs);
                }
                let has = |id: &AccountId, region: &Region, set: &StackSet| {
                    let mut instances = set.instances.iter();
                    instances.any(|instance| instance.account == *id && instance.region == *region)
                };
                for id in organization.targets(&known(ROOT)).filter(|id| is_meant(id)) {
                    for region in &step.regions {
                        if !has(id, region, set) {
                            set.instances
                                .push(instance(id.as_str(), region.as_str(), "CURRENT", "SUCCEEDED"));
                        }
                    }
                }
                vec![]
            }
            InstancesAction::Update => vec![],
            InstancesAction::Delete => {
                let filtered = step.accounts.is_some() || !step.excluded.is_empty();
                if let Some(targets) = set
                    .auto_targets
                    .as_mut()
                    .filter(|_| !filtered || self.filtered_deregister)
                {
                    targets.retain(|pair| !pairs.contains(pair));
                }
                let goes = |instance: &Instance| is_meant(&instance.account) && step.regions.contains(&instance.region);
                let gone = set.instances.iter().filter(|instance| goes(instance));
                let gone = gone.map(Instance::at).collect();
                set.instances.retain(|instance| !goes(instance));
                gone
            }
        }
    }

    /// Applies until there is nothing to do.
    fn settle(self, desired: &Desired, actual: &mut Actual) {
        let scope = &desired.scope;
        for _ in 0..ROUNDS {
            let plan = plan(desired, actual).unwrap();
            if let (Some(step), Some(set)) = (&plan.stack_set, &mut actual.stack_set) {
                set.auto_deployment = Some(step.auto_deployment);
                set.auto_deploys = Some(step.auto_deployment);
            }
            for step in &plan.instances {
                for AccountRegion { account, region } in self.carry_out(step, actual) {
                    let membership = actual.organization.membership(scope, &account, &region);
                    assert_ne!(membership, Membership::Enrolled, "{self:?} {scope:?} {account}\n{plan}");
                }
            }
            let enrolled = actual.organization.enrolled(scope);
            let wanted: BTreeSet<(&AccountId, &Region)> = enrolled
                .flat_map(|id| scope.regions.iter().map(move |region| (id, region)))
                .collect();
            let stand = actual.stack_set.iter().flat_map(|set| &set.instances);
            let stand: BTreeSet<(&AccountId, &Region)> =
                stand.map(|instance| (&instance.account, &instance.region)).collect();
            assert_eq!(stand, wanted, "{self:?} {scope:?}\n{plan}");
            if plan.is_empty() {
                return;
            }
        }
        let plan = plan(desired, actual).unwrap();
        assert!(plan.is_empty(), "{self:?} {scope:?}\n{plan}");
    }
}

fn known_all<I: FromStr<Err = IdError>>(ids: &[&str]) -> Vec<I> {
    ids.iter().map(|id| known(id)).collect()
}

fn scopes() -> Vec<Scope> {
    let mut scopes = Vec::new();
    for units in [
        &[ROOT][..],
        &[UNIT],
        &[ROOT, CHILD],
        &[UNIT, OTHER_UNIT],
        &[CHILD, OTHER_UNIT],
        &[],
    ] {
        for (accounts, excluded) in [
            (&[][..], &[][..]),
            (&["000000000004"], &["000000000003"]),
            (&["000000000005"], &["000000000004"]),
        ] {
            for regions in [&REGIONS[..1], &REGIONS[..]] {
                if units.is_empty() && accounts.is_empty() {
                    continue;
                }
                scopes.push(Scope {
                    units: known_all(units),
                    accounts: known_all(accounts),
                    excluded: known_all(excluded),
                    regions: known_all(regions),
                    ..desired().scope
                });
            }
        }
    }
    scopes
}

#[test]
fn every_configuration_leads_to_every_other_one_and_covers_without_a_gap() {
    let mut start = deployed(&desired());
    let nested = Account {
        parents: BTreeSet::from([ROOT, UNIT, CHILD].map(known)),
        ..account("ACTIVE", CHILD)
    };
    start.organization.accounts.insert(known("000000000005"), nested);
    for model in Model::all() {
        for from in scopes() {
            let mut before = start.clone();
            let set = before.stack_set.as_mut().unwrap();
            set.instances.clear();
            set.auto_targets = model.lists_targets.then(BTreeSet::new);
            let mut wanted = desired();
            wanted.scope = from;
            model.settle(&wanted, &mut before);
            for to in scopes() {
                wanted.scope = to;
                model.settle(&wanted, &mut before.clone());
            }
        }
    }
}
