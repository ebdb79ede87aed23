//! What a version of the template puts into an account and region, as facts.
//!
//! A second telling of the template, which a test holds against the first: the comparison runs in a function
//! that knows old versions by what `apply` stored of them, without their templates.

use pipetrail_names::AccountRegion;
use pipetrail_names::member::{CANARY_SCHEDULE, FORWARD_DLQ, FORWARD_RULE, HEARTBEAT_SOURCE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::facts::{Facts, digest};

/// Names of facts.
pub(crate) mod fact {
    pub(crate) const RULE_STATE: &str = "state of rule pipetrail-forward";
    pub(crate) const RULE_PATTERN: &str = "pattern of rule pipetrail-forward";
    pub(crate) const RULE_TARGETS: &str = "targets of rule pipetrail-forward";
    pub(crate) const ROLE_TRUST: &str = "trust policy of the forwarder's role";
    pub(crate) const ROLE_POLICIES: &str = "inline policies of the forwarder's role";
    pub(crate) const ROLE_ATTACHED: &str = "policies attached to the forwarder's role";
    pub(crate) const ROLE_BOUNDARY: &str = "permissions boundary of the forwarder's role";
    pub(crate) const QUEUE_POLICY: &str = "policy of queue pipetrail-forward-dlq";
    pub(crate) const QUEUE_SETTINGS: &str = "settings of queue pipetrail-forward-dlq";
    pub(crate) const HEARTBEAT: &str = "schedule pipetrail-heartbeat";
    pub(crate) const CANARY: &str = "schedule pipetrail-canary";
}

/// In the place of the account's id and the region, until they are known.
const ACCOUNT: &str = "${account}";
const REGION: &str = "${region}";

/// How many seconds a message stays in the dead-letter queue: the most that SQS admits.
const QUEUE_SECONDS: &str = "1209600";

/// The parameters of the template that its facts depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// `AuditBusArn`
    pub audit_bus_arn: String,
    /// `HeartbeatSchedule`
    pub heartbeat_schedule: String,
}

/// A version of the template with its parameters: facts with placeholders for account and region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(Facts);

impl Version {
    /// The version of this binary's template.
    #[must_use]
    pub fn current(parameters: &Parameters) -> Self {
        let bus = parameters.audit_bus_arn.as_str();
        let partition = bus.split(':').nth(1).unwrap_or("aws");
        let rule = format!("arn:{partition}:events:{REGION}:{ACCOUNT}:rule/{FORWARD_RULE}");
        let queue = format!("arn:{partition}:sqs:{REGION}:{ACCOUNT}:{FORWARD_DLQ}");
        let name = pipetrail_names::member::forwarder(REGION);
        let role = format!("arn:{partition}:iam::{ACCOUNT}:role/{name}");
        let default_bus = format!("arn:{partition}:events:{REGION}:{ACCOUNT}:event-bus/default");
        let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": statement});
        let put = |resource: &str| json!({"Effect": "Allow", "Action": "events:PutEvents", "Resource": resource});

        let mut facts = Facts::default();
        facts.add(fact::RULE_STATE, json!("ENABLED"));
        facts.add(
            fact::RULE_PATTERN,
            json!({
                "source": ["aws.codepipeline", HEARTBEAT_SOURCE],
                "detail": {"eventName": [
                    {"exists": false},
                    {"anything-but": ["PollForJobs", "PollForThirdPartyJobs"]},
                ]},
            }),
        );
        facts.add(
            fact::RULE_TARGETS,
            json!({"Id": "audit-bus", "Arn": bus, "RoleArn": role, "DeadLetterConfig": {"Arn": queue}}),
        );
        let assumes = |service: &str, condition: Value| json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", "Condition": condition});
        let of_account = json!({"aws:SourceAccount": ACCOUNT});
        facts.add(
            fact::ROLE_TRUST,
            policy(json!([
                assumes(
                    "events.amazonaws.com",
                    json!({"StringEquals": of_account, "ArnEquals": {"aws:SourceArn": rule}})
                ),
                assumes("scheduler.amazonaws.com", json!({"StringEquals": of_account})),
            ])),
        );
        let mut heartbeats = put(&default_bus);
        heartbeats["Condition"] = json!({
            "Null": {"events:source": "false"},
            "ForAllValues:StringEquals": {"events:source": HEARTBEAT_SOURCE},
        });
        facts.add(
            fact::ROLE_POLICIES,
            json!({"audit-bus": policy(put(bus)), "default-bus": policy(heartbeats)}),
        );
        facts.add(fact::ROLE_ATTACHED, json!([]));
        facts.add(fact::ROLE_BOUNDARY, Value::Null);
        facts.add(
            fact::QUEUE_POLICY,
            policy(json!({
                "Sid": "ForwardRule",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            })),
        );
        facts.add(
            fact::QUEUE_SETTINGS,
            json!({"MessageRetentionPeriod": QUEUE_SECONDS, "SqsManagedSseEnabled": "true", "KmsMasterKeyId": null}),
        );
        let schedule = |expression: &str, target: Value| {
            json!({"State": "ENABLED", "ScheduleExpression": expression, "StartDate": null, "EndDate": null,
                "FlexibleTimeWindow": "OFF", "Target": target})
        };
        facts.add(
            fact::HEARTBEAT,
            schedule(
                &parameters.heartbeat_schedule,
                json!({"Arn": default_bus, "RoleArn": role,
                    "EventBridgeParameters": {"Source": HEARTBEAT_SOURCE, "DetailType": "pipetrail heartbeat"},
                    "Input": {"scheduled_time": "<aws.scheduler.scheduled-time>"}}),
            ),
        );
        facts.add(
            fact::CANARY,
            schedule(
                "rate(24 hours)",
                json!({"Arn": format!("arn:{partition}:scheduler:::aws-sdk:codepipeline:stopPipelineExecution"),
                    "RoleArn": role, "EventBridgeParameters": null,
                    "Input": {"PipelineName": CANARY_SCHEDULE,
                        "PipelineExecutionId": "00000000-0000-0000-0000-000000000000",
                        "Reason": "pipetrail canary: to be refused"}}),
            ),
        );
        Version(facts)
    }

    /// The facts of an account and region.
    #[must_use]
    pub fn facts(&self, at: &AccountRegion) -> Facts {
        let mut facts = Facts::default();
        for (fact, value) in &self.0.0 {
            // Anew in one form: with the id in its place, a list may have another order.
            facts.add(fact, placed(value, at));
        }
        facts
    }

    /// The first 16 hexadecimal digits of the SHA-256 of its JSON.
    #[must_use]
    pub fn id(&self) -> String {
        digest(&json!(self).to_string())
    }
}

fn placed(value: &Value, at: &AccountRegion) -> Value {
    match value {
        Value::String(text) => Value::String(
            text.replace(ACCOUNT, at.account.as_str())
                .replace(REGION, at.region.as_str()),
        ),
        Value::Array(items) => items.iter().map(|item| placed(item, at)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), placed(field, at)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(schedule: &str) -> Version {
        Version::current(&Parameters {
            audit_bus_arn: "arn:aws:events:eu-central-1:999988887777:event-bus/pipetrail".to_owned(),
            heartbeat_schedule: schedule.to_owned(),
        })
    }

    #[test]
    fn a_version_survives_its_json_and_its_id_follows_its_parameters() {
        let hourly = version("rate(1 hour)");
        let read: Version = serde_json::from_value(json!(hourly)).unwrap();
        assert_eq!((read.id(), read), (hourly.id(), hourly.clone()));
        assert_ne!(version("rate(2 hours)").id(), hourly.id());
        assert_eq!(hourly.id().len(), 16);
    }

    #[test]
    fn facts_name_their_account_and_region_and_no_placeholder_is_left() {
        let at = "111122223333/us-east-1".parse().unwrap();
        let facts = json!(version("rate(1 hour)").facts(&at)).to_string();
        assert!(!facts.contains("${"), "{facts}");
        assert!(facts.contains("arn:aws:iam::111122223333:role/pipetrail-forwarder-us-east-1"));
    }
}
