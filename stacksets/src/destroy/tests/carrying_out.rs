//! What a failure stops, and what it does not.

use pipetrail_names::OUR_TAG;
use pipetrail_names::audit::STACKS;
use pipetrail_names::member::STACK;

use super::super::{DestroyStep, destroy, plan};
use super::{Standing, empty, instance, names, set, stack, standing};
use crate::answers::Answers;
use crate::clients::{Clients, ManagementAccount};
use crate::ids::known;
use crate::journal::{StepResult, StepState};
use crate::organization::Caller;
use crate::remedy::Remedy;

const SUBMITTED: &str = "<DeleteStackInstancesResponse><DeleteStackInstancesResult><OperationId>an-id</OperationId>\
    </DeleteStackInstancesResult></DeleteStackInstancesResponse>";
const ENDED: &str = "<DescribeStackSetOperationResponse><DescribeStackSetOperationResult><StackSetOperation>\
    <Status>SUCCEEDED</Status></StackSetOperation></DescribeStackSetOperationResult></DescribeStackSetOperationResponse>";
const NO_OPERATIONS: &str = "<ListStackSetOperationsResponse><ListStackSetOperationsResult><Summaries/>\
    </ListStackSetOperationsResult></ListStackSetOperationsResponse>";
const NO_TARGETS: &str = "<ListStackSetAutoDeploymentTargetsResponse><ListStackSetAutoDeploymentTargetsResult>\
    <Summaries/></ListStackSetAutoDeploymentTargetsResult></ListStackSetAutoDeploymentTargetsResponse>";
const DELETED_SET: &str = "<DeleteStackSetResponse><DeleteStackSetResult/></DeleteStackSetResponse>";
const REFUSED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";

fn the_set() -> String {
    format!(
        "<DescribeStackSetResponse><DescribeStackSetResult><StackSet><StackSetName>{STACK}</StackSetName>\
         <PermissionModel>SERVICE_MANAGED</PermissionModel><Tags><member><Key>{}</Key><Value>{}</Value></member></Tags>\
         </StackSet></DescribeStackSetResult></DescribeStackSetResponse>",
        OUR_TAG.0, OUR_TAG.1
    )
}

fn results(status: &str) -> String {
    format!(
        "<ListStackSetOperationResultsResponse><ListStackSetOperationResultsResult><Summaries><member>\
         <Account>000000000002</Account><Region>eu-central-1</Region><Status>{status}</Status></member></Summaries>\
         </ListStackSetOperationResultsResult></ListStackSetOperationResultsResponse>"
    )
}

fn instances(accounts: &[&str]) -> String {
    let summaries = accounts.iter().map(|account| {
        format!(
            "<member><Account>{account}</Account><Region>eu-central-1</Region><Status>OUTDATED</Status>\
             <OrganizationalUnitId>ou-ab12-aaaaaaaa</OrganizationalUnitId></member>"
        )
    });
    format!(
        "<ListStackInstancesResponse><ListStackInstancesResult><Summaries>{}</Summaries></ListStackInstancesResult>\
         </ListStackInstancesResponse>",
        summaries.collect::<String>()
    )
}

/// One instance, the pipeline stack, the artifacts' bucket: enough to see what waits for what.
fn small() -> Standing {
    let mut small = standing();
    let [_, _, pipeline] = STACKS;
    let set = set(&mut small);
    set.instances = vec![instance("000000000002", "eu-central-1", "ou-ab12-aaaaaaaa")];
    set.auto_deploys = Some(false);
    small.stacks = [(pipeline.to_owned(), stack(pipeline))].into();
    small.buckets = [(names().artifacts, super::Contents::default())].into();
    small.member_stacks = Some([].into());
    small
}

async fn run(standing: &Standing, server: &Answers) -> Vec<StepResult> {
    let clients = Clients {
        audit: server.cloudformation(),
        s3: server.s3(),
        eventbridge: server.eventbridge(),
        signed: crate::signed::Signed::over(server.http()),
        management: server.cloudformation(),
        organizations: server.organizations(),
        caller: Caller::Management,
        management_account: Some(ManagementAccount {
            account: known(super::MANAGEMENT),
            client: server.cloudformation(),
        }),
    };
    let plan = plan(&names(), standing, false).unwrap();
    let (results, _) = destroy(&plan, &names(), standing, &clients, &mut |_| {}).await;
    results
}

fn states(results: &[StepResult]) -> Vec<(String, StepState)> {
    results
        .iter()
        .map(|result| (result.step.to_string(), result.state))
        .collect()
}

#[tokio::test]
async fn while_one_forwarder_stands_the_bus_stays_and_what_it_needs() {
    let server = Answers::new(&[
        ("Action=DeleteStackInstances", 200, SUBMITTED),
        ("Action=DescribeStackSetOperation&", 200, ENDED),
        ("Action=ListStackSetOperationResults", 200, &results("FAILED")),
        ("Action=DescribeStackSet&", 200, &the_set()),
        ("Action=ListStackInstances", 200, &instances(&["000000000002"])),
        ("Action=ListStackSetOperations&", 200, NO_OPERATIONS),
        ("Action=ListStackSetAutoDeploymentTargets", 200, NO_TARGETS),
    ]);
    let results = run(&small(), &server).await;
    let wanted = [
        (
            "stack instances: delete 1 with their stacks in ou-ab12-aaaaaaaa / eu-central-1",
            StepState::Failed,
        ),
        ("stack set pipetrail-member", StepState::Skipped),
        (
            "stack pipetrail-pipeline of account 999988887777 in eu-central-1",
            StepState::Skipped,
        ),
        (
            "bucket pipetrail-artifacts-999988887777-eu-central-1",
            StepState::Skipped,
        ),
    ];
    let wanted = wanted.map(|(step, state)| (step.to_owned(), state));
    assert_eq!(states(&results), wanted);
    assert_eq!(results[1].failed[0].account, "000000000002");
    // It is not tried twice in one run.
    assert_eq!(server.count("Action=DeleteStackInstances"), 1);
}

#[tokio::test]
async fn an_instance_that_came_meanwhile_is_deleted_as_well() {
    let mut standing = small();
    (standing.stacks, standing.buckets) = ([].into(), [].into());
    let (the_set, succeeded) = (the_set(), results("SUCCEEDED"));
    let (two, none) = (instances(&["000000000003"]), instances(&[]));
    let mut answers = Vec::new();
    for left in [two.as_str(), none.as_str()] {
        answers.extend([
            ("Action=DeleteStackInstances", 200, SUBMITTED),
            ("Action=DescribeStackSetOperation&", 200, ENDED),
            ("Action=ListStackSetOperationResults", 200, succeeded.as_str()),
            ("Action=DescribeStackSet&", 200, the_set.as_str()),
            ("Action=ListStackInstances", 200, left),
            ("Action=ListStackSetOperations&", 200, NO_OPERATIONS),
            ("Action=ListStackSetAutoDeploymentTargets", 200, NO_TARGETS),
        ]);
    }
    answers.push(("Action=DeleteStackSet&", 200, DELETED_SET));
    let server = Answers::new(&answers);
    let results = run(&standing, &server).await;
    assert!(
        results.iter().all(|result| result.state == StepState::Done),
        "{results:?}"
    );
    assert_eq!(results.len(), 3);
    assert_eq!(server.count("Action=DeleteStackSet&"), 1);
}

#[tokio::test]
async fn a_refused_management_stack_keeps_the_bus_and_stops_no_other_stack_of_its_kind() {
    let [_, _, pipeline] = STACKS;
    let mut standing = empty();
    standing.stacks = [(pipeline.to_owned(), stack(pipeline))].into();
    let regions = ["eu-central-1", "eu-west-1"];
    standing.member_stacks = Some(regions.map(|region| (known(region), stack(region))).into());
    let gone = "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack does not exist</Message></Error></ErrorResponse>";
    let server = Answers::new(&[
        ("StackName=arn%3Aeu-central-1", 400, REFUSED),
        ("StackName=arn%3Aeu-west-1", 400, gone),
    ]);
    let results = run(&standing, &server).await;
    let states: Vec<StepState> = results.iter().map(|result| result.state).collect();
    assert_eq!(states, [StepState::Failed, StepState::Done, StepState::Skipped]);
    assert!(!results[0].changed);
    assert_eq!(results[0].remedy, Some(Remedy::GrantPermission));
}

#[tokio::test]
async fn while_the_stack_set_stands_the_bus_stays() {
    let mut standing = small();
    set(&mut standing).instances.clear();
    let not_empty =
        "<ErrorResponse><Error><Code>StackSetNotEmptyException</Code><Message>no</Message></Error></ErrorResponse>";
    let server = Answers::new(&[
        ("Action=DescribeStackSet&", 200, &the_set()),
        ("Action=ListStackInstances", 200, &instances(&[])),
        ("Action=ListStackSetOperations&", 200, NO_OPERATIONS),
        ("Action=ListStackSetAutoDeploymentTargets", 200, NO_TARGETS),
        // Auto-deployment was quicker.
        ("Action=DeleteStackSet&", 409, not_empty),
    ]);
    let results = run(&standing, &server).await;
    let states: Vec<StepState> = results.iter().map(|result| result.state).collect();
    assert_eq!(states, [StepState::Failed, StepState::Skipped, StepState::Skipped]);
    assert_eq!(server.count("Action=DeleteStack&"), 0);
}

#[test]
fn the_small_plan_is_what_these_tests_are_about() {
    let plan = plan(&names(), &small(), false).unwrap();
    assert!(matches!(plan.steps[0], DestroyStep::Instances(_)) && plan.steps.len() == 4);
}
