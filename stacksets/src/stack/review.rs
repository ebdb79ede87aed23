//! What CloudFormation makes of a template before anything is created: a change set that nobody executes.
//!
//! It leaves a shell of the stack for as long as it exists. Where a run ends in between, the shell and its change set
//! have names and tags of ours, so that the next review or plan takes it away.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{ChangeSetStatus, ChangeSetType};

use super::convert::{capabilities, parameters_to, tags_to};
use super::{Condition, PREFIX, Stack, StackCalls};
use crate::desired::StackSpec;
use crate::error::{Error, from_sdk};
use crate::ids::answered;
use crate::journal::Written;
use crate::pause::Pause;

/// How a change set for a new stack came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// `CREATE_COMPLETE`, or another status of a change set.
    pub status: String,
    /// AWS's reason, where there is one.
    pub reason: Option<String>,
    /// How many resources it would create, after transforms and loops.
    pub changes: usize,
}

/// Makes the change set for a stack that does not exist, reads it, and takes it away with its shell. A shell that an
/// earlier review left goes first. `template_url` is where the template lies when it is too large to be sent inline.
/// `imports` says that buckets of it exist and are taken over.
///
/// # Errors
/// A stack of that name, or a refused call.
pub async fn review(
    client: &Client,
    spec: &StackSpec,
    parameters: &BTreeMap<String, String>,
    template_url: Option<String>,
    imports: bool,
) -> Result<Review, Error> {
    let name = spec.name.as_str();
    if !take_shell_away(client, name).await? {
        return Err(Error::foreign("stack", name));
    }
    let set = format!("{PREFIX}review");
    let body = template_url.is_none().then(|| spec.template.body().to_owned());
    let created = client
        .create_change_set()
        .stack_name(name)
        .change_set_name(&set)
        .change_set_type(ChangeSetType::Create)
        .import_existing_resources(imports)
        // That check refuses names that are taken.
        .disable_validation(imports)
        .set_template_body(body)
        .set_template_url(template_url)
        .set_parameters(Some(parameters_to(parameters)))
        .set_tags(Some(tags_to(&spec.tags)))
        .set_capabilities(Some(capabilities()))
        .send()
        .await;
    let created = created.map_err(from_sdk(format!("create change set {set} of stack {name}")))?;
    let id = answered("CreateChangeSet", "StackId", created.stack_id())?;
    let read = read(client, name, &set).await;
    // The change set goes with its shell, whatever it says.
    let written = &Written::default();
    let calls = StackCalls { client, name, written };
    calls.take_away(id, false, &mut |_| {}).await?;
    read
}

/// Takes away the shell that a review left when it ended before its time; gives whether the name is free then. What has
/// the name otherwise is left alone.
///
/// # Errors
/// A refused call.
pub async fn take_shell_away(client: &Client, name: &str) -> Result<bool, Error> {
    match Stack::identify(client, name).await? {
        None => Ok(true),
        Some(stack) if stack.condition() == Condition::Review && stack.is_ours() => {
            let written = &Written::default();
            let calls = StackCalls { client, name, written };
            calls.take_away(&stack.id, false, &mut |_| {}).await?;
            Ok(true)
        }
        Some(_) => Ok(false),
    }
}

/// Waits until the change set is made, and counts its changes.
async fn read(client: &Client, stack: &str, set: &str) -> Result<Review, Error> {
    let mut pause = Pause::default();
    loop {
        let (mut changes, mut token) = (0, None);
        let described = loop {
            let call = client.describe_change_set().stack_name(stack).change_set_name(set);
            let page = call.set_next_token(token).send().await;
            let page = page.map_err(from_sdk(format!("describe change set {set} of stack {stack}")))?;
            changes += page.changes().len();
            token = page.next_token.clone();
            if token.is_none() {
                break page;
            }
        };
        match described.status() {
            Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => pause.sleep().await,
            status => {
                return Ok(Review {
                    status: status.map_or("unknown", |status| status.as_str()).to_owned(),
                    reason: described.status_reason,
                    changes,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;
    use crate::template::Template;

    const MISSING: &str = "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id x does not exist\
        </Message></Error></ErrorResponse>";

    fn spec() -> StackSpec {
        StackSpec {
            name: "x".into(),
            template: Template::new("Resources: {}"),
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
            protect: false,
            retains: vec![],
        }
    }

    #[tokio::test]
    async fn all_pages_are_counted_and_the_shell_is_deleted_by_its_id() {
        let created = "<CreateChangeSetResponse><CreateChangeSetResult><StackId>arn:x</StackId></CreateChangeSetResult>\
            </CreateChangeSetResponse>";
        let page = |changes: &str, more: &str| {
            format!(
                "<DescribeChangeSetResponse><DescribeChangeSetResult><Status>CREATE_COMPLETE</Status>\
                 <Changes>{changes}</Changes>{more}</DescribeChangeSetResult></DescribeChangeSetResponse>"
            )
        };
        let change = "<member><Type>Resource</Type></member>";
        let shell = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName>\
            <StackId>arn:x</StackId><StackStatus>REVIEW_IN_PROGRESS</StackStatus>\
            <CreationTime>2026-11-21T00:00:00Z</CreationTime></member></Stacks></DescribeStacksResult>\
            </DescribeStacksResponse>";
        let server = Answers::new(&[
            ("Action=DescribeStacks", 400, MISSING),
            ("Action=CreateChangeSet", 200, created),
            (
                "Action=DescribeChangeSet",
                200,
                &page(&change.repeat(2), "<NextToken>t</NextToken>"),
            ),
            ("NextToken=t", 200, &page(change, "")),
            ("Action=DescribeStacks", 200, shell),
            ("Action=DeleteStack", 200, "<DeleteStackResponse/>"),
            ("Action=DescribeStacks", 400, MISSING),
        ]);
        let review = review(&server.cloudformation(), &spec(), &BTreeMap::new(), None, false)
            .await
            .unwrap();
        assert_eq!((review.status.as_str(), review.changes), ("CREATE_COMPLETE", 3));
        assert_eq!(server.count("Action=DeleteStack"), 1);
    }

    #[tokio::test]
    async fn the_shell_of_an_earlier_review_goes_and_one_of_somebody_else_stays() {
        let shell = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName>\
            <StackId>arn:x</StackId><StackStatus>REVIEW_IN_PROGRESS</StackStatus>\
            <CreationTime>2026-11-21T00:00:00Z</CreationTime></member></Stacks></DescribeStacksResult>\
            </DescribeStacksResponse>";
        let list = |name: &str| {
            format!(
                "<ListChangeSetsResponse><ListChangeSetsResult><Summaries><member><ChangeSetName>{name}</ChangeSetName>\
                 </member></Summaries></ListChangeSetsResult></ListChangeSetsResponse>"
            )
        };
        let set = "<DescribeChangeSetResponse><DescribeChangeSetResult><Status>CREATE_COMPLETE</Status><Tags><member>\
            <Key>managed-by</Key><Value>pipetrail</Value></member></Tags></DescribeChangeSetResult>\
            </DescribeChangeSetResponse>";
        for (name, is_free) in [("pipetrail-review", true), ("somebodys", false)] {
            let server = Answers::new(&[
                ("Action=DescribeStacks", 200, shell),
                ("Action=ListChangeSets", 200, &list(name)),
                ("Action=DescribeChangeSet", 200, set),
                ("Action=DescribeStacks", 200, shell),
                ("Action=DeleteStack", 200, "<DeleteStackResponse/>"),
                ("Action=DescribeStacks", 400, MISSING),
            ]);
            let free = take_shell_away(&server.cloudformation(), "x").await.unwrap();
            assert_eq!(free, is_free, "{name}");
            assert_eq!(server.count("Action=DeleteStack"), usize::from(is_free), "{name}");
        }
    }

    #[tokio::test]
    async fn a_stack_that_is_there_is_left_alone() {
        let standing = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName>\
            <StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-21T00:00:00Z</CreationTime></member>\
            </Stacks></DescribeStacksResult></DescribeStacksResponse>";
        let server = Answers::new(&[("Action=DescribeStacks", 200, standing)]);
        let refused = review(&server.cloudformation(), &spec(), &BTreeMap::new(), None, false).await;
        assert!(matches!(refused, Err(Error::Foreign { .. })), "{refused:?}");
        assert_eq!(server.count("ChangeSet"), 0);
    }
}
