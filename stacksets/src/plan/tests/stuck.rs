//! Stacks that are stuck: each state of CloudFormation has an action that leads out of it, or an error.

use super::*;
use crate::remedy::Remedy;

/// The data stack in a state; everything else as it should be.
fn in_state(desired: &Desired, status: &str) -> Actual {
    let mut actual = deployed(desired);
    actual.stacks.get_mut("data").unwrap().status = status.into();
    actual
}

fn step(desired: &Desired, actual: &Actual) -> StackStep {
    plan(desired, actual).unwrap().stacks.remove(0)
}

/// The data stack retains a bucket.
fn with_bucket() -> Desired {
    let mut desired = desired();
    desired.stacks[1].retains = vec!["the-lake".into(), "the-evidence".into()];
    desired
}

#[test]
fn what_never_stood_or_was_being_deleted_is_replaced_by_its_id() {
    let desired = desired();
    for (status, why) in [
        ("ROLLBACK_COMPLETE", "its creation failed"),
        ("CREATE_FAILED", "its creation failed"),
        ("ROLLBACK_FAILED", "its creation failed"),
        ("DELETE_FAILED", "its deletion was begun and failed"),
    ] {
        let step = step(&desired, &in_state(&desired, status));
        assert!(
            matches!(&step.action, StackAction::Replace { id, .. } if id == "arn:data"),
            "{status}"
        );
        let shown = format!("! stack data: delete and create, it is {status}: {why}\n    Days = \"7\"\n");
        assert_eq!(step.to_string(), shown);
    }
}

#[test]
fn a_failed_rollback_is_continued_and_then_updated_even_if_nothing_seems_to_differ() {
    let desired = desired();
    let step = step(&desired, &in_state(&desired, "UPDATE_ROLLBACK_FAILED"));
    assert_eq!(step.action, StackAction::ContinueUpdateRollback);
    assert!(step.changes.is_empty());
    assert!(
        step.to_string()
            .starts_with("! stack data: continue its rollback and update")
    );
}

#[test]
fn a_failed_update_without_rollback_is_rolled_back_and_then_updated() {
    let mut desired = desired();
    let actual = in_state(&desired, "UPDATE_FAILED");
    desired.stacks[1].parameters.insert("Days".into(), text("8"));
    let step = step(&desired, &actual);
    assert_eq!(step.action, StackAction::RollbackStack);
    assert!(step.to_string().ends_with("    Days: \"7\" -> \"8\"\n"), "{step}");
}

#[test]
fn a_shell_around_our_own_change_set_is_replaced() {
    let desired = desired();
    let step = step(&desired, &in_state(&desired, "REVIEW_IN_PROGRESS"));
    assert!(
        step.to_string().contains("an earlier run of pipetrail was interrupted"),
        "{step}"
    );
}

#[test]
fn everything_that_is_at_work_is_an_error_that_says_what_waits_for_it() {
    let desired = desired();
    for status in [
        "CREATE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    ] {
        let error = plan(&desired, &in_state(&desired, status)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("stack data in account 999988887777, eu-central-1 is in state {status}")
        );
        assert_eq!(error.remedy(), Some(Remedy::AwaitStack));
    }
}

#[test]
fn a_missing_stack_adopts_the_buckets_that_exist_and_creates_the_others() {
    let desired = with_bucket();
    let mut actual = deployed(&desired);
    actual.stacks.remove("data");
    actual.retained.insert("the-lake".into());
    let step = step(&desired, &actual);
    assert_eq!(
        (&step.action, step.adopts.as_slice()),
        (&StackAction::Create, &["the-lake".to_owned()][..])
    );
    assert_eq!(
        step.to_string(),
        "+ stack data: create\n    adopt bucket the-lake with all that is in it\n    Days = \"7\"\n"
    );
}

#[test]
fn a_stack_whose_deletion_failed_adopts_its_buckets_once_it_is_gone() {
    let desired = with_bucket();
    let mut actual = in_state(&desired, "DELETE_FAILED");
    actual.retained.extend(desired.stacks[1].retains.clone());
    assert_eq!(step(&desired, &actual).adopts, desired.stacks[1].retains);
}

#[test]
fn a_stack_that_stands_adopts_nothing() {
    let mut desired = with_bucket();
    let mut actual = deployed(&desired);
    actual.retained.extend(desired.stacks[1].retains.clone());
    desired.stacks[1].parameters.insert("Days".into(), text("8"));
    assert!(step(&desired, &actual).adopts.is_empty());
}

#[test]
fn a_changed_template_is_shown_as_a_diff() {
    let mut desired = desired();
    let actual = deployed(&desired);
    desired.stacks[1].template = Template::new("# data\nNew: line");
    let step = step(&desired, &actual);
    assert_eq!(
        step.to_string(),
        "~ stack data: update\n    template: +1 -0 lines\n      @@ -1,1 +1,2 @@\n       # data\n      +New: line\n"
    );
    let json = serde_json::to_value(&step.changes).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{"kind": "template", "added": 1, "removed": 0,
            "diff": "@@ -1,1 +1,2 @@\n # data\n+New: line\n"}])
    );
}
