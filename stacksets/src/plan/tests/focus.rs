//! The part of a plan that concerns some accounts and units.

use super::*;
use crate::ids::known;

fn focus(units: &[&str], accounts: &[&str]) -> Focus {
    Focus {
        units: units.iter().map(|id| known(id)).collect(),
        accounts: accounts.iter().map(|id| known(id)).collect(),
    }
}

fn lines(desired: &Desired, actual: &Actual, focus: &Focus) -> Vec<String> {
    let plan = plan_for(desired, actual, focus).unwrap();
    plan.instances.iter().map(ToString::to_string).collect()
}

#[test]
fn an_account_of_a_unit_is_created_alone_and_nothing_else_is() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).instances.clear();
    desired.stacks[1].parameters.insert("Days".into(), text("8"));
    let plan = plan_for(&desired, &actual, &focus(&[], &["000000000003"])).unwrap();
    assert_eq!(plan.steps(), 1, "{plan}");
    assert_eq!(
        plan.instances[0].to_string(),
        format!("stack instances: create 1 in {UNIT} (accounts 000000000003) / eu-central-1")
    );
}

#[test]
fn a_unit_is_created_as_a_whole_and_others_wait() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).instances.clear();
    desired.scope.units.push(known(OTHER_UNIT));
    assert_eq!(
        lines(&desired, &actual, &focus(&[OTHER_UNIT], &[])),
        [format!("stack instances: create 1 in {OTHER_UNIT} / eu-central-1")]
    );
}

#[test]
fn what_is_removed_is_removed_in_focus_only() {
    let mut desired = desired();
    let actual = deployed(&desired);
    desired.scope.units = vec![known(OTHER_UNIT)];
    let delete = |accounts: &str, number: usize| {
        vec![format!(
            "stack instances: delete {number} in {UNIT} (accounts {accounts}) / eu-central-1"
        )]
    };
    assert_eq!(
        lines(&desired, &actual, &focus(&[], &["000000000002"])),
        delete("000000000002", 1)
    );
    assert_eq!(
        lines(&desired, &actual, &focus(&[UNIT], &[])),
        delete("000000000002, 000000000003", 2)
    );
}

#[test]
fn a_failed_instance_in_focus_is_tried_again() {
    let desired = desired();
    let mut actual = deployed(&desired);
    for index in 0..2 {
        set(&mut actual).instances[index].status = "OUTDATED".into();
    }
    assert_eq!(
        lines(&desired, &actual, &focus(&[], &["000000000002"])),
        [format!(
            "stack instances: try again 1 in {UNIT} (accounts 000000000002) / eu-central-1"
        )]
    );
}

#[test]
fn nothing_is_enrolled_before_the_first_apply() {
    let error = plan_for(&desired(), &empty(), &focus(&[UNIT], &[])).unwrap_err();
    assert!(matches!(error, Error::NoStackSet(_)), "{error}");
}
