//! Instances outside of the scope.

use pipetrail_names::{AccountRegion, OuId, Region};

use super::*;
use crate::ids::known;

const HOME: &str = "eu-central-1";
const SECOND: &str = "eu-west-1";

fn at_home(account: &str) -> AccountRegion {
    AccountRegion {
        account: known(account),
        region: known(HOME),
    }
}

fn lines(desired: &Desired, actual: &Actual) -> Vec<String> {
    let plan = plan(desired, actual).unwrap();
    plan.instances.iter().map(ToString::to_string).collect()
}

fn targets(pairs: &[(&str, &str)]) -> Option<BTreeSet<(OuId, Region)>> {
    let pairs = pairs.iter().map(|(unit, region)| (known(unit), known(region)));
    Some(pairs.collect())
}

#[test]
fn a_unit_that_left_the_configuration_is_removed_as_a_whole_and_after_what_is_created() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).auto_targets = targets(&[(UNIT, HOME)]);
    desired.scope.units = vec![known(OTHER_UNIT)];
    assert_eq!(
        lines(&desired, &actual),
        [
            format!("stack instances: create 1 in {OTHER_UNIT} / {HOME}"),
            format!("stack instances: delete 2 in {UNIT} / {HOME}"),
        ]
    );
}

#[test]
fn an_empty_unit_that_left_is_deregistered() {
    let desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).auto_targets = targets(&[(UNIT, HOME), ("ou-ab12-44444444", HOME)]);
    assert_eq!(
        lines(&desired, &actual),
        [format!("stack instances: delete 0 in ou-ab12-44444444 / {HOME}")]
    );
}

#[test]
fn a_region_that_left_is_removed_from_its_units() {
    let desired = desired();
    let mut actual = deployed(&desired);
    let more = ["000000000002", "000000000003"].map(|id| instance(id, SECOND, "CURRENT", "SUCCEEDED"));
    set(&mut actual).instances.extend(more);
    let by_account = format!("stack instances: delete 2 in {UNIT} (accounts 000000000002, 000000000003) / {SECOND}");
    assert_eq!(lines(&desired, &actual), [by_account], "the endpoint does not say");
    set(&mut actual).auto_targets = targets(&[(UNIT, HOME), (UNIT, SECOND)]);
    assert_eq!(
        lines(&desired, &actual),
        [format!("stack instances: delete 2 in {UNIT} / {SECOND}")]
    );
}

#[test]
fn an_excluded_account_and_one_of_no_unit_are_removed_alone_with_their_stacks() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).auto_targets = targets(&[(UNIT, HOME)]);
    set(&mut actual)
        .instances
        .push(instance("000000000004", HOME, "CURRENT", "SUCCEEDED"));
    desired.scope.excluded = vec![known("000000000003")];
    let plan = plan(&desired, &actual).unwrap();
    assert_eq!(
        plan.instances[0].to_string(),
        format!("stack instances: delete 2 in {UNIT}, {OTHER_UNIT} (accounts 000000000003, 000000000004) / {HOME}")
    );
    assert!(!plan.instances[0].retain_stacks && plan.instances.len() == 1);
}

#[test]
fn stacks_of_inactive_accounts_and_inoperable_instances_stay_behind_and_are_named() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    let closed = account("CLOSED", OTHER_UNIT);
    actual.organization.accounts.insert(known("000000000005"), closed);
    set(&mut actual).instances.extend([
        instance("000000000004", HOME, "CURRENT", "SUCCEEDED"),
        instance("000000000005", HOME, "OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT"),
    ]);
    set(&mut actual).instances[1] = instance("000000000003", HOME, "INOPERABLE", "INOPERABLE");
    set(&mut actual).auto_targets = targets(&[(UNIT, HOME), (OTHER_UNIT, HOME)]);
    desired.scope.excluded = vec![known("000000000003")];
    let plan = plan(&desired, &actual).unwrap();
    assert_eq!(
        lines(&desired, &actual),
        [
            format!("stack instances: delete 1 in {OTHER_UNIT} (all but accounts 000000000005) / {HOME}"),
            format!(
                "stack instances: delete 2 in {UNIT}, {OTHER_UNIT} (accounts 000000000003, 000000000005) / {HOME}; their stacks stay behind"
            ),
        ]
    );
    assert_ne!(plan.instances[0].operation_id, plan.instances[1].operation_id);
    let behind = Note::StacksLeftBehind {
        instances: vec![at_home("000000000003"), at_home("000000000005")],
    };
    assert!(plan.notes.contains(&behind), "{plan}");
}

#[test]
fn an_account_that_stays_enrolled_alone_is_left_out_of_its_units_removal() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).auto_targets = targets(&[("r-ab12", HOME)]);
    desired.scope.units = vec![];
    desired.scope.accounts = vec![known("000000000002")];
    assert_eq!(
        lines(&desired, &actual),
        [format!(
            "stack instances: delete 1 in r-ab12 (all but accounts 000000000002) / {HOME}"
        )]
    );
    // Its own unit is registered by it, and stays so.
    set(&mut actual).auto_targets = targets(&[(UNIT, HOME)]);
    assert_eq!(
        lines(&desired, &actual),
        [format!(
            "stack instances: delete 1 in {UNIT} (accounts 000000000003) / {HOME}"
        )]
    );
}

#[test]
fn a_unit_below_an_enrolled_one_is_not_removed() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    desired.scope.units = vec![known("r-ab12")];
    desired.scope.excluded = vec![known("999988887777"), known("000000000004")];
    set(&mut actual).auto_targets = targets(&[(UNIT, HOME), ("r-ab12", HOME)]);
    assert!(plan(&desired, &actual).unwrap().is_empty());
}

#[test]
fn instances_of_accounts_that_left_the_organization_are_left_to_aws() {
    let desired = desired();
    let mut actual = deployed(&desired);
    actual.organization.accounts.remove("000000000003");
    let plan = plan(&desired, &actual).unwrap();
    assert!(plan.is_empty(), "{plan}");
    assert_eq!(
        plan.notes[1],
        Note::LeftOrganization {
            instances: vec![at_home("000000000003")]
        }
    );
}

#[test]
fn a_removal_has_the_next_attempt_number_when_it_happens_again() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    desired.scope.excluded = vec![known("000000000003")];
    let id = |actual: &Actual| plan(&desired, actual).unwrap().instances.remove(0).operation_id;
    let first = id(&actual);
    assert!(first.ends_with("-1"));
    set(&mut actual).operations = vec![Operation {
        id: first.clone(),
        status: "SUCCEEDED".into(),
    }];
    assert_eq!(id(&actual), first.replace("-1", "-2"));
}

#[test]
fn a_unit_goes_as_a_whole_only_where_everybody_below_it_is_known() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).auto_targets = targets(&[("r-ab12", HOME), (UNIT, HOME)]);
    desired.scope.excluded = vec![known("000000000003")];
    let alone = format!("stack instances: delete 1 in {UNIT} (accounts 000000000003) / {HOME}");
    // The configured unit was walked, and so nobody has seen that its accounts are below the root.
    for account in actual.organization.accounts.values_mut() {
        account.parents.remove("r-ab12");
    }
    assert_eq!(lines(&desired, &actual), [alone]);
}
