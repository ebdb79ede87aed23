//! What is refused before anything is done.

use super::*;

#[test]
fn a_stack_or_stack_set_that_is_not_ours_is_an_error_whatever_its_state() {
    let desired = desired();
    for status in ["CREATE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"] {
        let mut actual = deployed(&desired);
        let stack = actual.stacks.get_mut("data").unwrap();
        stack.status = status.into();
        stack.tags.insert("managed-by".into(), "terraform".into());
        let error = plan(&desired, &actual).unwrap_err();
        assert!(
            matches!(&error, Error::Foreign { what: "stack", name } if name == "data"),
            "{error}"
        );
    }
    let mut actual = deployed(&desired);
    set(&mut actual).tags.clear();
    let error = plan(&desired, &actual).unwrap_err();
    assert_eq!(
        error.to_string(),
        "stack set pipetrail-member exists and is not pipetrail's: it has no tag managed-by=pipetrail"
    );
}

#[test]
fn somebodys_change_set_that_waits_is_not_replaced() {
    let desired = desired();
    let mut actual = deployed(&desired);
    let stack = actual.stacks.get_mut("data").unwrap();
    stack.status = "REVIEW_IN_PROGRESS".into();
    stack.tags.clear();
    assert!(matches!(plan(&desired, &actual), Err(Error::Blocked { .. })));
}

#[test]
fn a_stack_that_cannot_be_worked_on_is_an_error_before_anything_is_done() {
    let desired = desired();
    let mut actual = deployed(&desired);
    for status in ["UPDATE_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED"] {
        actual.stacks.get_mut("data").unwrap().status = status.into();
        assert!(matches!(plan(&desired, &actual), Err(Error::Blocked { status: s, .. }) if s == status));
    }
    actual.stacks.get_mut("data").unwrap().status = "UPDATE_ROLLBACK_COMPLETE".into();
    assert!(plan(&desired, &actual).unwrap().is_empty());
}
