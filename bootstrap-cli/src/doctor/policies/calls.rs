//! The calls that pipetrail depends on, and that an organization's policies may deny.

use pipetrail_names::audit::{self, BUS, Bucket, PIPELINE_ROLES, QUEUES};
use pipetrail_names::member::{
    CANARY_SCHEDULE, FORWARD_DLQ, FORWARD_RULE, HEARTBEAT_SCHEDULE, STACK, forwarder, reader,
};
use pipetrail_names::{Region, partition};

use super::statement::{Bound, Call};
use crate::config::Config;

/// StackSets' own role in a member. `*` is an end that is not known.
const EXECUTION: &str = "stacksets-exec-*";

/// An account that is not known: `#` is a digit.
const MEMBER: &str = "############";

/// What CloudFormation calls to make the member stack, by the permissions that its resource types ask
/// for; `pipetrail` tags the stacks, and with them what is in them.
const STACK_ACTIONS: [&str; 2] = ["CreateStack", "UpdateStack"];
const RULE_ACTIONS: [&str; 4] = ["PutRule", "PutTargets", "DescribeRule", "TagResource"];
const QUEUE_ACTIONS: [&str; 4] = ["CreateQueue", "SetQueueAttributes", "GetQueueAttributes", "TagQueue"];
const SCHEDULE_ACTIONS: [&str; 2] = ["CreateSchedule", "GetSchedule"];
const ROLE_ACTIONS: [&str; 5] = ["CreateRole", "PutRolePolicy", "GetRole", "PassRole", "TagRole"];

/// What the reader asks of the forwarder's role.
const READ_ROLE: [&str; 4] = [
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
];

/// The calls that the member stack takes, and those of its roles.
pub(super) fn of_members(config: &Config, organization: &str) -> Vec<Call> {
    let home = config.audit.region.as_str();
    let partition = partition(&config.audit.region);
    let [_, own, looks] = roles();
    let mut calls = Vec::new();
    // A resource is a service, and the rest of an ARN behind it.
    let mut add = |role: &str, actions: &[&str], (service, resource): (&str, String), region: &str| {
        calls.extend(actions.iter().map(|action| Call {
            principal: Some(principal(role, MEMBER, partition)),
            action: format!("{service}:{action}"),
            resource: format!("arn:{partition}:{service}:{resource}"),
            region: region.to_owned(),
            organization: organization.to_owned(),
            bound: Bound::Member,
        }));
    };
    // IAM is asked in its partition's one region, from wherever.
    let of_iam = match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    };
    for region in config.organization.regions.iter().map(Region::as_str) {
        let here = |service, resource: String| (service, format!("{region}:{MEMBER}:{resource}"));
        let stack = here("cloudformation", format!("stack/StackSet-{STACK}-*/*"));
        add(EXECUTION, &STACK_ACTIONS, stack, region);
        let rule = here("events", format!("rule/{FORWARD_RULE}"));
        add(EXECUTION, &RULE_ACTIONS, rule.clone(), region);
        add(&looks, &["DescribeRule", "ListTargetsByRule"], rule, region);
        let queue = here("sqs", FORWARD_DLQ.to_owned());
        add(EXECUTION, &QUEUE_ACTIONS, queue.clone(), region);
        add(&looks, &["GetQueueUrl", "GetQueueAttributes"], queue, region);
        for schedule in [HEARTBEAT_SCHEDULE, CANARY_SCHEDULE] {
            let schedule = here("scheduler", format!("schedule/default/{schedule}"));
            add(EXECUTION, &SCHEDULE_ACTIONS, schedule.clone(), region);
            add(&looks, &["GetSchedule"], schedule, region);
        }
        let role = ("iam", format!(":{MEMBER}:role/{}", forwarder(region)));
        add(EXECUTION, &ROLE_ACTIONS, role.clone(), of_iam);
        add(&looks, &READ_ROLE, role, of_iam);
        let bus = here("events", "event-bus/default".to_owned());
        add(&own, &["PutEvents"], bus, region);
    }
    let role = format!(
        ":{MEMBER}:role/{}",
        reader(config.organization.reader_region(&config.audit.region).as_str())
    );
    add(EXECUTION, &ROLE_ACTIONS, ("iam", role), of_iam);
    let bus = format!("{home}:{}:event-bus/{BUS}", config.audit.account);
    add(&own, &["PutEvents"], ("events", bus), home);
    calls
}

/// The roles that call: StackSets' own in a member, and the member stack's, of any region.
pub(super) fn roles() -> [String; 3] {
    [EXECUTION.to_owned(), forwarder("*"), reader("*")]
}

/// The ARN of a role in an account.
pub(super) fn principal(role: &str, account: &str, partition: &str) -> String {
    format!("arn:{partition}:iam::{account}:role/{role}")
}

/// The calls on what a resource control policy may protect: S3, SQS and STS. EventBridge, Firehose, Lambda and the
/// scheduler call as services, and assume roles.
pub(super) fn on_resources(config: &Config, organization: &str) -> Vec<Call> {
    let (account, home) = (&config.audit.account, &config.audit.region);
    let partition = partition(home);
    let arn = |service: &str, region: &str, account: &str, rest: &str| {
        format!("arn:{partition}:{service}:{region}:{account}:{rest}")
    };
    let of_iam = |account: &str, role: &str| arn("iam", "", account, &format!("role/{role}"));
    let ours = |role: &str| {
        Some(principal(
            &format!("pipetrail-{role}-{home}"),
            account.as_ref(),
            partition,
        ))
    };
    let mut calls = Vec::new();
    let mut add = |principal: Option<String>, action: &str, resource: String, region: &str| {
        let bound = match resource.contains(MEMBER) {
            true => Bound::Member,
            false => Bound::Audit,
        };
        calls.push(Call {
            principal,
            action: action.to_owned(),
            resource,
            region: region.to_owned(),
            organization: organization.to_owned(),
            bound,
        });
    };
    for queue in QUEUES {
        add(
            None,
            "sqs:SendMessage",
            arn("sqs", home.as_str(), account.as_ref(), queue),
            home.as_str(),
        );
    }
    let [_, decisions, _] = QUEUES;
    for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage"] {
        let queue = arn("sqs", home.as_str(), account.as_ref(), decisions);
        add(ours("approval"), action, queue, home.as_str());
    }
    for (role, bucket, actions) in [
        ("streams", Bucket::Lake, &["s3:PutObject"][..]),
        (
            "settle",
            Bucket::Lake,
            &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        ),
        ("approval", Bucket::Evidence, &["s3:GetObject", "s3:PutObject"]),
        ("watch", Bucket::Athena, &["s3:GetObject", "s3:PutObject"]),
    ] {
        let objects = arn("s3", "", "", &format!("{}/*", bucket.name(account, home)));
        for action in actions {
            add(ours(role), action, objects.clone(), home.as_str());
        }
    }
    for role in PIPELINE_ROLES {
        let role = of_iam(account.as_ref(), &format!("pipetrail-{role}-{home}"));
        add(None, "sts:AssumeRole", role, home.as_str());
    }
    let looks = of_iam(account.as_ref(), &audit::reader(home));
    add(ours("watch"), "sts:AssumeRole", looks, home.as_str());
    for region in config.organization.regions.iter().map(AsRef::as_ref) {
        add(None, "sqs:SendMessage", arn("sqs", region, MEMBER, FORWARD_DLQ), region);
        add(None, "sts:AssumeRole", of_iam(MEMBER, &forwarder(region)), region);
    }
    let reader_region = config.organization.reader_region(home);
    let reads = of_iam(MEMBER, &reader(reader_region.as_str()));
    let looks = principal(&audit::reader(home), account.as_ref(), partition);
    add(Some(looks), "sts:AssumeRole", reads, home.as_str());
    calls
}
