//! The reader's role moves to another region before the stacks that have it go.

use pipetrail_names::member::READER_REGION;

use super::*;

/// The home region's stacks have the role; stacks are wanted in `regions`, and stand in `standing`.
fn case(regions: &[&str], standing: &[&str], wanted: &str) -> (Desired, Actual) {
    let mut desired = desired();
    desired.scope.regions = regions.iter().map(|region| known(region)).collect();
    let parameters = &mut desired.stack_set.parameters;
    parameters.insert(READER_REGION.to_owned(), text(wanted));
    let mut actual = deployed(&desired);
    let Some(set) = &mut actual.stack_set else {
        panic!("a stack set is deployed");
    };
    set.parameters
        .insert(READER_REGION.to_owned(), "eu-central-1".to_owned());
    let instances = set.instances.clone();
    set.instances = standing
        .iter()
        .flat_map(|region| {
            let there = |instance: &Instance| Instance {
                region: known(region),
                ..instance.clone()
            };
            instances.iter().map(there).collect::<Vec<_>>()
        })
        .collect();
    (desired, actual)
}

#[test]
fn it_moves_to_a_region_that_has_stacks_and_that_goes_first() {
    let (desired, actual) = case(
        &["eu-central-1", "us-east-1"],
        &["eu-central-1", "us-east-1"],
        "us-east-1",
    );
    let plan = plan(&desired, &actual).unwrap();
    let step = plan.stack_set.as_ref().unwrap();
    assert_eq!(step.region_order, [known::<Region>("us-east-1"), known("eu-central-1")]);
    assert!(
        plan.to_string()
            .contains("us-east-1 first: the reader's role moves there"),
        "{plan}"
    );
    // The old region may go in the same plan: its stacks go last.
    let (desired, actual) = case(&["us-east-1"], &["eu-central-1", "us-east-1"], "us-east-1");
    let plan = super::plan(&desired, &actual).unwrap();
    assert!(plan.stack_set.is_some() && !plan.instances.is_empty());
}

#[test]
fn it_stays_until_the_new_region_has_stacks() {
    let (desired, actual) = case(&["eu-central-1", "us-east-1"], &["eu-central-1"], "us-east-1");
    let plan = plan(&desired, &actual).unwrap();
    assert!(plan.stack_set.is_none(), "{plan}");
    assert!(
        plan.to_string()
            .contains("stays in eu-central-1 until every account has its stack in us-east-1"),
        "{plan}"
    );
}

#[test]
fn the_last_one_is_not_removed() {
    let (desired, actual) = case(&["us-east-1"], &["eu-central-1"], "us-east-1");
    let refused = plan(&desired, &actual).unwrap_err();
    assert!(matches!(refused, Error::LastReader { .. }), "{refused}");
    // A part of the organization never updates the stack set.
    let (desired, actual) = case(&["us-east-1"], &["eu-central-1", "us-east-1"], "us-east-1");
    let focus = Focus {
        accounts: BTreeSet::from([known("000000000002")]),
        ..Focus::default()
    };
    let refused = plan_for(&desired, &actual, &focus).unwrap_err();
    assert!(matches!(refused, Error::ReaderMoves { .. }), "{refused}");
}

#[test]
fn one_account_without_the_new_stack_holds_the_move_up_unless_nothing_can_reach_it() {
    let regions = ["eu-central-1", "us-east-1"];
    let (desired, mut actual) = case(&regions, &regions, "us-east-1");
    let lacking = |instance: &Instance| instance.region == "us-east-1" && instance.account == "000000000003";
    for status in ["OUTDATED", "INOPERABLE"] {
        let there = set(&mut actual).instances.iter_mut().find(|instance| lacking(instance));
        there.unwrap().status = status.into();
        let plan = plan(&desired, &actual).unwrap();
        assert!(
            plan.stack_set.is_none() && plan.to_string().contains("stays in eu-central-1"),
            "{plan}"
        );
    }
    set(&mut actual).instances.retain(|instance| !lacking(instance));
    assert!(plan(&desired, &actual).unwrap().stack_set.is_none());
    // Its old stack cannot be worked on either.
    let old = set(&mut actual)
        .instances
        .iter_mut()
        .find(|instance| instance.account == "000000000003");
    old.unwrap().status = "INOPERABLE".into();
    let step = plan(&desired, &actual).unwrap().stack_set.unwrap();
    assert_eq!(step.region_order[0], known::<Region>("us-east-1"));
}
