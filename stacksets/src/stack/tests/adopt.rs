//! Creation around retained buckets. That CloudFormation on AWS imports a bucket whose name is literal
//! is its documentation's word; the emulator does as documented, and runs end to end.

use super::*;

const CREATED: &str = "<CreateChangeSetResponse><CreateChangeSetResult><Id>set</Id><StackId>arn:x</StackId>\
    </CreateChangeSetResult></CreateChangeSetResponse>";

fn change_set(status: &str, execution: &str) -> String {
    format!(
        "<DescribeChangeSetResponse><DescribeChangeSetResult><StackId>arn:x</StackId><Status>{status}</Status>\
         <StatusReason>because</StatusReason><ExecutionStatus>{execution}</ExecutionStatus>\
         <Tags><member><Key>managed-by</Key><Value>pipetrail</Value></member></Tags>\
         </DescribeChangeSetResult></DescribeChangeSetResponse>"
    )
}

fn exception(code: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>")
}

async fn adopted(server: &Answers) -> Result<(), Error> {
    let step = StackStep {
        action: StackAction::Create,
        adopts: vec!["the-lake".into()],
        ..step()
    };
    deployed(server, &step, &Written::default()).await.map(|_| ())
}

#[tokio::test]
async fn buckets_are_imported_by_a_change_set_that_rolls_back_when_it_fails() {
    let server = Answers::new(&[
        ("Action=CreateChangeSet", 200, CREATED),
        (
            "Action=DescribeChangeSet",
            200,
            &change_set("CREATE_IN_PROGRESS", "UNAVAILABLE"),
        ),
        (
            "Action=DescribeChangeSet",
            200,
            &change_set("CREATE_COMPLETE", "AVAILABLE"),
        ),
        ("Action=ExecuteChangeSet", 200, "<ExecuteChangeSetResponse/>"),
        (
            "Action=DescribeStacks",
            200,
            &COMPLETE.replace("UPDATE_COMPLETE", "REVIEW_IN_PROGRESS"),
        ),
        (
            "Action=DescribeStacks",
            200,
            &COMPLETE.replace("UPDATE_COMPLETE", "CREATE_COMPLETE"),
        ),
    ]);
    adopted(&server).await.unwrap();
    for said in [
        "ImportExistingResources=true",
        "ChangeSetType=CREATE",
        "OnStackFailure=ROLLBACK",
    ] {
        assert_eq!(server.count(said), 1, "{said}");
    }
    assert_eq!(server.count("ChangeSetName=pipetrail-"), 4);
    assert_eq!(server.count("Action=CreateStack"), 0);
}

#[tokio::test]
async fn a_change_set_that_is_made_and_begun_already_is_joined() {
    let server = Answers::new(&[
        ("Action=CreateChangeSet", 400, &exception("AlreadyExistsException")),
        (
            "Action=DescribeChangeSet",
            200,
            &change_set("CREATE_COMPLETE", "AVAILABLE"),
        ),
        ("Action=ExecuteChangeSet", 400, &exception("InvalidChangeSetStatus")),
        (
            "Action=DescribeChangeSet",
            200,
            &change_set("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS"),
        ),
        (
            "Action=DescribeStacks",
            200,
            &COMPLETE.replace("UPDATE_COMPLETE", "CREATE_COMPLETE"),
        ),
    ]);
    adopted(&server).await.unwrap();
}

#[tokio::test]
async fn a_change_set_that_failed_is_not_executed_and_says_why() {
    let server = Answers::new(&[
        ("Action=CreateChangeSet", 200, CREATED),
        ("Action=DescribeChangeSet", 200, &change_set("FAILED", "UNAVAILABLE")),
    ]);
    let error = adopted(&server).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stack x ended in a change set that is FAILED: because"
    );
    assert_eq!(server.count("Action=ExecuteChangeSet"), 0);
}

#[tokio::test]
async fn a_shell_is_ours_when_all_of_its_change_sets_are() {
    let review = COMPLETE.replace("UPDATE_COMPLETE", "REVIEW_IN_PROGRESS");
    let list = |names: &[&str]| {
        let sets: String = names
            .iter()
            .map(|name| format!("<member><ChangeSetName>{name}</ChangeSetName></member>"))
            .collect();
        format!(
            "<ListChangeSetsResponse><ListChangeSetsResult><Summaries>{sets}</Summaries></ListChangeSetsResult>\
             </ListChangeSetsResponse>"
        )
    };
    for (names, wanted) in [
        (&["pipetrail-0123456789abcdef"][..], true),
        (&["pipetrail-0123456789abcdef", "somebodys"][..], false),
        (&[][..], false),
    ] {
        let server = Answers::new(&[
            ("Action=DescribeStacks", 200, &review),
            ("Action=ListChangeSets", 200, &list(names)),
            (
                "Action=DescribeChangeSet",
                200,
                &change_set("CREATE_COMPLETE", "AVAILABLE"),
            ),
            // Destroying asks without the template.
            ("Action=DescribeStacks", 200, &review),
            ("Action=ListChangeSets", 200, &list(names)),
            (
                "Action=DescribeChangeSet",
                200,
                &change_set("CREATE_COMPLETE", "AVAILABLE"),
            ),
        ]);
        let stack = Stack::read(&server.cloudformation(), "x").await.unwrap().unwrap();
        assert_eq!(stack.is_ours(), wanted, "{names:?}");
        let stack = Stack::identify(&server.cloudformation(), "x").await.unwrap().unwrap();
        assert_eq!(stack.is_ours(), wanted, "{names:?}");
        assert_eq!(server.count("Action=GetTemplate"), 0);
    }
}
