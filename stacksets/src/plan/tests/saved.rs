//! The fingerprint that says whether a saved plan is still the plan.

use super::*;

fn fingerprint(desired: &Desired, actual: &Actual) -> String {
    plan(desired, actual).unwrap().fingerprint()
}

#[test]
fn the_same_plan_has_the_same_fingerprint() {
    let (desired, actual) = (desired(), empty());
    let first = fingerprint(&desired, &actual);
    assert_eq!(first, fingerprint(&desired, &actual));
    assert!(first.len() == 64 && first.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn what_is_not_shown_is_in_the_fingerprint() {
    let (wanted, actual) = (desired(), empty());
    let mut seen = BTreeSet::from([fingerprint(&wanted, &actual)]);
    let mut differs = |change: &dyn Fn(&mut Desired, &mut Actual)| {
        let (mut desired, mut actual) = (wanted.clone(), actual.clone());
        change(&mut desired, &mut actual);
        assert!(seen.insert(fingerprint(&desired, &actual)));
    };
    differs(&|desired, _| {
        let email = ParameterValue::Private("other@example.com".into());
        desired.stacks[2].parameters.insert("Email".into(), email);
    });
    differs(&|desired, _| {
        desired.stacks[2].tags.insert("cost-center".into(), "42".into());
    });
    // The same size, and no change of any key.
    differs(&|desired, _| desired.stacks[0].template = Template::new("# artifactz"));
    differs(&|desired, _| desired.rollout.failure_tolerance_percentage = 11);
    differs(&|_, actual| {
        actual.organization.accounts.remove("000000000003");
    });
}

#[test]
fn another_attempt_of_the_same_operation_is_another_plan() {
    let desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).instances[0] = instance("000000000002", "eu-central-1", "OUTDATED", "FAILED");
    let first = plan(&desired, &actual).unwrap();
    let id = first.instances[0].operation_id.clone();
    set(&mut actual).operations.push(Operation {
        id,
        status: "FAILED".into(),
    });
    assert_ne!(fingerprint(&desired, &actual), first.fingerprint());
}
