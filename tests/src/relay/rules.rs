//! The rules and targets that are deployed on a bus, and which of them an event matches.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::RuleState;
use serde_json::Value;

use super::cloud::{Cache, Cloud};
use crate::ids::{arn_name, arn_part};
use crate::wire::Envelope;

#[derive(Clone, Debug)]
pub struct Rule {
    pub arn: String,
    pub targets: Vec<Target>,
    pattern: String,
    state: RuleState,
}

#[derive(Clone, Debug)]
pub struct Target {
    /// What is delivered to.
    pub arn: String,
    /// The role that EventBridge takes for it.
    pub role: Option<String>,
    pub dlq: Option<String>,
}

/// Rules per bus, read once.
#[derive(Default)]
pub struct Rules(Cache<Vec<Rule>>);

impl Rules {
    /// The rules of a bus that an event matches.
    ///
    /// # Errors
    /// When a rule cannot be read, or changes the event on its way: that is not emulated.
    pub async fn matching(&self, cloud: &Cloud, bus: &str, envelope: &Envelope) -> Result<Vec<Rule>> {
        let rules: Arc<Vec<Rule>> = self.0.get(bus, || read(cloud, bus)).await?;
        let mut matching = Vec::new();
        for rule in rules.iter().filter(|rule| sees(&rule.state, envelope)) {
            let judged = self.judge(cloud, &rule.pattern, envelope).await;
            if judged.with_context(|| format!("pattern of {}", rule.arn))? {
                matching.push(rule.clone());
            }
        }
        Ok(matching)
    }

    /// Whether an event matches a pattern; MiniStack says it.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn judge(&self, cloud: &Cloud, pattern: &str, envelope: &Envelope) -> Result<bool> {
        let judge = Client::new(&cloud.at(&cloud.audit, &cloud.home).await?);
        let asked = judge.test_event_pattern().event_pattern(pattern);
        Ok(asked.event(envelope.to_string()).send().await?.result)
    }

    pub async fn invalidate(&self) {
        self.0.clear().await;
    }
}

/// Whether a rule in this state sees the event at all: read-only management events reach a rule in
/// the longer state only.
fn sees(state: &RuleState, envelope: &Envelope) -> bool {
    let of_detail = |key: &str| envelope.value("detail").and_then(|detail| detail.get(key).cloned());
    let read_only = envelope.text("detail-type").as_deref() == Some("AWS API Call via CloudTrail")
        && of_detail("readOnly") == Some(Value::Bool(true));
    match state {
        RuleState::Enabled => !read_only,
        RuleState::EnabledWithAllCloudtrailManagementEvents => true,
        _ => false,
    }
}

async fn read(cloud: &Cloud, bus: &str) -> Result<Vec<Rule>> {
    let client = Client::new(&cloud.at(arn_part(bus, 4), arn_part(bus, 3)).await?);
    let name = arn_name(bus);
    let mut rules = Vec::new();
    let mut token = None;
    loop {
        let page = client
            .list_rules()
            .event_bus_name(name)
            .set_next_token(token)
            .send()
            .await?;
        for rule in page.rules.unwrap_or_default() {
            let (Some(rule_name), Some(arn), Some(pattern)) = (rule.name, rule.arn, rule.event_pattern) else {
                continue;
            };
            let listed = client
                .list_targets_by_rule()
                .event_bus_name(name)
                .rule(rule_name)
                .send()
                .await?;
            let mut targets = Vec::new();
            for target in listed.targets.unwrap_or_default() {
                let changes =
                    target.input.is_some() || target.input_path.is_some() || target.input_transformer.is_some();
                ensure!(
                    !changes,
                    "{arn} changes its events on the way to {}: not emulated",
                    target.arn
                );
                targets.push(Target {
                    arn: target.arn,
                    role: target.role_arn.filter(|role| !role.is_empty()),
                    dlq: target.dead_letter_config.and_then(|config| config.arn),
                });
            }
            rules.push(Rule {
                arn,
                targets,
                pattern,
                state: rule.state.unwrap_or(RuleState::Enabled),
            });
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(rules);
        }
    }
}
