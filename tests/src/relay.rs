//! Stands in for EventBridge's own delivery, which neither emulator does fully.
//!
//! It reads the rules, targets, roles and policies that were really deployed, lets MiniStack judge
//! the patterns, and delivers only what AWS would deliver: the target's role must exist, trust
//! EventBridge and allow the call, and the bus's or queue's policy must admit it. What is refused
//! goes to the target's dead-letter queue, if that one's policy admits it.
//!
//! It knows no pattern and no table of ours.

pub mod access;
pub mod archive;
mod buffer;
mod canary;
pub mod cloud;
mod deployed;
pub mod policy;
mod replay;
pub mod role;
pub mod rules;
pub mod schedule;
mod stacks;
mod stream;
pub mod template;
mod trace;
mod yaml;

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use aws_sdk_sqs::types::MessageAttributeValue;
use jiff::Timestamp;
use tokio::sync::RwLock;

use self::access::Access;
use self::archive::Archive;
use self::buffer::Buffer;
use self::cloud::Cloud;
use self::rules::{Rule, Rules, Target};
use self::stream::{Put, Streams};
use self::trace::{CLIENT_ERROR, NO_PERMISSIONS, NO_RESOURCE, NO_ROLE, NOT_ALLOWED, Refusal, SECOND_HOP};
pub use self::trace::{Outcome, Trace};
use crate::ids::{arn_name, arn_part, uuid};
use crate::wire::Envelope;

const EVENTS: &str = "events.amazonaws.com";

/// EventBridge, as far as these deliveries need it.
pub struct Relay {
    pub cloud: Cloud,
    access: Access,
    rules: Rules,
    streams: Streams,
    archive: Mutex<Option<Arc<Archive>>>,
    buffer: Buffer,
    delivered: Mutex<u64>,
    /// Read while an event is on its way.
    on_the_way: RwLock<()>,
}

impl Relay {
    #[must_use]
    pub fn new(cloud: Cloud) -> Self {
        Self {
            cloud,
            access: Access::default(),
            rules: Rules::default(),
            streams: Streams::default(),
            archive: Mutex::default(),
            buffer: Buffer::default(),
            delivered: Mutex::default(),
            on_the_way: RwLock::default(),
        }
    }

    /// Emits an event on an account's default bus, as an AWS service does, and follows it.
    ///
    /// # Errors
    /// When an emulator fails, or when something deployed cannot be evaluated.
    pub async fn emit(&self, account: &str, region: &str, envelope: &Envelope) -> Result<Trace> {
        let bus = format!("arn:aws:events:{region}:{account}:event-bus/default");
        let _on_the_way = self.on_the_way.read().await;
        let mut trace = Trace::default();
        self.on_bus(&bus, envelope, false, &mut trace).await?;
        Ok(trace)
    }

    /// Puts a record straight into a stream, whatever it is.
    ///
    /// # Errors
    /// When an emulator fails or there is no such stream.
    pub async fn put_record(&self, stream: &str, data: &[u8]) -> Result<()> {
        match self.streams.put(&self.cloud, &self.access.stacks, stream, data).await? {
            Put::NoStream => bail!("there is no stream {stream}"),
            Put::Taken | Put::Failed => Ok(()),
        }
    }

    /// The stacks that are deployed in an account and region, stack instances included.
    ///
    /// # Errors
    /// When a stack cannot be read.
    pub async fn stacks_of(&self, account: &str, region: &str) -> Result<Vec<template::Stack>> {
        self.access.stacks.of(&self.cloud, account, region).await
    }

    /// Forgets what was read of rules, roles, policies, stacks and streams.
    pub async fn invalidate(&self) {
        self.cloud.invalidate().await;
        self.access.invalidate().await;
        self.rules.invalidate().await;
        self.streams.invalidate().await;
    }

    /// Forgets what was read of rules and streams.
    pub async fn forget_rules(&self) {
        self.rules.invalidate().await;
        self.streams.invalidate().await;
    }

    /// How many deliveries to targets were made.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        *self.delivered.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn on_bus(&self, bus: &str, envelope: &Envelope, hopped: bool, trace: &mut Trace) -> Result<()> {
        self.keep(bus, envelope).await?;
        let rules = self.rules.matching(&self.cloud, bus, envelope).await?;
        if rules.is_empty() {
            trace.outcomes.push(Outcome::Unmatched { bus: bus.to_owned() });
        }
        for rule in &rules {
            for target in &rule.targets {
                let refused = match arn_part(&target.arn, 2) {
                    "events" => self.to_bus(rule, target, envelope, hopped, trace).await,
                    _ => self.to_target(rule, target, envelope, trace).await,
                };
                let refused = refused.with_context(|| format!("{} to {}", rule.arn, target.arn))?;
                if let Some(refusal) = refused {
                    let outcome = self.refuse(rule, target, envelope, &refusal).await?;
                    trace.outcomes.push(outcome);
                }
            }
        }
        Ok(())
    }

    /// Delivers to all targets of a rule but buses.
    async fn to_targets(&self, rule: &Rule, envelope: &Envelope) -> Result<()> {
        let mut trace = Trace::default();
        for target in &rule.targets {
            if let Some(refusal) = self.to_target(rule, target, envelope, &mut trace).await? {
                self.refuse(rule, target, envelope, &refusal).await?;
            }
        }
        Ok(())
    }

    async fn to_bus(
        &self,
        rule: &Rule,
        target: &Target,
        envelope: &Envelope,
        hopped: bool,
        trace: &mut Trace,
    ) -> Result<Option<Refusal>> {
        if hopped {
            return Ok(Some(SECOND_HOP));
        }
        // EventBridge requires a role for every bus target.
        let role = match &target.role {
            Some(role) => self.access.assume(&self.cloud, role, EVENTS, &rule.arn).await?,
            None => None,
        };
        let Some(role) = role else {
            return Ok(Some(NO_PERMISSIONS));
        };
        if !self.access.bus_exists(&self.cloud, &target.arn).await? {
            trace.outcomes.push(Outcome::Swallowed {
                bus: target.arn.clone(),
            });
            return Ok(None);
        }
        if !self
            .access
            .may_put_events(&self.cloud, &role, &target.arn, envelope)
            .await?
        {
            return Ok(Some(NO_PERMISSIONS));
        }
        let arrived = if arn_part(&rule.arn, 3) == arn_part(&target.arn, 3) {
            envelope.clone()
        } else {
            let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            envelope.with("id", &uuid())?.with("time", &now)?
        };
        Box::pin(self.on_bus(&target.arn, &arrived, true, trace)).await?;
        Ok(None)
    }

    async fn to_target(
        &self,
        rule: &Rule,
        target: &Target,
        envelope: &Envelope,
        trace: &mut Trace,
    ) -> Result<Option<Refusal>> {
        let event = envelope.to_string();
        let refused = match arn_part(&target.arn, 2) {
            "firehose" => self.to_stream(rule, target, &event).await?,
            "sqs" => self.to_queue(rule, target, &event).await?,
            "lambda" => self.to_function(rule, target, &event).await?,
            other => bail!("delivery to {other} is not emulated"),
        };
        if refused.is_none() {
            *self.delivered.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
            trace.delivered.push(envelope.clone());
            trace.outcomes.push(Outcome::Delivered {
                target: target.arn.clone(),
            });
        }
        Ok(refused)
    }

    /// Whether the target's role may do `action`.
    async fn role_refuses(&self, rule: &Rule, target: &Target, role: &str, action: &str) -> Result<Option<Refusal>> {
        let Some(role) = self.access.assume(&self.cloud, role, EVENTS, &rule.arn).await? else {
            return Ok(Some(NO_ROLE));
        };
        let allowed = self.access.role_allows(&role, action, &target.arn, &[])?;
        Ok((!allowed).then_some(NOT_ALLOWED))
    }

    async fn to_stream(&self, rule: &Rule, target: &Target, event: &str) -> Result<Option<Refusal>> {
        let Some(role) = &target.role else {
            return Ok(Some(NO_ROLE));
        };
        let refused = self.role_refuses(rule, target, role, "firehose:PutRecord").await?;
        if refused.is_some() {
            return Ok(refused);
        }
        if self
            .streams
            .exists(&self.cloud, &self.access.stacks, &target.arn)
            .await?
            && self.buffer.holds(&target.arn, event.as_bytes())
        {
            return Ok(None);
        }
        Ok(
            match self
                .streams
                .put(&self.cloud, &self.access.stacks, &target.arn, event.as_bytes())
                .await?
            {
                Put::Taken | Put::Failed => None,
                Put::NoStream => Some(NO_RESOURCE),
            },
        )
    }

    async fn to_queue(&self, rule: &Rule, target: &Target, event: &str) -> Result<Option<Refusal>> {
        let admitted = self.access.queue_allows(&self.cloud, &target.arn, &rule.arn).await?;
        let refused = match (&target.role, admitted) {
            (_, None) => Some(NO_RESOURCE),
            (Some(role), _) => self.role_refuses(rule, target, role, "sqs:SendMessage").await?,
            (None, Some(true)) => None,
            (None, Some(false)) => Some(NOT_ALLOWED),
        };
        if refused.is_some() {
            return Ok(refused);
        }
        let sent = self.send(&target.arn, event, &[]).await;
        Ok(sent.is_err().then_some(CLIENT_ERROR))
    }

    async fn to_function(&self, rule: &Rule, target: &Target, event: &str) -> Result<Option<Refusal>> {
        let refused = match &target.role {
            Some(role) => self.role_refuses(rule, target, role, "lambda:InvokeFunction").await?,
            None if self.access.function_allows(&self.cloud, &target.arn, &rule.arn).await? => None,
            None => Some(NOT_ALLOWED),
        };
        if refused.is_some() {
            return Ok(refused);
        }
        let config = self
            .cloud
            .at(arn_part(&target.arn, 4), arn_part(&target.arn, 3))
            .await?;
        let client = aws_sdk_lambda::Client::new(&config);
        let payload = aws_sdk_lambda::primitives::Blob::new(event.as_bytes());
        let kind = aws_sdk_lambda::types::InvocationType::Event;
        let sent = client
            .invoke()
            .function_name(&target.arn)
            .invocation_type(kind)
            .payload(payload)
            .send()
            .await;
        Ok(sent.is_err().then_some(CLIENT_ERROR))
    }

    /// Sends a refused event to the target's dead-letter queue, if it has one in the rule's Region
    /// whose policy admits it.
    async fn refuse(&self, rule: &Rule, target: &Target, envelope: &Envelope, refusal: &Refusal) -> Result<Outcome> {
        let dropped = Outcome::Dropped {
            target: target.arn.clone(),
            code: refusal.code,
        };
        let Some(queue) = &target.dlq else {
            return Ok(dropped);
        };
        let here = arn_part(queue, 3) == arn_part(&rule.arn, 3);
        if !here || self.access.queue_allows(&self.cloud, queue, &rule.arn).await? != Some(true) {
            return Ok(dropped);
        }
        let attributes = [
            ("RULE_ARN", rule.arn.as_str()),
            ("TARGET_ARN", &target.arn),
            ("ERROR_CODE", refusal.code),
            ("ERROR_MESSAGE", refusal.message),
        ];
        Ok(match self.send(queue, &envelope.to_string(), &attributes).await {
            Ok(()) => Outcome::DeadLettered {
                queue: queue.clone(),
                code: refusal.code,
            },
            Err(_) => dropped,
        })
    }

    async fn send(&self, queue: &str, body: &str, attributes: &[(&str, &str)]) -> Result<()> {
        let config = self.cloud.at(arn_part(queue, 4), arn_part(queue, 3)).await?;
        let client = aws_sdk_sqs::Client::new(&config);
        let found = client.get_queue_url().queue_name(arn_name(queue)).send().await?;
        let mut message = client.send_message().set_queue_url(found.queue_url).message_body(body);
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(*value)
                .build()?;
            message = message.message_attributes(*name, value);
        }
        message.send().await?;
        Ok(())
    }
}
