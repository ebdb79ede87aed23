//! The calls that lead out of a stuck state. No emulator gets into all of these states.

use super::*;
use crate::remedy::Remedy;

const CONTINUED: &str =
    "<ContinueUpdateRollbackResponse><ContinueUpdateRollbackResult/></ContinueUpdateRollbackResponse>";
const UPDATED: &str =
    "<UpdateStackResponse><UpdateStackResult><StackId>i</StackId></UpdateStackResult></UpdateStackResponse>";

/// The stack in a state.
fn state(status: &str) -> String {
    COMPLETE.replace("UPDATE_COMPLETE", status)
}

fn ours(status: &str) -> String {
    let tags = "<Tags><member><Key>managed-by</Key><Value>pipetrail</Value></member></Tags><Outputs>";
    state(status).replace("<Outputs>", tags)
}

async fn carried_out(server: &Answers, action: StackAction) -> Result<(), Error> {
    let step = StackStep {
        action,
        changes: vec![],
        ..step()
    };
    deployed(server, &step, &Written::default()).await.map(|_| ())
}

#[tokio::test]
async fn a_failed_rollback_is_continued_without_skipping_and_then_the_stack_is_updated() {
    let server = Answers::new(&[
        ("Action=ContinueUpdateRollback", 200, CONTINUED),
        // The status follows the call.
        ("Action=DescribeStacks", 200, &state("UPDATE_ROLLBACK_FAILED")),
        ("Action=DescribeStacks", 200, &state("UPDATE_ROLLBACK_IN_PROGRESS")),
        ("Action=DescribeStacks", 200, &state("UPDATE_ROLLBACK_COMPLETE")),
        ("Action=UpdateStack", 200, UPDATED),
        ("Action=DescribeStacks", 200, COMPLETE),
    ]);
    carried_out(&server, StackAction::ContinueUpdateRollback).await.unwrap();
    assert_eq!(
        (server.count("ResourcesToSkip"), server.count("Action=UpdateStack")),
        (0, 1)
    );
}

#[tokio::test]
async fn a_rollback_that_fails_again_is_an_error_with_its_reason_and_nothing_is_updated() {
    let failed = state("UPDATE_ROLLBACK_FAILED");
    let event = "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents><member>\
        <StackId>i</StackId><EventId>e</EventId><StackName>x</StackName><Timestamp>2026-11-21T00:00:00Z</Timestamp>\
        <LogicalResourceId>Bus</LogicalResourceId><ResourceStatus>UPDATE_FAILED</ResourceStatus>\
        <ResourceStatusReason>no permission</ResourceStatusReason></member></StackEvents>\
        </DescribeStackEventsResult></DescribeStackEventsResponse>";
    let server = Answers::new(&[
        ("Action=ContinueUpdateRollback", 200, CONTINUED),
        ("Action=DescribeStacks", 200, &state("UPDATE_ROLLBACK_IN_PROGRESS")),
        // For ever, as far as a test can tell: one more than is taken for an old answer.
        ("Action=DescribeStacks", 200, &failed),
        ("Action=DescribeStacks", 200, &failed),
        ("Action=DescribeStacks", 200, &failed),
        ("Action=DescribeStacks", 200, &failed),
        ("Action=DescribeStacks", 200, &failed),
        ("Action=DescribeStackEvents", 200, event),
    ]);
    let error = carried_out(&server, StackAction::ContinueUpdateRollback)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "stack x ended in UPDATE_ROLLBACK_FAILED: Bus: no permission"
    );
    assert!(matches!(error.remedy(), Some(Remedy::ContinueRollback { .. })));
    assert_eq!(server.count("Action=UpdateStack"), 0);
}

#[tokio::test]
async fn an_update_that_failed_without_rollback_is_rolled_back_and_then_the_stack_is_updated() {
    let server = Answers::new(&[
        (
            "Action=RollbackStack",
            200,
            "<RollbackStackResponse><RollbackStackResult/></RollbackStackResponse>",
        ),
        ("Action=DescribeStacks", 200, &state("UPDATE_ROLLBACK_COMPLETE")),
        ("Action=UpdateStack", 400, &refusal("No updates are to be performed.")),
        ("Action=DescribeStacks", 200, &state("UPDATE_ROLLBACK_COMPLETE")),
    ]);
    carried_out(&server, StackAction::RollbackStack).await.unwrap();
    assert_eq!(server.count("Action=UpdateStack"), 1);
}

#[tokio::test]
async fn what_is_at_work_on_our_stacks_is_waited_for_and_told_and_others_are_not() {
    let server = Answers::new(&[
        ("StackName=ours", 200, &ours("CREATE_IN_PROGRESS")),
        ("StackName=theirs", 200, &state("CREATE_IN_PROGRESS")),
        (
            "StackName=missing",
            400,
            &refusal("Stack with id missing does not exist"),
        ),
        ("StackName=ours", 200, &ours("ROLLBACK_COMPLETE")),
        ("StackName=theirs", 200, &state("CREATE_IN_PROGRESS")),
        (
            "StackName=missing",
            400,
            &refusal("Stack with id missing does not exist"),
        ),
    ]);
    let mut told = Vec::new();
    let mut tell = |progress: StepProgress<'_>| {
        if let StepProgress::Waits { step, status } = progress {
            told.push(format!("{step} {status}"));
        }
    };
    let names = ["ours", "theirs", "missing"];
    settle(&server.cloudformation(), &names, &mut tell).await.unwrap();
    assert_eq!(told, ["stack ours CREATE_IN_PROGRESS"]);
}
