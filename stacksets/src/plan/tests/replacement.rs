//! The stack that events run through is replaced: when, and what is planned around it.

use super::*;
use crate::flow::Flow;
use crate::replacement::Record;

fn flowing() -> Desired {
    let mut desired = desired();
    // As the real one: nothing comes from the stack that is replaced.
    let bus = ParameterValue::output("data", "LakeBucket");
    desired.stack_set.parameters.insert("Bus".into(), bus);
    Desired {
        flow: Some(Flow::of_test()),
        ..desired
    }
}

/// The pipeline stack in a state, with an archive; everything else as it should be.
fn in_state(desired: &Desired, status: &str) -> Actual {
    let mut actual = deployed(desired);
    let stack = actual.stacks.get_mut("pipeline").unwrap();
    stack.status = status.into();
    stack.since = "2026-11-30T10:00:00Z".parse().ok();
    actual.archived = true;
    actual
}

fn asked() -> Desired {
    let mut desired = flowing();
    desired.flow.as_mut().unwrap().asked = true;
    desired
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.ids().map(|id| id.to_string()).collect()
}

#[test]
fn what_can_be_updated_is_not_replaced() {
    let mut desired = flowing();
    for status in ["CREATE_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"] {
        let plan = plan(&desired, &in_state(&desired, status)).unwrap();
        assert_eq!((plan.drain, plan.replay), (None, None), "{status}");
    }
    let actual = in_state(&desired, "CREATE_COMPLETE");
    desired.stacks[2].parameters.insert("Key".into(), text("x"));
    let plan = plan(&desired, &actual).unwrap();
    assert_eq!(plan.stacks[0].action, StackAction::Update);
}

#[test]
fn a_shell_is_replaced_after_draining_and_the_gap_began_with_it() {
    let desired = flowing();
    for status in [
        "ROLLBACK_COMPLETE",
        "CREATE_FAILED",
        "ROLLBACK_FAILED",
        "DELETE_FAILED",
        "IMPORT_ROLLBACK_FAILED",
    ] {
        let plan = plan(&desired, &in_state(&desired, status)).unwrap();
        assert_eq!(
            ids(&plan),
            ["rules of bus pipetrail", "stack pipeline", "replay to bus pipetrail"],
            "{status}"
        );
        let drain = plan.drain.unwrap();
        let shell = (status != "IMPORT_ROLLBACK_FAILED").then_some("2026-11-30T10:00:00Z");
        assert_eq!(
            drain.lacking_since.map(|since| since.to_string()).as_deref(),
            shell,
            "{status}"
        );
        assert_eq!(drain.stack, "arn:pipeline");
    }
}

#[test]
fn nothing_drains_where_nothing_runs() {
    let desired = flowing();
    let mut nobody = in_state(&desired, "ROLLBACK_COMPLETE");
    set(&mut nobody).instances.clear();
    let mut no_bus = in_state(&desired, "ROLLBACK_COMPLETE");
    no_bus.stacks.remove("data");
    for actual in [nobody, no_bus] {
        let plan = plan(&desired, &actual).unwrap();
        assert_eq!((plan.drain, plan.replay), (None, None));
        assert!(
            plan.stacks
                .iter()
                .any(|step| matches!(step.action, StackAction::Replace { .. }))
        );
    }
}

#[test]
fn whoever_asks_gets_a_replacement_that_says_what_it_costs() {
    let desired = asked();
    let mut actual = in_state(&desired, "CREATE_COMPLETE");
    assert_eq!(
        shown(&desired, &actual),
        format!(
            "{HEAD}\
! rules of bus pipetrail: disable 1 and wait until their streams have drained (10 min or more); what arrives until the new stack stands is replayed, but for heartbeats
! stack pipeline: delete and create, it is CREATE_COMPLETE: that was asked for
    Email = (private)
    Key = \"lambda/transform-ba7816bf8f01cfea.zip\"
    Lake = data.LakeBucket
~ replay of archive pipetrail: from 45 minutes before the rules went off, 10 minutes after they are back
{MANAGEMENT}"
        )
    );
    let json = serde_json::to_value(plan(&desired, &actual).unwrap()).unwrap();
    assert_eq!(
        json["stacks"][0]["action"],
        serde_json::json!({"kind": "replace", "status": "CREATE_COMPLETE", "reason": "asked-for"})
    );
    assert_eq!(
        json["drain"],
        serde_json::json!({"bus": "pipetrail", "rules": 1, "buffer_seconds": 300, "begun": null, "archived": true})
    );
    assert_eq!(
        json["replay"],
        serde_json::json!({"archive": "pipetrail", "until": null, "state": null})
    );
    actual.archived = false;
    let shown = shown(&desired, &actual);
    assert!(shown.contains("is LOST, but for decisions\n"), "{shown}");
    assert!(shown.contains("~ replay: none, there is no archive"), "{shown}");
}

#[test]
fn a_replacement_that_was_begun_goes_on_without_being_asked_for_again() {
    let desired = flowing();
    let mut actual = in_state(&desired, "CREATE_COMPLETE");
    actual.replacement = Some(Record::of_test("arn:pipeline"));
    let text = shown(&desired, &actual);
    assert!(text.contains("(off since 2026-11-30T12:00:00Z)"), "{text}");
    assert!(
        text.contains("it is CREATE_COMPLETE: an earlier run has begun to"),
        "{text}"
    );

    // The stack is gone.
    actual.stacks.remove("pipeline");
    let plan_now = plan(&desired, &actual).unwrap();
    assert_eq!(plan_now.stacks[0].action, StackAction::Create);
    let of_plan = ids(&plan_now);
    assert!(
        !of_plan.iter().any(|id| id.starts_with("rules")) && of_plan.contains(&"replay to bus pipetrail".to_owned()),
        "{of_plan:?}"
    );
}

#[test]
fn a_stack_that_stands_again_is_not_replaced_twice_for_one_request() {
    let desired = asked();
    let mut actual = in_state(&desired, "CREATE_COMPLETE");
    let mut record = Record::of_test("arn:the-old-one");
    for until in [None, "2026-11-30T12:20:00Z".parse().ok()] {
        record.until = until;
        actual.replacement = Some(record.clone());
        assert_eq!(ids(&plan(&desired, &actual).unwrap()), ["replay to bus pipetrail"]);
    }
    // But where the new one is broken too, nothing else leads out.
    let mut broken = in_state(&desired, "UPDATE_ROLLBACK_FAILED");
    broken.replacement = actual.replacement.clone();
    let steps = plan(&desired, &broken).unwrap();
    assert!(matches!(steps.stacks[0].action, StackAction::Replace { .. }), "{steps}");
    record.done = true;
    actual.replacement = Some(record);
    assert_eq!(plan(&desired, &actual).unwrap().steps(), 3);
}

#[test]
fn a_replay_is_due_until_it_is_done() {
    let desired = flowing();
    let mut actual = in_state(&desired, "CREATE_COMPLETE");
    let mut record = Record::of_test("arn:the-old-one");
    record.until = "2026-11-30T12:20:00Z".parse().ok();
    actual.replacement = Some(record.clone());
    let due = format!(
        "{HEAD}~ replay of archive pipetrail: still due, for the bus without rules until 2026-11-30T12:20:00Z\n{MANAGEMENT}"
    );
    assert_eq!(shown(&desired, &actual), due);
    actual.replay = Some("RUNNING".into());
    assert!(shown(&desired, &actual).contains("wait for its end, it is RUNNING\n"));
    record.done = true;
    actual.replacement = Some(record);
    assert!(plan(&desired, &actual).unwrap().is_empty());
}

#[test]
fn a_replacement_that_differs_is_another_plan() {
    let desired = asked();
    let actual = in_state(&desired, "CREATE_COMPLETE");
    let before = plan(&desired, &actual).unwrap().fingerprint();
    let lost = Actual {
        archived: false,
        ..actual
    };
    assert_ne!(plan(&desired, &lost).unwrap().fingerprint(), before);
}
