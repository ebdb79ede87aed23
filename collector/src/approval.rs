//! λ approval: for every decision an evidence record, then an alert.
//!
//! Per message: log the redacted event; stop if the marker `alerted/account_id=<id>/<event_key>` is there; put the
//! record with `If-None-Match: *`; publish the alert, to the topic of all and then to the account's own
//! where it has one; put the marker. So a decision is never without record and alert. There is one
//! alert per topic, and one more for each delivery that was interrupted between alert and marker or ran
//! beside another of the same decision; none for later duplicates, and no second record for a
//! CloudTrail addendum. A topic that refuses interrupts: until it takes the alert, or the message rests
//! in the dead-letter queue, the topics before it hear of the decision at every attempt.
//!
//! Retried by SQS: every AWS error. Given up on, into the dead-letter queue after the queue's
//! `maxReceiveCount`: messages that are no decision. Acknowledged without a record: calls that AWS
//! refused, for they decided nothing.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sns::types::MessageAttributeValue;
use pipetrail_names::chain;
use serde_json::{json, value::RawValue};
use thiserror::Error;

use crate::alert::{Alert, Topics};
use crate::decision::{Decision, DecisionError, Reading};
use crate::sqs::{Batch, Failures};
use crate::telemetry::{Level, counts, log};

/// What the function works with, built once at cold start.
#[derive(Clone, Debug)]
pub struct Approval {
    pub s3: aws_sdk_s3::Client,
    pub sns: aws_sdk_sns::Client,
    /// Bucket of the records and markers.
    pub evidence_bucket: String,
    pub topics: Topics,
}

/// What kept a decision from being recorded and told.
#[derive(Debug, Error)]
pub enum ApprovalError {
    #[error(transparent)]
    NotADecision(#[from] DecisionError),
    #[error("{call} failed for {target}: {cause}")]
    Aws {
        call: &'static str,
        /// Bucket and key, or topic.
        target: String,
        /// The error with its causes.
        cause: String,
    },
    #[error("cannot write the {what}: {cause}")]
    Unwritable { what: &'static str, cause: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Told,
    ToldBefore,
    Refused,
}

impl Approval {
    /// Handles a batch; never fails as a whole.
    pub async fn handle(&self, batch: &Batch) -> Failures {
        let mut failures = Failures::default();
        let (mut told, mut duplicates) = (0, 0);
        for message in &batch.records {
            match self.decide(&message.body).await {
                Ok(Outcome::Told) => told += 1,
                Ok(Outcome::ToldBefore) => duplicates += 1,
                Ok(Outcome::Refused) => {}
                Err(error) => {
                    log(
                        Level::Error,
                        "decision not recorded",
                        &json!({"message_id": message.message_id, "error": error.to_string()}),
                    );
                    failures.add(message);
                }
            }
        }
        counts(
            "approval",
            &[
                ("Decisions", told),
                ("DuplicateDecisions", duplicates),
                ("FailedMessages", failures.batch_item_failures.len()),
            ],
        );
        failures
    }

    async fn decide(&self, message: &str) -> Result<Outcome, ApprovalError> {
        let (decision, redacted) = match Decision::of(message.as_bytes())? {
            Reading::Record(decision, redacted) => (decision, redacted),
            Reading::Refused => return Ok(Outcome::Refused),
        };
        let event = RawValue::from_string(redacted).map_err(|error| ApprovalError::Unwritable {
            what: "log line",
            cause: error.to_string(),
        })?;
        log(Level::Info, "decision", &LoggedEvent { event: &event });
        let record_key = decision.record_key();
        let marker_key = decision.marker_key();
        if self.exists(&marker_key).await? {
            return Ok(Outcome::ToldBefore);
        }
        // There already when a delivery was interrupted before its marker.
        self.create(&record_key, decision.record()).await?;
        let alert = decision
            .alert(&format!("s3://{}/{record_key}", self.evidence_bucket))
            .map_err(|error| ApprovalError::Unwritable {
                what: "alert",
                cause: error.to_string(),
            })?;
        for topic in self.topics.of(&decision.account_id) {
            self.publish(&topic, &alert).await?;
        }
        self.create(&marker_key, String::new()).await?;
        Ok(Outcome::Told)
    }

    /// Puts an object, unless it is there already.
    async fn create(&self, key: &str, text: String) -> Result<(), ApprovalError> {
        let put = self
            .s3
            .put_object()
            .bucket(&self.evidence_bucket)
            .key(key)
            .if_none_match("*")
            .content_type("text/plain; charset=utf-8");
        match put.body(ByteStream::from(text.into_bytes())).send().await {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(412) => Ok(()),
            Err(error) => Err(self.failed("s3:PutObject", key, &error)),
        }
    }

    async fn exists(&self, key: &str) -> Result<bool, ApprovalError> {
        match self
            .s3
            .head_object()
            .bucket(&self.evidence_bucket)
            .key(key)
            .send()
            .await
        {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_s3::operation::head_object::HeadObjectError::is_not_found) =>
            {
                Ok(false)
            }
            Err(error) => Err(self.failed("s3:GetObject", key, &error)),
        }
    }

    async fn publish(&self, topic: &str, alert: &Alert) -> Result<(), ApprovalError> {
        let mut publish = self
            .sns
            .publish()
            .topic_arn(topic)
            .subject(&alert.subject)
            .message_structure("json")
            .message(&alert.message);
        for (name, value) in &alert.attributes {
            let attribute = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build()
                .map_err(|error| ApprovalError::Unwritable {
                    what: "alert",
                    cause: error.to_string(),
                })?;
            publish = publish.message_attributes(*name, attribute);
        }
        publish.send().await.map_err(|error| ApprovalError::Aws {
            call: "sns:Publish",
            target: topic.to_owned(),
            cause: chain(&error),
        })?;
        Ok(())
    }

    fn failed<E: std::error::Error + 'static>(
        &self,
        call: &'static str,
        key: &str,
        error: &SdkError<E>,
    ) -> ApprovalError
    where
        SdkError<E>: std::error::Error,
    {
        ApprovalError::Aws {
            call,
            target: format!("s3://{}/{key}", self.evidence_bucket),
            cause: chain(error),
        }
    }
}

#[derive(serde::Serialize)]
struct LoggedEvent<'a> {
    event: &'a RawValue,
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
