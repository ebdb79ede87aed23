//! Resources of our fixed names that no stack of ours holds: CloudFormation would stumble over them.
//!
//! Looked for: the rule, the queue, the schedules and the roles of the member stack; in the audit account what the data
//! stack makes, and of the pipeline stack the roles, the streams, the schedules, the workgroup, the functions, the log
//! groups and the alarms. Its rules are on the bus, and its queries in the workgroup.

mod found;
mod functions;
mod judge;

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_athena::operation::get_work_group::GetWorkGroupError;
use aws_sdk_eventbridge::operation::describe_archive::DescribeArchiveError;
use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusError;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleError;
use aws_sdk_glue::operation::get_database::GetDatabaseError;
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::operation::get_role::GetRoleError;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleError;
use aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesError;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use pipetrail_collector::Table;
use pipetrail_names::audit::{self, ALERTS, ARCHIVE, BUS, DATABASE, OPERATOR, PIPELINE_ROLES, QUEUES, WORKGROUP};
use pipetrail_names::member::{CANARY_SCHEDULE, FORWARD_DLQ, FORWARD_RULE, HEARTBEAT_SCHEDULE, forwarder, reader};
use pipetrail_names::{AccountId, Region, partition};
use pipetrail_stacksets::signed::Signed;
use pipetrail_stacksets::{Error, from_sdk};

pub(super) use self::found::Found;
use self::found::exists;
pub(super) use self::judge::{judge, judge_buckets};
use crate::aws;
use crate::config::Config;

/// Of rules, queues, roles and the bus.
pub(super) const NAME: &str = "leftovers";
/// Of buckets.
pub(super) const BUCKETS: &str = "leftover-buckets";

/// The schedule of λ watch.
const WATCH: &str = "pipetrail-watch";

/// Firehose lists so many delivery streams at once, and allows fewer.
const STREAMS: i32 = 10_000;

/// Looks for the member stack's resources in the given regions of one account.
pub(super) async fn member(config: &SdkConfig, account: &AccountId, regions: &BTreeSet<Region>) -> Found {
    let mut found = Found::default();
    let iam = aws_sdk_iam::Client::new(config);
    for region in regions {
        let here = aws::at(config, region.as_str());
        let rule = aws_sdk_eventbridge::Client::new(&here).describe_rule();
        let queue = aws_sdk_sqs::Client::new(&here).get_queue_url();
        let forwarder = forwarder(region.as_str());
        let (rule, queue, role) = tokio::join!(
            rule.name(FORWARD_RULE).send(),
            queue.queue_name(FORWARD_DLQ).send(),
            has_role(&iam, account, &forwarder)
        );
        let (place, errors) = ((account, region), found.errors.len());
        let is_missing = DescribeRuleError::is_resource_not_found_exception;
        found.look(&format!("rule {FORWARD_RULE}"), place, rule, is_missing);
        let denied = found.errors.len() > errors;
        let is_missing = GetQueueUrlError::is_queue_does_not_exist;
        found.look(&format!("queue {FORWARD_DLQ}"), place, queue, is_missing);
        found.take(format!("role {forwarder}"), role);
        let reader = reader(region.as_str());
        found.take(format!("role {reader}"), has_role(&iam, account, &reader).await);
        let scheduler = aws_sdk_scheduler::Client::new(&here);
        for name in [HEARTBEAT_SCHEDULE, CANARY_SCHEDULE] {
            let schedule = scheduler.get_schedule().name(name).send().await;
            let is_missing = GetScheduleError::is_resource_not_found_exception;
            found.look(&format!("schedule {name}"), place, schedule, is_missing);
        }
        if denied && found.resources.is_empty() {
            // Most often the role cannot be assumed, in any region.
            break;
        }
    }
    found
}

/// Looks for the resources in the audit account that the data stack is to make, but for its buckets, which are taken
/// over.
pub(super) async fn data(aws: &SdkConfig, config: &Config) -> Found {
    let place = (&config.audit.account, &config.audit.region);
    let (account, region) = place;
    let mut found = Found::default();
    let events = aws_sdk_eventbridge::Client::new(aws);
    let bus = events.describe_event_bus().name(BUS).send().await;
    let is_missing = DescribeEventBusError::is_resource_not_found_exception;
    found.look(&format!("bus {BUS}"), place, bus, is_missing);
    if config.delivery.archive_days.0 > 0 {
        let archive = events.describe_archive().archive_name(ARCHIVE).send().await;
        let is_missing = DescribeArchiveError::is_resource_not_found_exception;
        found.look(&format!("archive {ARCHIVE}"), place, archive, is_missing);
    }
    let sqs = aws_sdk_sqs::Client::new(aws);
    for name in QUEUES {
        let queue = sqs.get_queue_url().queue_name(name).send().await;
        found.look(
            &format!("queue {name}"),
            place,
            queue,
            GetQueueUrlError::is_queue_does_not_exist,
        );
    }
    let sns = aws_sdk_sns::Client::new(aws);
    let own = config.alerts.account_topics.iter();
    let own = own.map(|account| format!("{ALERTS}-{account}"));
    for name in [ALERTS, OPERATOR].map(str::to_owned).into_iter().chain(own) {
        let arn = format!("arn:{}:sns:{region}:{account}:{name}", partition(region));
        let topic = sns.get_topic_attributes().topic_arn(arn).send().await;
        let is_missing = GetTopicAttributesError::is_not_found_exception;
        found.look(&format!("topic {name}"), place, topic, is_missing);
    }
    let iam = aws_sdk_iam::Client::new(aws);
    let reader = audit::reader(region);
    found.take(format!("role {reader}"), has_role(&iam, account, &reader).await);
    let database = aws_sdk_glue::Client::new(aws).get_database().name(DATABASE).send();
    let is_missing = GetDatabaseError::is_entity_not_found_exception;
    found.look(&format!("database {DATABASE}"), place, database.await, is_missing);
    found
}

/// Looks for the pipeline stack's resources in the audit account.
pub(super) async fn pipeline(config: &SdkConfig, services: &Signed, account: &AccountId, region: &Region) -> Found {
    let mut found = Found::default();
    let iam = aws_sdk_iam::Client::new(config);
    for role in PIPELINE_ROLES {
        let role = format!("pipetrail-{role}-{region}");
        found.take(format!("role {role}"), has_role(&iam, account, &role).await);
    }
    let scheduler = aws_sdk_scheduler::Client::new(config);
    let settling = Table::ALL.map(|table| format!("pipetrail-settle-{table}"));
    for name in settling.iter().map(String::as_str).chain([WATCH]) {
        let schedule = scheduler.get_schedule().name(name).send().await;
        let is_missing = GetScheduleError::is_resource_not_found_exception;
        found.look(&format!("schedule {name}"), (account, region), schedule, is_missing);
    }
    match streams(config, account, region).await {
        Ok(streams) => found.resources.extend(streams),
        Err(error) => found.errors.push(error),
    }
    let group = aws_sdk_athena::Client::new(config)
        .get_work_group()
        .work_group(WORKGROUP);
    let group = group.send().await;
    found.look(
        &format!("workgroup {WORKGROUP}"),
        (account, region),
        group,
        is_no_work_group,
    );
    functions::look(&mut found, services, account, region).await;
    found
}

/// The delivery streams of our names, all in one answer.
async fn streams(config: &SdkConfig, account: &AccountId, region: &Region) -> Result<Vec<String>, Error> {
    let list = aws_sdk_firehose::Client::new(config).list_delivery_streams();
    let listed = list.limit(STREAMS).send().await;
    let listed = listed.map_err(from_sdk(format!(
        "look for delivery streams in account {account}, {region}"
    )))?;
    let ours = Table::DELIVERED.map(Table::stream_name);
    let found = listed
        .delivery_stream_names
        .into_iter()
        .filter(|name| ours.contains(name));
    Ok(found.map(|name| format!("stream {name} in {region}")).collect())
}

/// Athena has no code of its own for what is not there.
fn is_no_work_group(error: &GetWorkGroupError) -> bool {
    let message = error.message().unwrap_or_default();
    error.is_invalid_request_exception() && message.contains("not found")
}

/// Looks for the buckets of those names in the audit account. Somebody else's bucket of that name is an
/// error of its own.
pub(super) async fn buckets(client: &aws_sdk_s3::Client, account: &AccountId, names: Vec<String>) -> Found {
    let mut found = Found::default();
    for name in names {
        let head = client
            .head_bucket()
            .bucket(&name)
            .expected_bucket_owner(account.as_str());
        let action = format!("look for the bucket {name} in account {account}");
        found.take(name, exists(head.send().await, HeadBucketError::is_not_found, action));
    }
    found
}

async fn has_role(client: &aws_sdk_iam::Client, account: &AccountId, role: &str) -> Result<bool, Error> {
    let answer = client.get_role().role_name(role).send().await;
    let action = format!("look for the role {role} in account {account}");
    exists(answer, GetRoleError::is_no_such_entity_exception, action)
}
