//! λ approval: for every decision an evidence record, then an alert.
//!
//! Per message: log the redacted event; stop if the marker `alerted/account_id=<id>/<event_key>` is there and counts;
//! put the record with `If-None-Match: *`; publish the alert, to the topic of all and then to the account's own
//! where it has one; put the marker. So a decision is never without record and alert. There is one
//! alert per topic, and one more for each delivery that was interrupted between alert and marker or ran
//! beside another of the same decision; none for later duplicates, and no second record for a
//! CloudTrail addendum. A topic that refuses interrupts: until it takes the alert, or the message rests
//! in the dead-letter queue, the topics before it hear of the decision at every attempt.
//!
//! Whoever could put objects into the bucket could put a record or a marker first. A marker counts only if the record
//! that it names is there; that must be this decision's own record, unless the message is an addendum. Where something
//! else lies in the place of a record or marker, a metric counts it, and ours goes beside it, under a name with the
//! record's digest. Where that place is taken too, every receive tells again and fails. A call whose addendum came
//! first is recorded and told once more.
//!
//! Retried by SQS: every AWS error. Given up on, into the dead-letter queue after the queue's
//! `maxReceiveCount`: messages that are no decision. Acknowledged without a record: calls that AWS
//! refused, for they decided nothing.

use std::cell::Cell;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sns::operation::publish::PublishError;
use pipetrail_names::chain;
use serde_json::{json, value::RawValue};
use thiserror::Error;

use crate::alert::{Alert, Topics};
use crate::aws::publish;
use crate::decision::{Decision, DecisionError, Reading};
use crate::evidence::{Marker, beside};
use crate::key::sha256_hex;
use crate::sqs::{Batch, Failures};
use crate::telemetry::{Level, counts, log};

/// More than any record has: two dozen fields of 1,024 characters.
const MOST_BYTES: i64 = 1 << 20;

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
    #[error("topic {topic} does not exist")]
    NoTopic { topic: String },
    #[error("s3://{bucket}/{key} is not what this function puts there, and neither is what lies beside it")]
    Occupied { bucket: String, key: String },
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
        let foreign = Cell::new(0);
        for message in &batch.records {
            match self.decide(&message.body, &foreign).await {
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
                ("ForeignEvidence", foreign.get()),
            ],
        );
        failures
    }

    /// Counts in `foreign` what lies in the place of a record or marker and is neither.
    async fn decide(&self, message: &str, foreign: &Cell<usize>) -> Result<Outcome, ApprovalError> {
        let (decision, redacted) = match Decision::of(message.as_bytes())? {
            Reading::Record(decision, redacted) => (decision, redacted),
            Reading::Refused => return Ok(Outcome::Refused),
        };
        let event = RawValue::from_string(redacted).map_err(|error| ApprovalError::Unwritable {
            what: "log line",
            cause: error.to_string(),
        })?;
        log(Level::Info, "decision", &LoggedEvent { event: &event });
        let (record, marker_key) = (decision.record(), decision.marker_key());
        let digest = sha256_hex(&record);
        let own = [marker_key.clone(), beside(&marker_key, &digest)];
        for key in &own {
            match self.read(key).await? {
                None => break,
                Some(marker) if self.is_told(&marker, &decision, &digest).await? => return Ok(Outcome::ToldBefore),
                Some(_) => {}
            }
        }
        // There already when a delivery was interrupted before its marker.
        let recorded = self.create(&decision.record_key(), &record, &digest, foreign).await;
        let record_key = match &recorded {
            Ok(key) | Err(ApprovalError::Occupied { key, .. }) => key.clone(),
            Err(_) => return recorded.map(|_| Outcome::Told),
        };
        let alert = decision
            .alert(&format!("s3://{}/{record_key}", self.evidence_bucket))
            .map_err(|error| ApprovalError::Unwritable {
                what: "alert",
                cause: error.to_string(),
            })?;
        for topic in self.topics.of(&decision.account_id) {
            match self.publish(&topic, &alert).await {
                // Its subscriptions went with it: the account has left the list, and this function hears of it later.
                Err(ApprovalError::NoTopic { topic }) if topic != self.topics.all() => {
                    log(Level::Warn, "topic gone", &json!({"topic": topic}));
                }
                told => told?,
            }
        }
        // Told, and in the dead-letter queue in the end.
        recorded?;
        let marker = Marker {
            digest: digest.clone(),
            record_key,
        };
        match self.create(&marker_key, &marker.text(), &digest, foreign).await {
            // A duplicate is told again then.
            Ok(_) | Err(ApprovalError::Occupied { .. }) => Ok(Outcome::Told),
            Err(error) => Err(error),
        }
    }

    /// Whether a marker says that this decision was told.
    async fn is_told(&self, marker: &str, decision: &Decision, digest: &str) -> Result<bool, ApprovalError> {
        let Some(marker) = Marker::parse(marker).filter(|marker| decision.may_have(&marker.record_key)) else {
            return Ok(false);
        };
        // Of an addendum the record is another: the one of the record that it adds to.
        if !decision.is_addendum && marker.digest != digest {
            return Ok(false);
        }
        let record = self.read(&marker.record_key).await?;
        Ok(record.is_some_and(|record| sha256_hex(&record) == marker.digest))
    }

    /// Puts a text, unless it is there already; beside it, if something else is. Gives the key where it is.
    async fn create(
        &self,
        key: &str,
        text: &str,
        digest: &str,
        foreign: &Cell<usize>,
    ) -> Result<String, ApprovalError> {
        for key in [key.to_owned(), beside(key, digest)] {
            if self.put(&key, text).await? || self.read(&key).await?.as_deref() == Some(text) {
                return Ok(key);
            }
            foreign.set(foreign.get() + 1);
            let place = format!("s3://{}/{key}", self.evidence_bucket);
            log(Level::Warn, "foreign evidence", &json!({"object": place}));
        }
        Err(ApprovalError::Occupied {
            bucket: self.evidence_bucket.clone(),
            key: key.to_owned(),
        })
    }

    /// Puts an object; false if there is one.
    async fn put(&self, key: &str, text: &str) -> Result<bool, ApprovalError> {
        let put = self
            .s3
            .put_object()
            .bucket(&self.evidence_bucket)
            .key(key)
            .if_none_match("*")
            .content_type("text/plain; charset=utf-8");
        match put.body(ByteStream::from(text.as_bytes().to_vec())).send().await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(412) => Ok(false),
            Err(error) => Err(self.failed("s3:PutObject", key, &error)),
        }
    }

    /// Reads a record or marker, if there is one. What is neither reads as an empty one: what is too large, and what S3
    /// does not hand out (400 and 403), because it is archived or encrypted with a key of somebody else's.
    async fn read(&self, key: &str) -> Result<Option<String>, ApprovalError> {
        let get = self.s3.get_object().bucket(&self.evidence_bucket).key(key);
        let found = match get.send().await {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) if matches!(status(&error), Some(400 | 403)) => return Ok(Some(String::new())),
            Err(error) => return Err(self.failed("s3:GetObject", key, &error)),
        };
        if found.content_length().is_none_or(|length| length > MOST_BYTES) {
            return Ok(Some(String::new()));
        }
        let bytes = found.body.collect().await.map_err(|error| ApprovalError::Aws {
            call: "s3:GetObject",
            target: format!("s3://{}/{key}", self.evidence_bucket),
            cause: chain(&error),
        })?;
        Ok(Some(String::from_utf8_lossy(&bytes.into_bytes()).into_owned()))
    }

    async fn publish(&self, topic: &str, alert: &Alert) -> Result<(), ApprovalError> {
        publish(&self.sns, topic, alert).await.map_err(|error| {
            let topic = topic.to_owned();
            let is_gone = error
                .as_service_error()
                .is_some_and(PublishError::is_not_found_exception);
            if is_gone {
                return ApprovalError::NoTopic { topic };
            }
            ApprovalError::Aws {
                call: "sns:Publish",
                target: topic,
                cause: chain(&error),
            }
        })
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
