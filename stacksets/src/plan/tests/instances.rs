//! Operations on instances.

use super::*;
use crate::ids::known;

#[test]
fn a_new_region_and_a_new_unit_are_two_operations() {
    let mut desired = desired();
    let actual = deployed(&desired);
    desired.scope.units.push(known(OTHER_UNIT));
    desired.scope.regions.push(known("eu-west-1"));
    assert_eq!(
        shown(&desired, &actual),
        format!(
            "{HEAD}\
+ stack instances: create 2 in {OTHER_UNIT} / eu-central-1, eu-west-1
+ stack instances: create 2 in {UNIT} / eu-west-1
rollout: 100 % of a region's accounts at a time; above 10 % failures no more are begun there, but those under way go on and may fail too
{MANAGEMENT}"
        )
    );
}

#[test]
fn no_call_names_more_than_fifty_units() {
    let mut desired = desired();
    desired.scope.units = (0..120).map(|number| known(&format!("ou-ab12-{number:08}"))).collect();
    let plan = plan(&desired, &empty()).unwrap();
    assert_eq!(
        plan.instances.iter().map(|step| step.units.len()).collect::<Vec<_>>(),
        [50, 50, 20]
    );
    let ids: BTreeSet<&String> = plan.instances.iter().map(|step| &step.operation_id).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn outdated_instances_are_tried_again_alone_and_with_the_next_attempt() {
    let desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).instances[1] = instance("000000000003", "eu-central-1", "OUTDATED", "FAILED");
    let first = plan(&desired, &actual).unwrap().instances.remove(0);
    assert_eq!(
        first.to_string(),
        format!("stack instances: try again 1 in {UNIT} (accounts 000000000003) / eu-central-1")
    );
    assert!(first.operation_id.ends_with("-1"));
    set(&mut actual).operations = vec![Operation {
        id: first.operation_id,
        status: "FAILED".into(),
    }];
    assert!(
        plan(&desired, &actual).unwrap().instances[0]
            .operation_id
            .ends_with("-2")
    );
}

#[test]
fn suspended_pending_and_inoperable_instances_are_left_alone_but_named() {
    let desired = desired();
    let mut actual = deployed(&desired);
    actual
        .organization
        .accounts
        .insert(known("000000000005"), account("SUSPENDED", UNIT));
    set(&mut actual).instances = vec![
        instance("000000000002", "eu-central-1", "OUTDATED", "RUNNING"),
        instance("000000000003", "eu-central-1", "INOPERABLE", "INOPERABLE"),
        instance("000000000005", "eu-central-1", "OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT"),
    ];
    assert_eq!(
        shown(&desired, &actual),
        format!(
            "{HEAD}\
nothing to do
{MANAGEMENT}\
note: not active, so StackSets skips them: 000000000005
note: inoperable, delete these instances with stacks retained and the stacks by hand: 000000000003/eu-central-1
"
        )
    );
}

#[test]
fn an_account_that_was_skipped_while_suspended_and_is_active_again_is_tried_again() {
    let desired = desired();
    let mut actual = deployed(&desired);
    let found = &mut set(&mut actual).instances[0];
    (found.status, found.detailed_status) = ("OUTDATED".into(), "SKIPPED_SUSPENDED_ACCOUNT".into());
    let account = found.account.clone();
    let plan = plan(&desired, &actual).unwrap();
    let steps: Vec<_> = plan.instances.iter().map(|step| step.accounts.clone()).collect();
    assert_eq!(steps, [Some(vec![account])]);
}

#[test]
fn a_unit_without_accounts_is_targeted_once_so_that_later_accounts_are_enrolled() {
    let mut desired = desired();
    desired.scope.units.push(known("ou-ab12-44444444"));
    let mut actual = deployed(&desired);
    assert!(plan(&desired, &actual).unwrap().is_empty(), "the endpoint does not say");
    set(&mut actual).auto_targets = Some(BTreeSet::from([(known(UNIT), known("eu-central-1"))]));
    assert_eq!(
        plan(&desired, &actual).unwrap().instances[0].units,
        ["ou-ab12-44444444"]
    );
    set(&mut actual).auto_targets = Some(BTreeSet::from([
        (known("ou-ab12-44444444"), known("eu-central-1")),
        (known(UNIT), known("eu-central-1")),
    ]));
    assert!(plan(&desired, &actual).unwrap().is_empty());
}

#[test]
fn one_missing_account_of_a_registered_unit_is_created_alone() {
    let desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).instances.remove(1);
    set(&mut actual).auto_targets = Some(BTreeSet::from([(known(UNIT), known("eu-central-1"))]));
    let steps = plan(&desired, &actual).unwrap().instances;
    assert_eq!(steps.len(), 1);
    assert_eq!(
        steps[0].to_string(),
        format!("stack instances: create 1 in {UNIT} (accounts 000000000003) / eu-central-1")
    );
}

#[test]
fn a_unit_that_auto_deployment_does_not_know_is_registered_although_its_accounts_are_covered() {
    let desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).auto_targets = Some(BTreeSet::new());
    let steps = plan(&desired, &actual).unwrap().instances;
    assert_eq!((steps.len(), steps[0].instances, &steps[0].accounts), (1, 0, &None));
    assert_eq!(steps[0].units, [UNIT]);
}

#[test]
fn an_open_operation_of_another_run_is_waited_for() {
    let desired = desired();
    let mut actual = deployed(&desired);
    let operation = |id: &str, status: &str| Operation {
        id: id.into(),
        status: status.into(),
    };
    set(&mut actual).operations = vec![
        operation("pipetrail-0123456789abcdef-1", "RUNNING"),
        operation("pipetrail-0123456789abcdef-0", "SUCCEEDED"),
        operation("0a1b2c3d", "RUNNING"),
    ];
    let plan = plan(&desired, &actual).unwrap();
    assert_eq!(plan.joins, ["pipetrail-0123456789abcdef-1"]);
    assert_eq!(plan.steps(), 1);
    let line = "~ operation pipetrail-0123456789abcdef-1: wait for its end, another run began it\n";
    assert!(plan.to_string().contains(line), "{plan}");
}

#[test]
fn an_open_operation_that_a_step_has_itself_is_not_waited_for_twice() {
    let desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).instances[1] = instance("000000000003", "eu-central-1", "OUTDATED", "FAILED");
    let id = plan(&desired, &actual).unwrap().instances.remove(0).operation_id;
    set(&mut actual).operations = vec![Operation {
        id: id.clone(),
        status: "RUNNING".into(),
    }];
    let plan = plan(&desired, &actual).unwrap();
    assert_eq!((plan.joins.len(), &plan.instances[0].operation_id), (0, &id));
}
