use std::collections::BTreeMap;

use super::*;
use crate::answers::Answers;
use crate::desired::{ParameterValue, RolloutLimits};
use crate::ids::known;
use crate::journal::StepState;
use crate::organization::Caller;
use crate::plan::{Change, InstancesAction, InstancesStep, StackAction, StackStep};
use crate::template::{MAX_BODY_BYTES, Template};

fn clients(server: &Answers) -> Clients {
    Clients {
        audit: server.cloudformation(),
        s3: server.s3(),
        eventbridge: server.eventbridge(),
        signed: crate::signed::Signed::over(server.http()),
        management: server.cloudformation(),
        organizations: server.organizations(),
        caller: Caller::Management,
        management_account: None,
    }
}

fn plan() -> Plan {
    Plan {
        rollout: RolloutLimits {
            max_concurrent_percentage: 100,
            failure_tolerance_percentage: 10,
        },
        bucket: ParameterValue::output("artifacts", "Bucket"),
        outputs: BTreeMap::from([(
            "artifacts".to_owned(),
            BTreeMap::from([("Bucket".to_owned(), "the-bucket".to_owned())]),
        )]),
        ..Plan::nothing("o-abcdefghij", &known("999988887777"), &known("eu-central-1"))
    }
}

fn instances(action: InstancesAction, region: &str) -> InstancesStep {
    InstancesStep {
        units: vec![known("ou-ab12-11111111")],
        regions: vec![known(region)],
        instances: 2,
        operation_id: format!("pipetrail-{action:?}-1"),
        ..InstancesStep::new(action)
    }
}

#[tokio::test]
async fn nothing_is_removed_when_what_comes_instead_is_refused() {
    let refused = "<ErrorResponse><Error><Code>ValidationError</Code><Message>no region eu-west-11</Message></Error>\
        </ErrorResponse>";
    let server = Answers::new(&[("Action=CreateStackInstances", 400, refused)]);
    let plan = Plan {
        instances: vec![
            instances(InstancesAction::Create, "eu-west-11"),
            instances(InstancesAction::Delete, "eu-west-1"),
        ],
        ..plan()
    };
    let results = apply(&plan, &clients(&server), &mut |_| {}).await;
    let states: Vec<StepState> = results.iter().map(|result| result.state).collect();
    assert_eq!(states, [StepState::Failed, StepState::Skipped]);
    assert_eq!(server.count("Action=DeleteStackInstances"), 0);
    assert_eq!(
        results[1].message.as_deref(),
        Some("needs the instances that replace them")
    );
}

#[tokio::test]
async fn a_template_that_is_too_large_goes_by_way_of_the_bucket() {
    let updated = "<UpdateStackResponse><UpdateStackResult><StackId>arn:pipeline</StackId></UpdateStackResult>\
        </UpdateStackResponse>";
    let described = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>pipeline</StackName>\
        <CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>UPDATE_COMPLETE</StackStatus></member></Stacks>\
        </DescribeStacksResult></DescribeStacksResponse>";
    let template = Template::new("#".repeat(MAX_BODY_BYTES + 1));
    let key = format!("/the-bucket/templates/pipeline-{}.yaml", template.digest());
    let put = format!("PUT {key}");
    let server = Answers::new(&[
        (&put, 200, ""),
        ("Action=UpdateStack&", 200, updated),
        ("Action=DescribeStacks", 200, described),
    ]);
    let step = StackStep {
        name: "pipeline".into(),
        action: StackAction::Update,
        changes: vec![Change::Tag {
            key: "a".into(),
            to: "b".into(),
        }],
        adopts: vec![],
        template,
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        protect: false,
    };
    let plan = Plan {
        stacks: vec![step],
        ..plan()
    };
    let results = apply(&plan, &clients(&server), &mut |_| {}).await;
    assert_eq!(results[0].state, StepState::Done, "{results:?}");
    assert_eq!(server.count("TemplateBody="), 0);
    // The address without a signature: CloudFormation reads with the caller's permissions.
    let url = format!("{}&", key.replace('/', "%2F"));
    assert_eq!(server.count(&url), 1, "{url}");
}
