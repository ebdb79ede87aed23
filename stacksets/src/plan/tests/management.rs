//! The management account's own stacks.

use super::*;
use crate::ids::known;
use crate::management::ManagementStacks;

fn member_stack(desired: &Desired) -> Stack {
    Stack {
        id: "arn:member".into(),
        status: "CREATE_COMPLETE".into(),
        template: desired.stack_set.template.body().to_owned(),
        parameters: BTreeMap::from([("Bus".to_owned(), "arn:the-bus".to_owned())]),
        tags: desired.stack_set.tags.clone(),
        ..Stack::default()
    }
}

fn with(desired: &Desired, stacks: &[(&str, Stack)]) -> Actual {
    let mut actual = deployed(desired);
    let stacks = stacks.iter().map(|(region, stack)| (known(region), stack.clone()));
    actual.management = Some(ManagementStacks {
        stacks: stacks.collect(),
        unreadable: BTreeMap::new(),
    });
    actual
}

#[test]
fn the_management_account_gets_a_stack_in_every_region_and_then_nothing_more() {
    let desired = desired();
    let actual = with(&desired, &[]);
    assert_eq!(
        shown(&desired, &actual),
        format!(
            "{HEAD}\
+ stack pipetrail-member in management account 000000000001, eu-central-1: create
    Bus = pipeline.BusArn
"
        )
    );
    let actual = with(&desired, &[("eu-central-1", member_stack(&desired))]);
    assert_eq!(shown(&desired, &actual), format!("{HEAD}nothing to do\n"));
}

#[test]
fn a_stack_in_a_region_that_left_is_deleted_and_somebody_elses_is_not() {
    let desired = desired();
    let ours = member_stack(&desired);
    let theirs = Stack {
        tags: BTreeMap::new(),
        ..ours.clone()
    };
    let stacks = [
        ("eu-central-1", ours.clone()),
        ("eu-west-1", ours),
        ("us-east-1", theirs.clone()),
    ];
    assert_eq!(
        shown(&desired, &with(&desired, &stacks)),
        format!("{HEAD}- stack pipetrail-member in management account 000000000001, eu-west-1: delete\n")
    );
    let taken = with(&desired, &[("eu-central-1", theirs)]);
    assert!(matches!(plan(&desired, &taken), Err(Error::Foreign { .. })));
}

#[test]
fn switched_off_it_loses_its_stack_and_is_named() {
    let mut desired = desired();
    let actual = with(&desired, &[("eu-central-1", member_stack(&desired))]);
    desired.scope.management = false;
    assert_eq!(
        shown(&desired, &actual),
        format!(
            "{HEAD}\
- stack pipetrail-member in management account 000000000001, eu-central-1: delete
note: management account 000000000001 is not covered: organization.management_account is false
"
        )
    );
}

#[test]
fn a_stack_that_nothing_can_be_applied_to_does_not_stop_the_others() {
    let mut desired = desired();
    desired.scope.regions.push(known("eu-west-1"));
    let stuck = Stack {
        status: "UPDATE_IN_PROGRESS".into(),
        ..member_stack(&desired)
    };
    let plan = plan(&desired, &with(&desired, &[("eu-central-1", stuck)])).unwrap();
    assert!(
        matches!(&plan.management[0].action, ManagementAction::Blocked { status } if status == "UPDATE_IN_PROGRESS")
    );
    assert!(matches!(plan.management[1].action, ManagementAction::Deploy { .. }));
}

#[test]
fn a_region_that_the_management_account_has_not_enabled_is_said() {
    let desired = desired();
    let mut actual = with(&desired, &[]);
    let unreadable = BTreeMap::from([(known("eu-central-1"), "no such token".to_owned())]);
    actual.management.as_mut().unwrap().unreadable = unreadable;
    assert!(
        shown(&desired, &actual)
            .ends_with("note: management account 000000000001 is not covered in eu-central-1: no such token\n")
    );
}

#[test]
fn coverage_gets_a_line_per_region() {
    let mut desired = desired();
    desired.scope.regions.push(known("eu-west-1"));
    let actual = with(&desired, &[("eu-central-1", member_stack(&desired))]);
    let states = actual
        .management
        .unwrap()
        .states(&desired.scope, actual.stack_set.as_ref());
    let shown: Vec<_> = states
        .iter()
        .map(|state| (state.region.as_str(), state.status.as_deref(), state.current))
        .collect();
    assert_eq!(
        shown,
        [
            ("eu-central-1", Some("CREATE_COMPLETE"), true),
            ("eu-west-1", None, false)
        ]
    );
}

#[test]
fn what_forwards_to_another_audit_account_or_home_region_is_neither_taken_over_nor_removed() {
    let desired = desired();
    let to = |bus: &str| BTreeMap::from([("AuditBusArn".to_owned(), bus.to_owned())]);
    let other_account = "arn:aws:events:eu-central-1:111122223333:event-bus/pipetrail";
    let other_region = "arn:aws:events:eu-west-1:999988887777:event-bus/pipetrail";
    let mut set_elsewhere = deployed(&desired);
    set_elsewhere.stack_set.as_mut().unwrap().parameters = to(other_account);
    let error = plan(&desired, &set_elsewhere).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "stack set pipetrail-member forwards to {other_account}, not to audit account 999988887777 in eu-central-1"
        )
    );
    let member = Stack {
        parameters: to(other_region),
        ..member_stack(&desired)
    };
    for management in [true, false] {
        let mut desired = desired.clone();
        desired.scope.management = management;
        let refused = plan(&desired, &with(&desired, &[("eu-central-1", member.clone())]));
        assert!(matches!(refused, Err(Error::Elsewhere { .. })), "{refused:?}");
    }
    let nobodys = Stack {
        tags: BTreeMap::new(),
        ..member
    };
    let foreign = plan(&desired, &with(&desired, &[("eu-central-1", nobodys)]));
    assert!(!matches!(foreign, Err(Error::Elsewhere { .. })), "{foreign:?}");
}
