//! Single accounts and excluded ones.

use super::*;
use crate::ids::known;
use crate::remedy::Remedy;

#[test]
fn a_single_account_is_created_through_the_unit_that_it_is_in() {
    let mut desired = desired();
    let actual = deployed(&desired);
    desired.scope.accounts = vec![known("000000000004")];
    let plan = plan(&desired, &actual).unwrap();
    let lines: Vec<String> = plan.instances.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [format!(
            "stack instances: create 1 in {OTHER_UNIT} (accounts 000000000004) / eu-central-1"
        )]
    );
    assert_eq!(
        plan.notes[1],
        Note::SingleAccounts {
            accounts: vec![known("000000000004")],
            units: vec![known(OTHER_UNIT)],
        }
    );
    assert_eq!(
        plan.notes[1].joined_units(),
        [known::<pipetrail_names::OuId>(OTHER_UNIT)]
    );
}

#[test]
fn auto_deployment_is_on_where_a_unit_is_enrolled_and_nowhere_else() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    desired.scope.accounts = vec![known("000000000004")];
    desired.scope.units.clear();
    let off = plan(&desired, &actual).unwrap();
    let change = [Change::AutoDeployment { on: false }];
    let step = off.stack_set.as_ref().unwrap();
    assert_eq!((&step.changes[..], step.auto_deployment), (&change[..], false));
    assert!(off.notes.iter().all(|note| note.joined_units().is_empty()));

    set(&mut actual).auto_deployment = Some(false);
    set(&mut actual).auto_deploys = Some(false);
    assert_eq!(plan(&desired, &actual).unwrap().stack_set, None);

    desired.scope.units = vec![known(UNIT)];
    let on = plan(&desired, &actual).unwrap().stack_set.unwrap();
    assert_eq!(
        (&on.changes[..], on.auto_deployment),
        (&[Change::AutoDeployment { on: true }][..], true)
    );
    let focus = Focus {
        units: [known(UNIT)].into(),
        ..Focus::default()
    };
    let note = Note::AutoDeploymentOff {
        units: vec![known(UNIT)],
    };
    assert!(plan_for(&desired, &actual, &focus).unwrap().notes.contains(&note));
}

#[test]
fn a_single_account_below_a_unit_comes_by_the_unit() {
    let mut desired = desired();
    desired.scope.accounts = vec![known("000000000002")];
    let steps = plan(&desired, &empty()).unwrap().instances;
    assert_eq!((steps.len(), steps[0].instances, &steps[0].accounts), (1, 2, &None));
}

#[test]
fn a_unit_with_an_excluded_account_is_created_without_it_and_the_plan_says_what_that_is_worth() {
    let mut desired = desired();
    desired.scope.excluded = vec![known("000000000003"), known("000000000004")];
    let plan = plan(&desired, &empty()).unwrap();
    let lines: Vec<String> = plan.instances.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [format!(
            "stack instances: create 1 in {UNIT} (all but accounts 000000000003) / eu-central-1"
        )]
    );
    let note = plan.notes[1].to_string();
    assert!(
        note.starts_with("auto-deployment ignores excluded_accounts: 000000000003 get the stack"),
        "{note}"
    );
}

#[test]
fn an_excluded_account_is_never_missing() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    set(&mut actual).instances.remove(1);
    desired.scope.excluded = vec![known("000000000003")];
    assert!(plan(&desired, &actual).unwrap().is_empty());
    set(&mut actual).auto_targets = Some(BTreeSet::from([(known(UNIT), known("eu-central-1"))]));
    assert!(plan(&desired, &actual).unwrap().is_empty());
}

#[test]
fn an_account_that_the_organization_has_not_is_an_error_before_anything_is_done() {
    let mut wrong = [desired(), desired()];
    wrong[0].scope.accounts = vec![known("000000000099")];
    wrong[1].scope.excluded = vec![known("000000000099")];
    for desired in wrong {
        let error = plan(&desired, &empty()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "000000000099 is not an account of organization o-abcdefghij"
        );
        assert_eq!(error.remedy(), Some(Remedy::CorrectAccounts));
    }
}

#[test]
fn neither_the_management_account_nor_an_inactive_one_is_enrolled_by_its_name() {
    let mut desired = desired();
    let mut actual = deployed(&desired);
    let suspended = account("SUSPENDED", OTHER_UNIT);
    actual.organization.accounts.insert(known("000000000005"), suspended);
    desired.scope.accounts = vec![known("000000000001"), known("000000000005")];
    let plan = plan(&desired, &actual).unwrap();
    assert!(plan.is_empty(), "{plan}");
    assert_eq!(
        plan.notes[1],
        Note::NotActive {
            accounts: vec![known("000000000005")]
        }
    );
}
