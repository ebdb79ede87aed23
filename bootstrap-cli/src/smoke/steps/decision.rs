//! Step 4: a decision in its queue, the record of evidence that comes of it, and its alert.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use pipetrail_collector::Table;
use pipetrail_lake::tiers::Tier;
use pipetrail_names::audit::{ALERTS, Bucket, QUEUES};
use pipetrail_stacksets::from_sdk;

use super::super::claim::{ALERT, EVIDENCE, ONCE, RETENTION, TOKEN};
use super::super::findings::Findings;
use super::super::ground::Ground;
use super::super::judge::{self, Judged, Place};
use super::super::sample::SMOKE;
use super::super::scratch::Controls;
use super::super::wait::wait_for;
use super::super::{lake, records};
use super::refusals;
use crate::failure::{Problem, Result};

/// How far SQS's counts are behind at most. Source: SQS's GetQueueAttributes, "at least 1 minute after the producers stop
/// sending messages".
const BEHIND: Duration = Duration::from_secs(60);

pub(super) async fn run(ground: &Ground, controls: &Controls, findings: &mut Findings) -> Result<()> {
    let sqs = aws_sdk_sqs::Client::new(ground.audit());
    let [_, decisions, _] = QUEUES;
    let (queue, scratch) = (url(&sqs, decisions).await?, url(&sqs, SMOKE).await?);
    subscribe(ground).await?;
    send(&sqs, &queue, &ground.sample.decision.body).await?;

    let (bucket, key) = (ground.bucket(Bucket::Evidence), &ground.sample.record_key);
    let s3 = &ground.clients.s3;
    let head = wait_for(ground.limit, async || {
        let head = s3.head_object().bucket(&bucket).key(key).send().await;
        match head.map_err(from_sdk(format!("look for s3://{bucket}/{key}"))) {
            Err(error) if error.code() == Some("NotFound") => Ok(None),
            head => Ok(Some(head?)),
        }
    });
    let Some(head) = head.await? else {
        let judged = ground
            .place
            .missed(&format!("no {key} after {} s", ground.limit.as_secs()));
        findings.note(&EVIDENCE, "", Ok(judged));
        findings.close(4, "there is no record of evidence");
        return Ok(());
    };
    findings.note(&EVIDENCE, "", Ok(Judged::proven(key.clone())));
    let mode = head.object_lock_mode().map(aws_sdk_s3::types::ObjectLockMode::as_str);
    let until = head.object_lock_retain_until_date().map(ToString::to_string);
    let lock = mode.zip(until.as_deref());
    findings.note(&RETENTION, "", Ok(judge::retention(lock, &controls.locks)));

    let alert = wait_for(ground.limit, async || {
        receive(&sqs, &scratch, &ground.sample.decision.key).await
    })
    .await;
    let alert = alert.map_err(|failure| failure.to_string());
    findings.note(
        &ALERT,
        "",
        Ok(match &alert {
            Ok(Some(_)) => Judged::proven(format!(
                "queue {SMOKE} has the alert with event_key {}",
                ground.sample.decision.key
            )),
            Ok(None) => ground
                .place
                .missed(&format!("no alert in queue {SMOKE} after {} s", ground.limit.as_secs())),
            Err(why) => Judged::not_possible(why.clone()),
        }),
    );
    let judged = once(ground, &sqs, &queue, &bucket).await;
    findings.note(&ONCE, "", judged);
    let judged = token(ground, &bucket, alert.ok().flatten()).await;
    findings.note(&TOKEN, "", judged);
    refusals::run(ground, controls, &bucket, findings).await;
    Ok(())
}

async fn url(sqs: &aws_sdk_sqs::Client, queue: &str) -> Result<String> {
    let found = sqs.get_queue_url().queue_name(queue).send().await;
    let found = found.map_err(from_sdk(format!("look for queue {queue}")))?;
    Ok(found.queue_url.unwrap_or_default())
}

async fn send(sqs: &aws_sdk_sqs::Client, queue: &str, body: &str) -> Result<()> {
    let sent = sqs.send_message().queue_url(queue).message_body(body).send().await;
    sent.map_err(from_sdk("send a decision to its queue"))?;
    Ok(())
}

/// The run's queue gets all alerts, as they are.
async fn subscribe(ground: &Ground) -> Result<()> {
    let sns = aws_sdk_sns::Client::new(ground.audit());
    let raw = HashMap::from([("RawMessageDelivery".to_owned(), "true".to_owned())]);
    let call = sns.subscribe().topic_arn(ground.arn("sns", ALERTS)).protocol("sqs");
    let call = call.endpoint(ground.arn("sqs", SMOKE)).set_attributes(Some(raw));
    call.send()
        .await
        .map_err(from_sdk(format!("subscribe queue {SMOKE} to topic {ALERTS}")))?;
    Ok(())
}

/// The message with that key, where it has come.
async fn receive(sqs: &aws_sdk_sqs::Client, queue: &str, key: &str) -> Result<Option<String>> {
    let received = sqs
        .receive_message()
        .queue_url(queue)
        .max_number_of_messages(10)
        .wait_time_seconds(1);
    let received = received
        .send()
        .await
        .map_err(from_sdk(format!("receive from queue {SMOKE}")))?;
    let mut bodies = received
        .messages
        .unwrap_or_default()
        .into_iter()
        .filter_map(|message| message.body);
    Ok(bodies.find(|body| body.contains(key)))
}

/// Sends the decision again, waits until it has been dealt with, and counts the versions of its record.
async fn once(ground: &Ground, sqs: &aws_sdk_sqs::Client, queue: &str, bucket: &str) -> Result<Judged> {
    send(sqs, queue, &ground.sample.decision.body).await?;
    // Until then an empty queue may be one that the message has not been counted in yet.
    if ground.place == Place::Aws {
        tokio::time::sleep(BEHIND).await;
    }
    let mut empty = 0;
    let emptied = wait_for(ground.limit, async || {
        let all = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let read = sqs
            .get_queue_attributes()
            .queue_url(queue)
            .set_attribute_names(Some(all.to_vec()))
            .send()
            .await;
        let read = read.map_err(from_sdk("count the messages of the decisions queue"))?;
        let counts = read.attributes.unwrap_or_default();
        let is_empty = all
            .iter()
            .all(|name| counts.get(name).is_some_and(|count| count == "0"));
        empty = if is_empty { empty + 1 } else { 0 };
        Ok((empty == 3).then_some(()))
    });
    if emptied.await?.is_none() {
        let waited = ground.limit.as_secs();
        return Ok(ground
            .place
            .missed(&format!("the second message is still in its queue after {waited} s")));
    }
    let versions = records::versions(ground, bucket, &ground.sample.record_key).await?;
    Ok(judge::once(versions.len()))
}

/// Looks for the token wherever the decision has come to.
async fn token(ground: &Ground, bucket: &str, alert: Option<String>) -> Result<Judged> {
    let key = &ground.sample.record_key;
    let record = ground.clients.s3.get_object().bucket(bucket).key(key).send().await;
    let record = record.map_err(from_sdk(format!("read s3://{bucket}/{key}")))?;
    let unread = |error| Problem::new(format!("cannot read s3://{bucket}/{key}: {error}"));
    let record = record.body.collect().await.map_err(unread)?.into_bytes();
    let (calls, event) = (Tier::Landing.of(Table::ApprovalCalls), &ground.sample.decision.key);
    let sql = format!("SELECT * FROM {calls} WHERE event_key = '{event}'");
    let row = lake::texts(&ground.athena(), &sql).await?.join(" ");
    let places = [
        ("record", Some(String::from_utf8_lossy(&record).into_owned())),
        ("alert", alert),
        ("row", Some(row).filter(|row| !row.is_empty())),
    ];
    let looked_at = places.iter().filter(|(_, text)| text.is_some()).count();
    let token = &ground.sample.token;
    let found = places
        .iter()
        .filter(|(_, text)| text.as_ref().is_some_and(|text| text.contains(token)));
    let found: Vec<&str> = found.map(|(place, _)| *place).collect();
    Ok(judge::token(looked_at, &found))
}
