//! Reads what is there: eleven calls for an account and region, none of which writes.

use std::error::Error as StdError;
use std::fmt::Write as _;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::config::http::HttpResponse;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::{ScheduleState, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use pipetrail_names::member::{CANARY_SCHEDULE, FORWARD_DLQ, FORWARD_RULE, HEARTBEAT_SCHEDULE, forwarder};
use pipetrail_names::{AccountRegion, chain};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::expected::fact;
use crate::facts::Facts;
use crate::reader::in_region;

/// A member that cannot be looked into: its reader role is gone, trusts somebody else or may not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cannot {call} in account {}, {}: {why}", at.account, at.region)]
pub struct ReadError {
    /// The call that failed, for example `DescribeRule`.
    pub call: &'static str,
    pub at: AccountRegion,
    /// AWS's code, or the chain of causes where AWS did not answer.
    pub why: String,
}

/// Reads an account and region; `member` is the way into that account, see [`crate::Reader::enter`].
///
/// # Errors
/// A call that is refused or not answered: then nothing is known.
pub async fn read(member: &SdkConfig, at: &AccountRegion) -> Result<Facts, ReadError> {
    let config = in_region(member, &at.region);
    let mut facts = Facts::default();
    // One after another: many members are read at a time, and the first refusal is the last call.
    rule(&config, at, &mut facts).await?;
    role(&config, at, &mut facts).await?;
    queue(&config, at, &mut facts).await?;
    let scheduler = aws_sdk_scheduler::Client::new(&config);
    for (name, fact) in [(HEARTBEAT_SCHEDULE, fact::HEARTBEAT), (CANARY_SCHEDULE, fact::CANARY)] {
        let answer = scheduler.get_schedule().name(name).send().await;
        let schedule = unless_gone(at, "GetSchedule", "ResourceNotFoundException", answer)?;
        facts.add(fact, schedule.map_or(Value::Null, |schedule| described(&schedule)));
    }
    Ok(facts)
}

async fn rule(config: &SdkConfig, at: &AccountRegion, facts: &mut Facts) -> Result<(), ReadError> {
    const GONE: &str = "ResourceNotFoundException";
    let client = aws_sdk_eventbridge::Client::new(config);
    let answer = client.describe_rule().name(FORWARD_RULE).send().await;
    let Some(rule) = unless_gone(at, "DescribeRule", GONE, answer)? else {
        for fact in [fact::RULE_STATE, fact::RULE_PATTERN, fact::RULE_TARGETS] {
            facts.add(fact, Value::Null);
        }
        return Ok(());
    };
    let state = rule.state.as_ref().map(aws_sdk_eventbridge::types::RuleState::as_str);
    facts.add(fact::RULE_STATE, json!(state));
    facts.add(fact::RULE_PATTERN, document(rule.event_pattern.as_deref()));

    let (mut targets, mut token) = (Vec::new(), None);
    loop {
        let request = client.list_targets_by_rule().rule(FORWARD_RULE).set_next_token(token);
        // The rule may go between the two calls.
        let Some(page) = unless_gone(at, "ListTargetsByRule", GONE, request.send().await)? else {
            break;
        };
        targets.extend(page.targets.unwrap_or_default().iter().map(target));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    facts.add(fact::RULE_TARGETS, Value::Array(targets));
    Ok(())
}

/// A target as it is written in the template. What changes an event or its delivery is told as well.
fn target(target: &aws_sdk_eventbridge::types::Target) -> Value {
    let mut fields = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    add("Id", Some(json!(target.id)));
    add("Arn", Some(json!(target.arn)));
    add(
        "RoleArn",
        target
            .role_arn
            .as_ref()
            .filter(|arn| !arn.is_empty())
            .map(|arn| json!(arn)),
    );
    let queue = target
        .dead_letter_config
        .as_ref()
        .and_then(|config| config.arn.as_ref());
    add("DeadLetterConfig", queue.map(|arn| json!({"Arn": arn})));
    add("Input", target.input.as_ref().map(|input| json!(input)));
    add("InputPath", target.input_path.as_ref().map(|path| json!(path)));
    add(
        "InputTransformer",
        target
            .input_transformer
            .as_ref()
            .map(|input| json!(input.input_template)),
    );
    Value::Object(fields)
}

async fn role(config: &SdkConfig, at: &AccountRegion, facts: &mut Facts) -> Result<(), ReadError> {
    const GONE: &str = "NoSuchEntity";
    const ALL: [&str; 4] = [
        fact::ROLE_TRUST,
        fact::ROLE_POLICIES,
        fact::ROLE_ATTACHED,
        fact::ROLE_BOUNDARY,
    ];
    let client = aws_sdk_iam::Client::new(config);
    let name = forwarder(at.region.as_str());
    let answer = client.get_role().role_name(&name).send().await;
    let Some(role) = unless_gone(at, "GetRole", GONE, answer)?.and_then(|answer| answer.role) else {
        ALL.iter().for_each(|fact| facts.add(fact, Value::Null));
        return Ok(());
    };
    facts.add(fact::ROLE_TRUST, document(role.assume_role_policy_document.as_deref()));
    let boundary = role
        .permissions_boundary
        .and_then(|boundary| boundary.permissions_boundary_arn);
    facts.add(fact::ROLE_BOUNDARY, json!(boundary));

    let mut policies = Map::new();
    let mut pages = client
        .list_role_policies()
        .role_name(&name)
        .into_paginator()
        .items()
        .send();
    while let Some(policy) = pages.next().await {
        let Some(policy) = unless_gone(at, "ListRolePolicies", GONE, policy)? else {
            break;
        };
        let answer = client
            .get_role_policy()
            .role_name(&name)
            .policy_name(&policy)
            .send()
            .await;
        let answer = unless_gone(at, "GetRolePolicy", GONE, answer)?;
        policies.extend(answer.map(|answer| (policy, document(Some(&answer.policy_document)))));
    }
    facts.add(fact::ROLE_POLICIES, Value::Object(policies));

    let mut attached = Vec::new();
    let mut pages = client
        .list_attached_role_policies()
        .role_name(&name)
        .into_paginator()
        .items()
        .send();
    while let Some(policy) = pages.next().await {
        let Some(policy) = unless_gone(at, "ListAttachedRolePolicies", GONE, policy)? else {
            break;
        };
        attached.push(json!(policy.policy_arn));
    }
    facts.add(fact::ROLE_ATTACHED, Value::Array(attached));
    Ok(())
}

async fn queue(config: &SdkConfig, at: &AccountRegion, facts: &mut Facts) -> Result<(), ReadError> {
    // Of the query protocol, and of the JSON protocol that took its place.
    const GONE: &str = "QueueDoesNotExist";
    const GONE_OF_OLD: &str = "AWS.SimpleQueueService.NonExistentQueue";
    let client = aws_sdk_sqs::Client::new(config);
    let answer = client.get_queue_url().queue_name(FORWARD_DLQ).send().await;
    let gone = match &answer {
        Err(error) if error.code() == Some(GONE_OF_OLD) => GONE_OF_OLD,
        _ => GONE,
    };
    let url = unless_gone(at, "GetQueueUrl", gone, answer)?.and_then(|answer| answer.queue_url);
    let attributes = match url {
        Some(url) => {
            let request = client.get_queue_attributes().queue_url(url);
            let answer = request.attribute_names(QueueAttributeName::All).send().await;
            unless_gone(at, "GetQueueAttributes", GONE, answer)?
        }
        None => None,
    };
    let Some(attributes) = attributes.map(|answer| answer.attributes.unwrap_or_default()) else {
        facts.add(fact::QUEUE_POLICY, Value::Null);
        facts.add(fact::QUEUE_SETTINGS, Value::Null);
        return Ok(());
    };
    let text = |name: QueueAttributeName| attributes.get(&name).map(String::as_str);
    facts.add(fact::QUEUE_POLICY, document(text(QueueAttributeName::Policy)));
    facts.add(
        fact::QUEUE_SETTINGS,
        json!({
            "MessageRetentionPeriod": text(QueueAttributeName::MessageRetentionPeriod),
            "SqsManagedSseEnabled": text(QueueAttributeName::SqsManagedSseEnabled),
            "KmsMasterKeyId": text(QueueAttributeName::KmsMasterKeyId),
        }),
    );
    Ok(())
}

fn described(schedule: &GetScheduleOutput) -> Value {
    let target = schedule.target();
    let puts = target.and_then(Target::event_bridge_parameters);
    let window = schedule.flexible_time_window().map(|window| window.mode().as_str());
    json!({
        "State": schedule.state().map(ScheduleState::as_str),
        "ScheduleExpression": schedule.schedule_expression(),
        "StartDate": schedule.start_date().map(ToString::to_string),
        "EndDate": schedule.end_date().map(ToString::to_string),
        "FlexibleTimeWindow": window,
        "Target": {
            "Arn": target.map(Target::arn),
            "RoleArn": target.map(Target::role_arn),
            "EventBridgeParameters": puts.map(|puts| json!({"Source": puts.source(), "DetailType": puts.detail_type()})),
            "Input": document(target.and_then(Target::input)),
        },
    })
}

/// A document of JSON, which IAM encodes for a URL; a text that is none as it is.
fn document(text: Option<&str>) -> Value {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Value::Null;
    };
    if let Ok(document) = serde_json::from_str(text) {
        return document;
    }
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&decoded).unwrap_or_else(|_| Value::from(text))
}

/// The answer; `None` where AWS says by `gone` that there is no such thing.
fn unless_gone<T, E>(
    at: &AccountRegion,
    call: &'static str,
    gone: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, ReadError>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some(gone) => Ok(None),
        Err(error) => {
            let mut why = error.code().map_or_else(|| chain(&error), str::to_owned);
            if let Some(message) = error.message().filter(|_| error.code().is_some()) {
                let _ = write!(why, ": {message}");
            }
            Err(ReadError {
                call,
                at: at.clone(),
                why,
            })
        }
    }
}
