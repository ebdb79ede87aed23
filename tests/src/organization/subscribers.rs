//! Who listens to the alerts of decisions: one queue per member that takes that member's only, and one that
//! takes all.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{HOME, Organization};
use crate::names;

/// Name of the subscriber that takes the alerts of all accounts.
pub const EVERYONE: &str = "organization";

impl Organization {
    /// Subscribes a queue for every enrolled member, filtered by its account id, and one for all.
    ///
    /// # Errors
    /// When the topic is not there or a call fails.
    pub async fn subscribe(&self) -> Result<()> {
        for member in &self.members {
            self.subscriber(
                &member.id,
                &json!({"account_id": [member.id], "event_class": ["decision"]}),
            )
            .await?;
        }
        self.subscriber(EVERYONE, &json!({"event_class": ["decision"]})).await
    }

    async fn subscriber(&self, name: &str, filter: &Value) -> Result<()> {
        let (config, audit) = (self.audit().await?, &self.relay.cloud.audit);
        let topic = format!("arn:aws:sns:{HOME}:{audit}:{}", names::ALERTS);
        let queue = format!("arn:aws:sqs:{HOME}:{audit}:alerts-{name}");
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]});
        let sqs = aws_sdk_sqs::Client::new(&config);
        let made = sqs.create_queue().queue_name(format!("alerts-{name}"));
        made.attributes(Attribute::Policy, policy.to_string()).send().await?;
        let sns = aws_sdk_sns::Client::new(&config);
        let subscription = sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue);
        let subscription = subscription.attributes("FilterPolicy", filter.to_string());
        subscription.send().await.context("cannot subscribe to the alerts")?;
        Ok(())
    }

    /// The alerts that every subscriber has, as SNS delivered them; they stay in their queues.
    ///
    /// # Errors
    /// When a queue cannot be read.
    pub async fn alerts(&self) -> Result<BTreeMap<String, Vec<Value>>> {
        let config = self.audit().await?;
        let mut alerts = BTreeMap::new();
        let names = self.members.iter().map(|member| member.id.as_str());
        for name in names.chain([EVERYONE]) {
            let bodies = peek(&config, &format!("alerts-{name}")).await?;
            let parsed = bodies
                .iter()
                .map(|body| serde_json::from_str(body))
                .collect::<Result<_, _>>()?;
            alerts.insert(name.to_owned(), parsed);
        }
        Ok(alerts)
    }

    /// Clients' configuration for the audit account in the home Region.
    ///
    /// # Errors
    /// Never; the type is the cloud's.
    pub async fn audit(&self) -> Result<SdkConfig> {
        self.relay.cloud.at(&self.relay.cloud.audit, HOME).await
    }
}

/// Reads all messages of a queue and leaves them there.
///
/// # Errors
/// When the queue cannot be read.
pub async fn peek(config: &SdkConfig, queue: &str) -> Result<Vec<String>> {
    // One at a time: what is hidden meanwhile, another one would not find.
    static PEEKING: Mutex<()> = Mutex::const_new(());
    let _one = PEEKING.lock().await;
    let sqs = aws_sdk_sqs::Client::new(config);
    let url = sqs
        .get_queue_url()
        .queue_name(queue)
        .send()
        .await?
        .queue_url
        .context("a queue without URL")?;
    let mut bodies = Vec::new();
    let mut handles = Vec::new();
    loop {
        // Hidden while the rest is read, then visible again.
        let receive = sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .visibility_timeout(60);
        let messages = receive.wait_time_seconds(0).send().await?.messages.unwrap_or_default();
        if messages.is_empty() {
            break;
        }
        for message in messages {
            bodies.extend(message.body);
            handles.extend(message.receipt_handle);
        }
    }
    for handle in handles {
        let again = sqs.change_message_visibility().queue_url(&url).receipt_handle(handle);
        again.visibility_timeout(0).send().await?;
    }
    Ok(bodies)
}
