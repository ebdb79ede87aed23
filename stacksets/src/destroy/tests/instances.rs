//! Which operations delete which instances.

use std::collections::BTreeSet;

use super::super::{AccountFilter, DestroyPlan, DestroyStep, InstancesRemoval, plan};
use super::{instance, names, set, standing};
use crate::ids::known;
use crate::operation::Operation;

fn removals(plan: &DestroyPlan) -> Vec<&InstancesRemoval> {
    let removals = plan.steps.iter().filter_map(|step| match step {
        DestroyStep::Instances(removal) => Some(removal),
        _ => None,
    });
    removals.collect()
}

fn joined(removal: &InstancesRemoval) -> String {
    let instances: Vec<String> = removal.instances.iter().map(ToString::to_string).collect();
    instances.join(" ")
}

#[test]
fn an_inoperable_instance_is_let_go_and_its_account_still_loses_the_other() {
    let mut standing = standing();
    set(&mut standing).instances[0].status = "INOPERABLE".into();
    let plan = plan(&names(), &standing, false).unwrap();
    let removals = removals(&plan);
    let brief: Vec<_> = removals
        .iter()
        .map(|removal| (removal.filter, removal.retains_stacks, joined(removal)))
        .collect();
    assert_eq!(
        brief,
        [
            (
                AccountFilter::Difference,
                false,
                "000000000003/eu-central-1 000000000003/eu-west-1 000000000004/eu-central-1 000000000004/eu-west-1"
                    .to_owned()
            ),
            (AccountFilter::Intersection, false, "000000000002/eu-west-1".to_owned()),
            (
                AccountFilter::Intersection,
                true,
                "000000000002/eu-central-1".to_owned()
            ),
            (
                AccountFilter::Intersection,
                true,
                "000000000005/eu-central-1 000000000005/eu-west-1".to_owned()
            ),
        ]
    );
    assert_eq!(removals[0].accounts, ["000000000002", "000000000005"]);
    // Somebody has to delete that stack; of the suspended account nobody can.
    let unwanted: Vec<&str> = plan
        .remains
        .iter()
        .filter(|r| r.unwanted)
        .map(|r| r.account.as_str())
        .collect();
    assert_eq!(unwanted, ["000000000002"]);
}

#[test]
fn a_unit_that_may_be_deleted_is_asked_for_apart_so_that_its_refusal_stops_no_other() {
    let mut standing = standing();
    for account in standing.organization.accounts.values_mut() {
        account.parents = BTreeSet::from([known("r-ab12"), known("ou-ab12-aaaaaaaa")]);
    }
    let targets = ["ou-ab12-aaaaaaaa", "ou-ab12-gonegone", "r-ab12"].map(|unit| (known(unit), known("eu-central-1")));
    let set = set(&mut standing);
    set.auto_targets = Some(targets.into());
    set.instances = vec![instance("000000000002", "eu-central-1", "ou-ab12-aaaaaaaa")];
    let plan = plan(&names(), &standing, false).unwrap();
    let units: Vec<String> = removals(&plan).iter().map(|removal| removal.units.join(" ")).collect();
    assert_eq!(units, ["ou-ab12-aaaaaaaa r-ab12", "ou-ab12-gonegone"]);
}

#[test]
fn an_account_that_was_reopened_loses_its_stacks_like_any_other() {
    let mut standing = standing();
    let found = &mut set(&mut standing).instances[0];
    (found.status, found.detailed_status) = ("OUTDATED".into(), "SKIPPED_SUSPENDED_ACCOUNT".into());
    let plan = plan(&names(), &standing, false).unwrap();
    let retained = removals(&plan).into_iter().filter(|removal| removal.retains_stacks);
    let retained: Vec<_> = retained.map(|removal| removal.accounts.join(" ")).collect();
    assert_eq!(retained, ["000000000005"]);
}

#[test]
fn an_account_that_left_the_organization_is_let_go() {
    let mut standing = standing();
    standing.organization.accounts.remove("000000000004");
    let plan = plan(&names(), &standing, false).unwrap();
    let retained: Vec<&InstancesRemoval> = removals(&plan)
        .into_iter()
        .filter(|removal| removal.retains_stacks)
        .collect();
    assert_eq!(retained[0].accounts, ["000000000004", "000000000005"]);
    assert!(plan.remains[0].why.contains("left the organization"));
}

#[test]
fn units_come_from_the_instances_and_the_auto_deployment_targets_fifty_a_call() {
    let mut standing = standing();
    let set = set(&mut standing);
    set.instances = (0..60)
        .map(|n| instance("000000000002", "eu-central-1", &format!("ou-ab12-{n:08}")))
        .collect();
    set.auto_targets = Some(BTreeSet::from([(known("ou-ab12-newnewnew"), known("eu-north-1"))]));
    let plan = plan(&names(), &standing, false).unwrap();
    let units: Vec<(usize, &str)> = removals(&plan)
        .iter()
        .map(|removal| (removal.units.len(), removal.regions[0].as_str()))
        .collect();
    assert_eq!(units, [(50, "eu-central-1"), (10, "eu-central-1"), (1, "eu-north-1")]);
}

#[test]
fn where_aws_names_no_unit_the_root_is_looked_below() {
    let mut standing = standing();
    standing.roots = vec![known("r-ab12")];
    set(&mut standing)
        .instances
        .iter_mut()
        .for_each(|instance| instance.unit = None);
    let plan = plan(&names(), &standing, false).unwrap();
    assert!(removals(&plan).iter().all(|removal| removal.units == ["r-ab12"]));
}

#[test]
fn an_operation_that_is_still_open_is_waited_for_first_and_ids_are_not_used_again() {
    let mut standing = standing();
    let first = plan(&names(), &standing, false).unwrap();
    let begun = removals(&first)[0].operation_id.clone();
    set(&mut standing).operations = vec![
        Operation {
            id: "somebodys-auto-deployment".into(),
            status: "RUNNING".into(),
        },
        Operation {
            id: begun.clone(),
            status: "FAILED".into(),
        },
    ];
    let plan = plan(&names(), &standing, false).unwrap();
    // After the management account's own stack, which no operation works on.
    assert_eq!(
        plan.steps[1],
        DestroyStep::Join {
            operation_id: "somebodys-auto-deployment".into()
        }
    );
    assert_eq!(removals(&plan)[0].operation_id, begun.replace("-1", "-2"));
}

#[test]
fn a_set_without_instances_is_deleted_without_another_update() {
    let mut standing = standing();
    set(&mut standing).instances.clear();
    let plan = plan(&names(), &standing, false).unwrap();
    assert_eq!(plan.steps[1].id().to_string(), "stack set pipetrail-member");
}
