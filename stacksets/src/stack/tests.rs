use super::*;
use crate::answers::Answers;
use crate::journal::{StepProgress, Written};
use crate::plan::{Change, ReplaceReason, StackAction, StackStep};
use crate::template::{Template, TemplateDiff};

mod adopt;
mod stuck;

const COMPLETE: &str = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName>\
    <StackStatus>UPDATE_COMPLETE</StackStatus><CreationTime>2026-11-21T00:00:00Z</CreationTime>\
    <Outputs><member><OutputKey>Bucket</OutputKey><OutputValue>b</OutputValue></member></Outputs>\
    </member></Stacks></DescribeStacksResult></DescribeStacksResponse>";

fn refusal(message: &str) -> String {
    format!("<ErrorResponse><Error><Code>ValidationError</Code><Message>{message}</Message></Error></ErrorResponse>")
}

fn step() -> StackStep {
    StackStep {
        name: "x".into(),
        action: StackAction::Update,
        changes: vec![Change::Template(TemplateDiff::default())],
        adopts: vec![],
        template: Template::new("Resources: {}"),
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        protect: false,
    }
}

fn calls<'a>(client: &'a Client, written: &'a Written) -> StackCalls<'a> {
    StackCalls {
        client,
        name: "x",
        written,
    }
}

async fn deployed(server: &Answers, step: &StackStep, written: &Written) -> Result<BTreeMap<String, String>, Error> {
    let client = server.cloudformation();
    calls(&client, written)
        .deploy(step, &BTreeMap::new(), None, &mut |_| {})
        .await
}

#[tokio::test]
async fn an_update_without_changes_is_done() {
    let server = Answers::new(&[
        ("Action=UpdateStack", 400, &refusal("No updates are to be performed.")),
        ("Action=DescribeStacks", 200, COMPLETE),
    ]);
    let outputs = deployed(&server, &step(), &Written::default()).await.unwrap();
    assert_eq!(outputs.get("Bucket").map(String::as_str), Some("b"));
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_waited_for() {
    // Unproven on AWS: that a repeated token is answered so while the update is under way.
    let begun = refusal("the token exists").replace("ValidationError", "TokenAlreadyExistsException");
    let busy = COMPLETE.replace("UPDATE_COMPLETE", "UPDATE_IN_PROGRESS");
    let server = Answers::new(&[
        ("Action=UpdateStack", 503, "no answer"),
        ("Action=UpdateStack", 400, &begun),
        ("Action=DescribeStacks", 200, &busy),
        ("Action=DescribeStacks", 200, COMPLETE),
    ]);
    let (client, written, mut told) = (server.cloudformation(), Written::default(), Vec::new());
    let mut tell = |status: &str| told.push(status.to_owned());
    let updated = calls(&client, &written)
        .deploy(&step(), &BTreeMap::new(), None, &mut tell)
        .await;
    assert_eq!(updated.unwrap().len(), 1);
    assert_eq!(told, ["UPDATE_IN_PROGRESS"]);
    assert!(written.take(), "the first call wrote");
    assert_eq!(server.count("ClientRequestToken=pipetrail-"), 2);
}

#[tokio::test]
async fn any_other_refusal_of_an_update_is_an_error() {
    let server = Answers::new(&[("Action=UpdateStack", 400, &refusal("Parameters: [Y] do not exist"))]);
    let written = Written::default();
    let updated = deployed(&server, &step(), &written).await;
    let error = updated.unwrap_err();
    assert!(!written.take(), "a refused update has changed nothing");
    assert_eq!(
        pipetrail_names::chain(&error),
        "cannot update stack x: ValidationError: Parameters: [Y] do not exist"
    );
}

#[tokio::test]
async fn only_the_message_of_a_missing_stack_means_that_it_is_missing() {
    let server = Answers::new(&[
        ("Action=DescribeStacks", 400, &refusal("Stack with id x does not exist")),
        ("Action=DescribeStacks", 400, &refusal("1 validation error detected")),
    ]);
    let client = server.cloudformation();
    assert_eq!(Stack::read(&client, "x").await.unwrap(), None);
    assert!(Stack::read(&client, "x").await.is_err());
}

#[tokio::test]
async fn a_shell_is_deleted_by_its_id_and_its_protection_is_not_lifted() {
    let id = "arn:aws:cloudformation:eu-central-1:999988887777:stack/x/1";
    let gone = COMPLETE.replace("UPDATE_COMPLETE", "DELETE_COMPLETE");
    let created = format!(
        "<CreateStackResponse><CreateStackResult><StackId>{id}2</StackId></CreateStackResult></CreateStackResponse>"
    );
    let server = Answers::new(&[
        ("Action=DeleteStack", 200, "<DeleteStackResponse/>"),
        ("Action=DescribeStacks", 200, &gone),
        ("Action=CreateStack", 200, &created),
        ("Action=DescribeStacks", 200, COMPLETE),
    ]);
    let step = StackStep {
        action: StackAction::Replace {
            id: id.into(),
            status: "ROLLBACK_COMPLETE".into(),
            reason: ReplaceReason::Stuck,
        },
        ..step()
    };
    deployed(&server, &step, &Written::default()).await.unwrap();
    assert_eq!(
        server.count("Action=DeleteStack&Version=2010-05-15&StackName=arn%3Aaws"),
        1
    );
    assert_eq!(server.count("UpdateTerminationProtection"), 0);
}

const EXISTS: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AlreadyExistsException</Code>\
    <Message>Stack [x] already exists</Message></Error></ErrorResponse>";

fn existing(tag: &str) -> String {
    format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName><StackId>x-1</StackId>\
         <StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-21T00:00:00Z</CreationTime>\
         <Tags><member><Key>{tag}</Key><Value>pipetrail</Value></member></Tags>\
         </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_waited_for_and_a_strangers_stack_is_refused() {
    let creation = StackStep {
        action: StackAction::Create,
        ..step()
    };
    for (tag, is_ours) in [("managed-by", true), ("owner", false)] {
        let server = Answers::new(&[
            ("Action=CreateStack", 400, EXISTS),
            ("Action=DescribeStacks", 200, &existing(tag)),
            ("StackName=x-1", 200, &existing(tag)),
        ]);
        let done = deployed(&server, &creation, &Written::default()).await;
        assert_eq!(done.is_ok(), is_ours, "{done:?}");
        assert_eq!(matches!(done, Err(Error::Foreign { .. })), !is_ours, "{done:?}");
    }
}
