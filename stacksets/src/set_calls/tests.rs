mod waiting;

use super::*;
use crate::answers::Answers;
use crate::ids::known;
use crate::instance_result::InstanceResult;
use crate::plan::{InstancesAction, InstancesStep};

const EXISTS: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>OperationIdAlreadyExistsException</Code>\
    <Message>the operation exists</Message></Error></ErrorResponse>";
const SUCCEEDED: &str = "<DescribeStackSetOperationResponse><DescribeStackSetOperationResult><StackSetOperation>\
    <Status>SUCCEEDED</Status></StackSetOperation></DescribeStackSetOperationResult></DescribeStackSetOperationResponse>";
const RUNNING: &str = "<DescribeStackSetOperationResponse><DescribeStackSetOperationResult><StackSetOperation>\
    <Status>RUNNING</Status></StackSetOperation></DescribeStackSetOperationResult></DescribeStackSetOperationResponse>";
const FIRST_PAGE: &str = "<ListStackSetOperationResultsResponse><ListStackSetOperationResultsResult><Summaries/>\
    <NextToken>more</NextToken></ListStackSetOperationResultsResult></ListStackSetOperationResultsResponse>";
const LAST_PAGE: &str = "<ListStackSetOperationResultsResponse><ListStackSetOperationResultsResult><Summaries>\
    <member><Account>000000000002</Account><Region>eu-central-1</Region><Status>SUCCEEDED</Status></member>\
    <member><Account>000000000003</Account><Region>eu-central-1</Region><Status>FAILED</Status>\
    <StatusReason>pipetrail-forward already exists</StatusReason></member>\
    </Summaries></ListStackSetOperationResultsResult></ListStackSetOperationResultsResponse>";

const LIMITS: RolloutLimits = RolloutLimits {
    max_concurrent_percentage: 20,
    failure_tolerance_percentage: 10,
};

fn calls<'a>(client: &'a Client, written: &'a Written) -> SetCalls<'a> {
    SetCalls {
        client,
        caller: Caller::Management,
        rollout: &LIMITS,
        written,
    }
}

fn step() -> InstancesStep {
    InstancesStep {
        units: vec![known("ou-ab12-11111111")],
        accounts: Some(vec![known("000000000003")]),
        regions: vec![known("eu-central-1")],
        instances: 1,
        operation_id: "pipetrail-0123456789abcdef-1".into(),
        ..InstancesStep::new(InstancesAction::Update)
    }
}

#[tokio::test]
async fn a_running_operation_of_the_same_id_is_joined_and_failures_of_a_succeeded_one_are_read() {
    let server = Answers::new(&[
        ("Action=UpdateStackInstances", 409, EXISTS),
        ("Action=DescribeStackSetOperation", 200, RUNNING),
        ("Action=DescribeStackSetOperation", 200, RUNNING),
        ("Action=DescribeStackSetOperation", 200, SUCCEEDED),
        // How far it is, then what became of it.
        ("Action=ListStackSetOperationResults", 200, FIRST_PAGE),
        ("Action=ListStackSetOperationResults", 200, LAST_PAGE),
        ("Action=ListStackSetOperationResults", 200, FIRST_PAGE),
        ("Action=ListStackSetOperationResults", 200, LAST_PAGE),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let calls = calls(&client, &written);
    let mut told = Vec::new();
    let ended = calls
        .roll_out(&step(), &mut |status| told.push(status.to_owned()))
        .await
        .unwrap();
    let far = "RUNNING, 2 of 2 accounts and regions ended, 1 failed: 000000000003 eu-central-1";
    assert_eq!(told, ["RUNNING", far]);
    assert!(ended.error.is_none());
    assert_eq!(ended.succeeded, 1);
    assert_eq!(
        ended.failed,
        [InstanceResult::new(
            &known("000000000003"),
            &known("eu-central-1"),
            "FAILED",
            Some("pipetrail-forward already exists".into()),
        )]
    );
    for sent in [
        "OperationId=pipetrail-0123456789abcdef-1",
        "DeploymentTargets.AccountFilterType=INTERSECTION",
        "OperationPreferences.ConcurrencyMode=SOFT_FAILURE_TOLERANCE",
        "OperationPreferences.RegionConcurrencyType=PARALLEL",
        // One failure of one account.
        "OperationPreferences.FailureTolerancePercentage=100",
        "CallAs=SELF",
    ] {
        assert!(server.count(sent) >= 1, "{sent}");
    }
}

fn creation(auto_deployment: bool) -> SetStep {
    SetStep {
        name: "pipetrail-member".into(),
        action: SetAction::Create,
        changes: vec![],
        template: crate::Template::new("Resources: {}"),
        operation_id: None,
        accounts: 0,
        auto_deployment,
        region_order: vec![],
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
    }
}

#[tokio::test]
async fn auto_deployment_is_sent_as_planned() {
    for on in [true, false] {
        let server = Answers::new(&[(
            "Action=CreateStackSet",
            200,
            "<CreateStackSetResponse><CreateStackSetResult><StackSetId>pipetrail-member:1</StackSetId></CreateStackSetResult></CreateStackSetResponse>",
        )]);
        let (client, written) = (server.cloudformation(), Written::default());
        let calls = calls(&client, &written);
        calls
            .deploy(&creation(on), &BTreeMap::new(), &mut |_| {})
            .await
            .unwrap();
        assert_eq!(server.count(&format!("AutoDeployment.Enabled={on}")), 1);
        // AWS admits it only where auto-deployment is on.
        let retains = server.count("AutoDeployment.RetainStacksOnAccountRemoval");
        assert_eq!(retains, usize::from(on));
    }
}

#[tokio::test]
async fn a_stack_set_that_somebody_else_created_meanwhile_is_refused() {
    let server = Answers::new(&[
        (
            "Action=CreateStackSet",
            409,
            "<ErrorResponse><Error><Type>Sender</Type><Code>NameAlreadyExistsException</Code>\
             <Message>the name exists</Message></Error></ErrorResponse>",
        ),
        (
            "Action=DescribeStackSet&",
            200,
            "<DescribeStackSetResponse><DescribeStackSetResult><StackSet><PermissionModel>SERVICE_MANAGED</PermissionModel>\
             </StackSet></DescribeStackSetResult></DescribeStackSetResponse>",
        ),
        (
            "Action=ListStackInstances",
            200,
            "<ListStackInstancesResponse><ListStackInstancesResult/></ListStackInstancesResponse>",
        ),
        (
            "Action=ListStackSetOperations",
            200,
            "<ListStackSetOperationsResponse><ListStackSetOperationsResult/></ListStackSetOperationsResponse>",
        ),
        (
            "Action=ListStackSetAutoDeploymentTargets",
            200,
            "<ListStackSetAutoDeploymentTargetsResponse><ListStackSetAutoDeploymentTargetsResult/></ListStackSetAutoDeploymentTargetsResponse>",
        ),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let calls = calls(&client, &written);
    let step = creation(true);
    let error = calls.deploy(&step, &BTreeMap::new(), &mut |_| {}).await.unwrap_err();
    assert!(matches!(error, Error::Foreign { what: "stack set", .. }), "{error}");
    assert!(!written.take());
}

#[tokio::test]
async fn a_delegated_administrator_deletes_instances_of_one_account_and_their_failures_are_read_off_them() {
    let submitted = "<DeleteStackInstancesResponse><DeleteStackInstancesResult><OperationId>pipetrail-0123456789abcdef-1\
        </OperationId></DeleteStackInstancesResult></DeleteStackInstancesResponse>";
    let empty = "<ListStackSetOperationResultsResponse><ListStackSetOperationResultsResult><Summaries/>\
        </ListStackSetOperationResultsResult></ListStackSetOperationResultsResponse>";
    let instances = "<ListStackInstancesResponse><ListStackInstancesResult><Summaries><member>\
        <Account>000000000003</Account><Region>eu-central-1</Region><Status>OUTDATED</Status>\
        <StackInstanceStatus><DetailedStatus>FAILED</DetailedStatus></StackInstanceStatus>\
        <StatusReason>Rate exceeded</StatusReason></member></Summaries></ListStackInstancesResult></ListStackInstancesResponse>";
    let server = Answers::new(&[
        ("Action=DeleteStackInstances", 200, submitted),
        ("Action=DescribeStackSetOperation", 200, SUCCEEDED),
        ("Action=ListStackSetOperationResults", 200, empty),
        ("Action=ListStackInstances", 200, instances),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let calls = SetCalls {
        caller: Caller::DelegatedAdministrator,
        ..calls(&client, &written)
    };
    let step = InstancesStep {
        action: InstancesAction::Delete,
        ..step()
    };
    let ended = calls.roll_out(&step, &mut |_| {}).await.unwrap();
    assert!(ended.error.is_none() && ended.succeeded == 0 && written.take());
    let failed = InstanceResult::new(
        &known("000000000003"),
        &known("eu-central-1"),
        "FAILED",
        Some("Rate exceeded".into()),
    );
    assert!(failed.explanation.is_some());
    assert_eq!(ended.failed, [failed]);
    for sent in [
        "RetainStacks=false",
        "OperationPreferences.FailureTolerancePercentage=100",
        "DeploymentTargets.OrganizationalUnitIds.member.1=ou-ab12-11111111",
        "DeploymentTargets.Accounts.member.1=000000000003",
        "DeploymentTargets.AccountFilterType=INTERSECTION",
        "OperationId=pipetrail-0123456789abcdef-1",
        "Filters.member.1.Name=LAST_OPERATION_ID",
    ] {
        assert_eq!(
            server.count(sent),
            if sent.starts_with("OperationId") { 3 } else { 1 },
            "{sent}"
        );
    }
    assert_eq!(server.count("CallAs=DELEGATED_ADMIN"), 4);
}

#[tokio::test]
async fn a_whole_unit_is_deleted_but_for_the_accounts_that_stay() {
    let exists = EXISTS;
    let server = Answers::new(&[
        ("Action=DeleteStackInstances", 409, exists),
        ("Action=DescribeStackSetOperation", 200, SUCCEEDED),
        ("Action=ListStackSetOperationResults", 200, LAST_PAGE),
    ]);
    let (client, written) = (server.cloudformation(), Written::default());
    let calls = calls(&client, &written);
    let step = InstancesStep {
        action: InstancesAction::Delete,
        accounts: None,
        excluded: vec![known("000000000002")],
        retain_stacks: true,
        ..step()
    };
    calls.roll_out(&step, &mut |_| {}).await.unwrap();
    assert!(!written.take(), "another run has submitted it");
    for sent in [
        "RetainStacks=true",
        "AccountFilterType=DIFFERENCE",
        "Accounts.member.1=000000000002",
    ] {
        assert_eq!(server.count(sent), 1, "{sent}");
    }
}
