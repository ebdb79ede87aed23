//! The calls on stack sets and stacks, against answers written down beforehand. Unproven on AWS: that
//! switching auto-deployment off updates no account, and that a retained instance of an account which
//! left the organization can be let go through its unit.

use super::super::{AccountFilter, InstancesRemoval};
use crate::answers::Answers;
use crate::desired::RolloutLimits;
use crate::ids::known;
use crate::journal::Written;
use crate::organization::Caller;
use crate::set_calls::SetCalls;
use crate::stack::StackCalls;
use pipetrail_names::chain;

const ROLLOUT: RolloutLimits = RolloutLimits {
    max_concurrent_percentage: 20,
    failure_tolerance_percentage: 100,
};

const SUCCEEDED: &str = "<DescribeStackSetOperationResponse><DescribeStackSetOperationResult><StackSetOperation>\
    <Status>SUCCEEDED</Status></StackSetOperation></DescribeStackSetOperationResult></DescribeStackSetOperationResponse>";

const NO_RESULTS: &str = "<ListStackSetOperationResultsResponse><ListStackSetOperationResultsResult><Summaries/>\
    </ListStackSetOperationResultsResult></ListStackSetOperationResultsResponse>";

fn calls<'a>(client: &'a aws_sdk_cloudformation::Client, written: &'a Written) -> SetCalls<'a> {
    SetCalls {
        client,
        caller: Caller::DelegatedAdministrator,
        rollout: &ROLLOUT,
        written,
    }
}

fn stack<'a>(client: &'a aws_sdk_cloudformation::Client, written: &'a Written) -> StackCalls<'a> {
    StackCalls {
        client,
        name: "x",
        written,
    }
}

fn removal() -> InstancesRemoval {
    InstancesRemoval {
        units: vec![known("ou-ab12-aaaaaaaa")],
        accounts: vec![known("000000000005")],
        filter: AccountFilter::Intersection,
        regions: vec![known("eu-central-1"), known("eu-west-1")],
        retains_stacks: true,
        instances: vec![],
        operation_id: "pipetrail-0123456789abcdef-1".into(),
    }
}

#[tokio::test]
async fn instances_are_deleted_as_service_managed_ones_are() {
    let submitted = "<DeleteStackInstancesResponse><DeleteStackInstancesResult><OperationId>the-id</OperationId>\
        </DeleteStackInstancesResult></DeleteStackInstancesResponse>";
    let failed = "<ListStackSetOperationResultsResponse><ListStackSetOperationResultsResult><Summaries><member>\
        <Account>000000000005</Account><Region>eu-west-1</Region><Status>FAILED</Status>\
        <StatusReason>the account is suspended</StatusReason></member></Summaries>\
        </ListStackSetOperationResultsResult></ListStackSetOperationResultsResponse>";
    let server = Answers::new(&[
        ("Action=DeleteStackInstances", 200, submitted),
        ("OperationId=the-id", 200, SUCCEEDED),
        ("Action=ListStackSetOperationResults", 200, failed),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let ended = calls(&client, &written)
        .remove_instances(&removal(), &mut |_| {})
        .await
        .unwrap();
    assert_eq!(ended.failed[0].reason.as_deref(), Some("the account is suspended"));
    assert!(written.take());
    for parameter in [
        "CallAs=DELEGATED_ADMIN",
        "RetainStacks=true",
        "DeploymentTargets.OrganizationalUnitIds.member.1=ou-ab12-aaaaaaaa",
        "DeploymentTargets.Accounts.member.1=000000000005",
        "DeploymentTargets.AccountFilterType=INTERSECTION",
        "&Regions.member.2=eu-west-1",
        "OperationPreferences.FailureTolerancePercentage=100",
        "OperationPreferences.ConcurrencyMode=SOFT_FAILURE_TOLERANCE",
        "OperationId=pipetrail-0123456789abcdef-1",
    ] {
        let requests = server.count("Action=DeleteStackInstances");
        assert!(requests == 1 && server.count(parameter) >= 1, "{parameter}");
    }
    // The self-managed form is refused by service-managed stack sets.
    assert_eq!(server.count("&Accounts.member.1"), 0);
}

#[tokio::test]
async fn an_operation_that_a_killed_run_began_is_joined_and_another_one_waited_for() {
    let error = |code: &str| format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
    let (busy, known) = (
        error("OperationInProgressException"),
        error("OperationIdAlreadyExistsException"),
    );
    let no_operations =
        "<ListStackSetOperationsResponse><ListStackSetOperationsResult/></ListStackSetOperationsResponse>";
    let ours = "<DescribeStackSetResponse><DescribeStackSetResult><StackSet><Tags><member><Key>managed-by</Key>\
        <Value>pipetrail</Value></member></Tags></StackSet></DescribeStackSetResult></DescribeStackSetResponse>";
    let server = Answers::new(&[
        ("Action=DeleteStackInstances", 409, &busy),
        ("Action=ListStackSetOperations&", 200, no_operations),
        ("Action=DescribeStackSet&", 200, ours),
        ("Action=DeleteStackInstances", 409, &known),
        ("Action=DescribeStackSetOperation&", 200, SUCCEEDED),
        ("Action=ListStackSetOperationResults", 200, NO_RESULTS),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let mut told = Vec::new();
    let calls = calls(&client, &written);
    let ended = calls
        .remove_instances(&removal(), &mut |text| told.push(text.to_owned()))
        .await
        .unwrap();
    assert!(ended.error.is_none() && !written.take());
    assert_eq!(told, ["waiting for another operation"]);
}

#[tokio::test]
async fn auto_deployment_goes_off_with_template_and_parameters_as_they_are() {
    let submitted = "<UpdateStackSetResponse><UpdateStackSetResult><OperationId>the-id</OperationId>\
        </UpdateStackSetResult></UpdateStackSetResponse>";
    let server = Answers::new(&[
        ("Action=UpdateStackSet", 200, submitted),
        ("Action=DescribeStackSetOperation&", 200, SUCCEEDED),
        ("Action=ListStackSetOperationResults", 200, NO_RESULTS),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let names = ["AuditBusArn".to_owned()];
    let calls = calls(&client, &written);
    calls
        .stop_auto_deployment(names.iter(), "the-id", &mut |_| {})
        .await
        .unwrap();
    for parameter in [
        "UsePreviousTemplate=true",
        "AutoDeployment.Enabled=false",
        "Parameters.member.1.ParameterKey=AuditBusArn",
        "Parameters.member.1.UsePreviousValue=true",
    ] {
        assert_eq!(server.count(parameter), 1, "{parameter}");
    }
    // AWS refuses targets and regions beside AutoDeployment, and tags that are not sent stay.
    for parameter in ["DeploymentTargets", "&Regions", "&Tags", "TemplateBody"] {
        assert_eq!(server.count(parameter), 0, "{parameter}");
    }
}

#[tokio::test]
async fn a_stack_set_that_is_gone_is_done() {
    let gone = "<ErrorResponse><Error><Code>StackSetNotFoundException</Code></Error></ErrorResponse>";
    let server = Answers::new(&[("Action=DeleteStackSet", 404, gone)]);
    let (client, written) = (server.cloudformation(), Written::default());
    calls(&client, &written).remove_set(&mut |_| {}).await.unwrap();
    assert!(!written.take());
}

fn described(status: &str) -> String {
    format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>x</StackName>\
         <CreationTime>2026-11-21T00:00:00Z</CreationTime><StackStatus>{status}</StackStatus>\
         <EnableTerminationProtection>true</EnableTerminationProtection></member></Stacks>\
         </DescribeStacksResult></DescribeStacksResponse>"
    )
}

#[tokio::test]
async fn a_busy_protected_stack_is_waited_for_unprotected_and_deleted_by_its_id() {
    let [busy, failed, going, gone] = [
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]
    .map(described);
    let lifted = "<UpdateTerminationProtectionResponse><UpdateTerminationProtectionResult/></UpdateTerminationProtectionResponse>";
    let server = Answers::new(&[
        ("Action=DescribeStacks", 200, &busy),
        ("Action=DescribeStacks", 200, &failed),
        ("Action=UpdateTerminationProtection", 200, lifted),
        ("Action=DeleteStack&", 200, "<DeleteStackResponse/>"),
        ("Action=DescribeStacks", 200, &going),
        ("Action=DescribeStacks", 200, &gone),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    stack(&client, &written)
        .take_away("arn:x", true, &mut |_| {})
        .await
        .unwrap();
    assert_eq!(server.count("StackName=arn%3Ax"), 6);
    assert_eq!(server.count("EnableTerminationProtection=false"), 1);
}

#[tokio::test]
async fn a_resource_that_cannot_be_deleted_is_named() {
    let events = "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents><member>\
        <StackId>arn:x</StackId><EventId>1</EventId><StackName>x</StackName>\
        <Timestamp>2026-11-21T00:00:00Z</Timestamp><LogicalResourceId>Bus</LogicalResourceId>\
        <ResourceStatus>DELETE_FAILED</ResourceStatus>\
        <ResourceStatusReason>the bus has a rule that is not of this stack</ResourceStatusReason></member></StackEvents>\
        </DescribeStackEventsResult></DescribeStackEventsResponse>";
    let [standing, failed] = ["CREATE_COMPLETE", "DELETE_FAILED"].map(described);
    let server = Answers::new(&[
        ("Action=DescribeStacks", 200, &standing),
        ("Action=DeleteStack&", 200, "<DeleteStackResponse/>"),
        ("Action=DescribeStacks", 200, &failed),
        ("Action=DescribeStackEvents", 200, events),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let error = stack(&client, &written)
        .take_away("arn:x", false, &mut |_| {})
        .await
        .unwrap_err();
    assert_eq!(
        chain(&error),
        "stack x ended in DELETE_FAILED: Bus: the bus has a rule that is not of this stack"
    );
}

#[tokio::test]
async fn a_stack_that_is_being_deleted_already_is_only_waited_for() {
    let [going, gone] = ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"].map(described);
    let server = Answers::new(&[
        ("Action=DescribeStacks", 200, &going),
        ("Action=DescribeStacks", 200, &gone),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    stack(&client, &written)
        .take_away("arn:x", true, &mut |_| {})
        .await
        .unwrap();
    assert!(!written.take());
}
