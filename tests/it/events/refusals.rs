//! What AWS would not deliver is not delivered: it lies in the dead-letter queue, or is counted.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_eventbridge::types::{DeadLetterConfig, Target};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use pipetrail_tests::day::STRANGER;
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::relay::Outcome;
use pipetrail_tests::wire::Envelope;
use serde_json::{Value, json};

use crate::org;

const EVENT: &str = include_str!("../../fixtures/stage/failed.json");
const DLQ: &str = "own-dlq";

/// A forwarder made by hand, right in everything until a test changes something.
struct Forwarder<'a> {
    organization: &'a Organization,
    account: String,
    /// Every case has a Region of its own, so that no two share a rule.
    region: &'static str,
    role: Option<String>,
    trusted: &'static str,
    allowed: &'static str,
    bus: &'static str,
    dlq_admits: bool,
}

impl<'a> Forwarder<'a> {
    fn new(organization: &'a Organization, region: &'static str) -> Self {
        Self {
            organization,
            // In the organization, but in no enrolled unit.
            account: organization.unenrolled.id.clone(),
            region,
            role: Some(format!("pipetrail-forwarder-{region}")),
            trusted: "events.amazonaws.com",
            allowed: "events:PutEvents",
            bus: "pipetrail",
            dlq_admits: true,
        }
    }

    /// Makes it, emits one event and gives back what became of it.
    async fn forward(&self, source: &str) -> Result<Vec<Outcome>> {
        self.make(source).await?;
        let event = org::moved(EVENT, ("111122223333", &self.account), (HOME, self.region)).with("source", source)?;
        Ok(self
            .organization
            .relay
            .emit(&self.account, self.region, &event)
            .await?
            .outcomes)
    }

    fn rule(&self) -> String {
        format!("arn:aws:events:{}:{}:rule/by-hand", self.region, self.account)
    }

    fn queue(&self) -> String {
        format!("arn:aws:sqs:{}:{}:{DLQ}", self.region, self.account)
    }

    fn target(&self) -> String {
        format!(
            "arn:aws:events:{HOME}:{}:event-bus/{}",
            self.organization.relay.cloud.audit, self.bus
        )
    }

    async fn make(&self, source: &str) -> Result<()> {
        let config = self.organization.relay.cloud.at(&self.account, self.region).await?;
        let statement = |rest: Value| json!({"Version": "2012-10-17", "Statement": [rest]}).to_string();
        let role = self.role.clone().unwrap_or_else(|| "nobody".to_owned());
        if self.role.is_some() {
            let iam = aws_sdk_iam::Client::new(&config);
            let trust = json!({"Effect": "Allow", "Principal": {"Service": self.trusted}, "Action": "sts:AssumeRole"});
            iam.create_role()
                .role_name(&role)
                .assume_role_policy_document(statement(trust))
                .send()
                .await?;
            let allow = json!({"Effect": "Allow", "Action": self.allowed, "Resource": self.target()});
            let policy = iam
                .put_role_policy()
                .role_name(&role)
                .policy_name("forward")
                .policy_document(statement(allow));
            policy.send().await?;
        }
        let rule = if self.dlq_admits {
            self.rule()
        } else {
            format!("{}-of-another", self.rule())
        };
        let admit = json!({"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": self.queue(), "Condition": {"ArnEquals": {"aws:SourceArn": rule}}});
        let sqs = aws_sdk_sqs::Client::new(&config);
        sqs.create_queue()
            .queue_name(DLQ)
            .attributes(Attribute::Policy, statement(admit))
            .send()
            .await?;
        let events = aws_sdk_eventbridge::Client::new(&config);
        let pattern = json!({"source": [source]}).to_string();
        events.put_rule().name("by-hand").event_pattern(pattern).send().await?;
        let target = Target::builder().id("bus").arn(self.target());
        let target = target.role_arn(format!("arn:aws:iam::{}:role/{role}", self.account));
        let target = target.dead_letter_config(DeadLetterConfig::builder().arn(self.queue()).build());
        events
            .put_targets()
            .rule("by-hand")
            .targets(target.build()?)
            .send()
            .await?;
        Ok(())
    }

    fn refused(&self) -> Vec<Outcome> {
        vec![Outcome::DeadLettered {
            queue: self.queue(),
            code: "NO_PERMISSIONS",
        }]
    }
}

/// The messages of a queue: body and attributes.
async fn messages(organization: &Organization, queue: [&str; 3]) -> Result<Vec<(String, BTreeMap<String, String>)>> {
    let [account, region, name] = queue;
    let sqs = aws_sdk_sqs::Client::new(&organization.relay.cloud.at(account, region).await?);
    let url = sqs.get_queue_url().queue_name(name).send().await?.queue_url.unwrap();
    let received = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .message_attribute_names("All");
    let received = received
        .visibility_timeout(0)
        .send()
        .await?
        .messages
        .unwrap_or_default();
    let read = received.into_iter().map(|message| {
        let attributes = message.message_attributes.unwrap_or_default().into_iter();
        let attributes = attributes.map(|(name, value)| {
            assert_eq!(value.data_type, "String");
            (name, value.string_value.unwrap())
        });
        (message.body.unwrap(), attributes.collect())
    });
    Ok(read.collect())
}

#[test]
fn a_forwarder_made_by_hand_as_it_should_be_is_admitted() {
    org::with(|organization| async move {
        let forwarder = Forwarder::new(&organization, "eu-west-2");
        let outcomes = forwarder.forward("aws.codepipeline").await?;
        assert!(
            matches!(outcomes.as_slice(), [Outcome::Delivered { .. }]),
            "{outcomes:?}"
        );
        Ok(())
    });
}

#[test]
fn a_missing_role_is_refused_and_the_dead_letter_says_why() {
    org::with(|organization| async move {
        let mut forwarder = Forwarder::new(&organization, "us-east-1");
        forwarder.role = None;
        assert_eq!(forwarder.forward("aws.codepipeline").await?, forwarder.refused());
        let found = messages(&organization, [&forwarder.account, "us-east-1", DLQ]).await?;
        let [(body, attributes)] = found.as_slice() else {
            panic!("{found:?}");
        };
        let event = org::moved(EVENT, ("111122223333", &forwarder.account), (HOME, "us-east-1"));
        assert_eq!(*body, event.to_string());
        let wanted = [
            ("RULE_ARN", forwarder.rule()),
            ("TARGET_ARN", forwarder.target()),
            ("ERROR_CODE", "NO_PERMISSIONS".to_owned()),
            (
                "ERROR_MESSAGE",
                "Lack of permissions to invoke cross account target.".to_owned(),
            ),
        ];
        assert_eq!(*attributes, wanted.map(|(name, value)| (name.to_owned(), value)).into());
        Ok(())
    });
}

#[test]
fn a_role_that_trusts_somebody_else_is_refused() {
    org::with(|organization| async move {
        let mut forwarder = Forwarder::new(&organization, "us-east-2");
        forwarder.trusted = "lambda.amazonaws.com";
        assert_eq!(forwarder.forward("aws.codepipeline").await?, forwarder.refused());
        Ok(())
    });
}

#[test]
fn a_role_without_permission_is_refused() {
    org::with(|organization| async move {
        let mut forwarder = Forwarder::new(&organization, "us-west-1");
        forwarder.allowed = "sqs:SendMessage";
        assert_eq!(forwarder.forward("aws.codepipeline").await?, forwarder.refused());
        Ok(())
    });
}

#[test]
fn a_role_of_another_name_is_refused_by_the_bus() {
    org::with(|organization| async move {
        let mut forwarder = Forwarder::new(&organization, "us-west-2");
        forwarder.role = Some("my-forwarder-us-west-2".to_owned());
        assert_eq!(forwarder.forward("aws.codepipeline").await?, forwarder.refused());
        Ok(())
    });
}

#[test]
fn another_source_is_refused_by_the_bus() {
    org::with(|organization| async move {
        let forwarder = Forwarder::new(&organization, "ca-central-1");
        assert_eq!(forwarder.forward("aws.codebuild").await?, forwarder.refused());
        Ok(())
    });
}

#[test]
fn a_missing_bus_swallows_events_without_a_trace() {
    org::with(|organization| async move {
        let mut forwarder = Forwarder::new(&organization, "eu-north-1");
        forwarder.bus = "no-such-bus";
        let swallowed = Outcome::Swallowed {
            bus: forwarder.target(),
        };
        assert_eq!(forwarder.forward("aws.codepipeline").await?, [swallowed]);
        assert!(
            messages(&organization, [&forwarder.account, "eu-north-1", DLQ])
                .await?
                .is_empty()
        );
        Ok(())
    });
}

#[test]
fn a_dead_letter_queue_that_does_not_admit_the_rule_gets_nothing() {
    org::with(|organization| async move {
        let mut forwarder = Forwarder::new(&organization, "ap-south-1");
        forwarder.trusted = "lambda.amazonaws.com";
        forwarder.dlq_admits = false;
        let dropped = Outcome::Dropped {
            target: forwarder.target(),
            code: "NO_PERMISSIONS",
        };
        assert_eq!(forwarder.forward("aws.codepipeline").await?, [dropped]);
        assert!(
            messages(&organization, [&forwarder.account, "ap-south-1", DLQ])
                .await?
                .is_empty()
        );
        Ok(())
    });
}

#[test]
fn an_account_outside_the_organization_is_refused_with_the_members_own_template() {
    org::with(|organization| async move {
        let event = org::moved(EVENT, ("111122223333", STRANGER), (HOME, HOME));
        let outcomes = organization.relay.emit(STRANGER, HOME, &event).await?.outcomes;
        let queue = format!("arn:aws:sqs:{HOME}:{STRANGER}:pipetrail-forward-dlq");
        let code = "NO_PERMISSIONS";
        assert_eq!(outcomes, [Outcome::DeadLettered { queue, code }]);
        let kept = messages(&organization, [STRANGER, HOME, "pipetrail-forward-dlq"]).await?;
        assert!(kept.iter().any(|(body, _)| *body == event.to_string()));
        Ok(())
    });
}

#[test]
fn a_rule_of_the_bus_whose_target_refuses_uses_its_dead_letter_queue() {
    org::with(|organization| async move {
        let (config, audit) = (organization.audit().await?, &organization.relay.cloud.audit);
        let sqs = aws_sdk_sqs::Client::new(&config);
        sqs.create_queue().queue_name("closed").send().await?;
        let events = aws_sdk_eventbridge::Client::new(&config);
        let member = &organization.members[org::BAD_INPUT].id;
        let pattern = json!({"account": [member], "detail": {"stage": ["Refused"]}}).to_string();
        let name = "pipetrail-closed";
        events
            .put_rule()
            .event_bus_name("pipetrail")
            .name(name)
            .event_pattern(pattern)
            .send()
            .await?;
        let dlq = format!("arn:aws:sqs:{HOME}:{audit}:pipetrail-bus-dlq");
        let letter = DeadLetterConfig::builder().arn(&dlq).build();
        let closed = Target::builder()
            .id("closed")
            .arn(format!("arn:aws:sqs:{HOME}:{audit}:closed"));
        let absent = format!("arn:aws:firehose:{HOME}:{audit}:deliverystream/absent");
        let absent = Target::builder()
            .id("absent")
            .arn(absent)
            .role_arn(format!("arn:aws:iam::{audit}:role/nobody"));
        let targets = [closed, absent].map(|target| target.dead_letter_config(letter.clone()).build().unwrap());
        let put = events
            .put_targets()
            .event_bus_name("pipetrail")
            .rule(name)
            .set_targets(Some(targets.into()));
        put.send().await?;
        organization.relay.invalidate().await;

        let event = EVENT
            .replace("\"Prod\"", "\"Refused\"")
            .replace("\"Build\"", "\"Refused\"");
        let event = org::moved(&event, ("111122223333", member), (HOME, HOME));
        assert_eq!(event.value("detail").unwrap()["stage"], "Refused");
        let outcomes = organization.relay.emit(member, HOME, &event).await?.outcomes;
        for code in ["NO_PERMISSIONS", "FAILED_TO_ASSUME_ROLE"] {
            let queue = dlq.clone();
            assert!(
                outcomes.contains(&Outcome::DeadLettered { queue, code }),
                "{outcomes:?}"
            );
        }
        let delivered = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Delivered { .. }));
        assert_eq!(delivered.count(), 1, "the table's own rule still delivers");
        events
            .remove_targets()
            .event_bus_name("pipetrail")
            .rule(name)
            .ids("closed")
            .ids("absent")
            .send()
            .await?;
        events
            .delete_rule()
            .event_bus_name("pipetrail")
            .name(name)
            .send()
            .await?;
        organization.relay.invalidate().await;
        Ok(())
    });
}

#[test]
fn read_only_calls_do_not_reach_a_plain_rule() {
    org::with(|organization| async move {
        let member = &organization.members[org::BAD_INPUT].id;
        let event = include_str!("../../fixtures/cloudtrail/start-pipeline-execution-human.json");
        let event = event.replace("\"readOnly\": false", "\"readOnly\": true");
        let event: Envelope = org::moved(&event, ("111122223333", member), (HOME, HOME));
        let bus = format!("arn:aws:events:{HOME}:{member}:event-bus/default");
        assert_eq!(
            organization.relay.emit(member, HOME, &event).await?.outcomes,
            [Outcome::Unmatched { bus }]
        );
        Ok(())
    });
}
