//! Waits until nothing is on its way any more.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use crate::ids::arn_name;
use crate::organization::Organization;

const POLL: Duration = Duration::from_millis(200);
/// How long every queue must have been empty: longer than a poll of an event source mapping.
const QUIET: Duration = Duration::from_millis(1500);
const LIMIT: Duration = Duration::from_secs(400);

/// Waits until the queues that functions read are empty for a while.
///
/// # Errors
/// When they do not become empty in that time.
pub async fn wait(organization: &Organization) -> Result<()> {
    let config = organization.audit().await?;
    let lambda = aws_sdk_lambda::Client::new(&config);
    let sqs = aws_sdk_sqs::Client::new(&config);
    let mappings = lambda.list_event_source_mappings().send().await?.event_source_mappings;
    let mut queues = Vec::new();
    for source in mappings
        .unwrap_or_default()
        .into_iter()
        .filter_map(|mapping| mapping.event_source_arn)
    {
        queues.extend(
            sqs.get_queue_url()
                .queue_name(arn_name(&source))
                .send()
                .await?
                .queue_url,
        );
    }
    let (began, mut empty_since) = (Instant::now(), Instant::now());
    while empty_since.elapsed() < QUIET {
        let mut waiting = Vec::new();
        for queue in &queues {
            let attributes = sqs
                .get_queue_attributes()
                .queue_url(queue)
                .attribute_names(Attribute::All)
                .send()
                .await?;
            let counted = [
                Attribute::ApproximateNumberOfMessages,
                Attribute::ApproximateNumberOfMessagesNotVisible,
                Attribute::ApproximateNumberOfMessagesDelayed,
            ];
            let attributes = attributes.attributes.unwrap_or_default();
            if counted
                .iter()
                .any(|name| attributes.get(name).is_some_and(|count| count != "0"))
            {
                waiting.push(queue.as_str());
            }
        }
        if !waiting.is_empty() {
            empty_since = Instant::now();
        }
        if began.elapsed() > LIMIT {
            bail!(
                "still not delivered after {} s: {}",
                LIMIT.as_secs(),
                waiting.join(", ")
            );
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
