//! λ approval: for every decision, and every change of a gate, an evidence record, then an alert.
//!
//! Per decision: log the redacted event; stop if the marker `alerted/account_id=<id>/<event_key>` is there and counts;
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
//! A call that makes, changes or deletes a pipeline is first entered in the history of its pipeline (`known_gates`),
//! which says what it did to gates: the same at every receive, once it is entered. If it did something, or bypassed a
//! stage, the rest is as with a decision.
//!
//! Retried by SQS: every AWS error. Given up on, into the dead-letter queue after the queue's
//! `maxReceiveCount`: messages that are neither. Acknowledged without a record: calls that AWS
//! refused, for they decided and changed nothing, and calls that touched no gate.

mod error;
mod known_gates;
mod records;

use std::cell::Cell;

use aws_sdk_sns::operation::publish::PublishError;
use pipetrail_names::chain;
use serde_json::{json, value::RawValue};

use self::error::ApprovalError;
use self::known_gates::KnownGates;
use self::records::Records;
use crate::alert::{Alert, Topics};
use crate::aws::publish;
use crate::decision::{Decision, DecisionError, Reading};
use crate::evidence::{Evidence, Marker};
use crate::gates::call::{self, GateCall};
use crate::gates::change::GateChange;
use crate::gates::compare::Change;
use crate::key::sha256_hex;
use crate::sqs::{Batch, Failures};
use crate::telemetry::{Level, counts, log};

/// What the function works with, built once at cold start.
#[derive(Clone, Debug)]
pub struct Approval {
    pub s3: aws_sdk_s3::Client,
    pub sns: aws_sdk_sns::Client,
    /// Bucket of the records and markers.
    pub evidence_bucket: String,
    /// Bucket of the known gates.
    pub lake_bucket: String,
    pub topics: Topics,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Decided,
    GateChanged,
    ToldBefore,
    /// Refused by AWS, or no gate is touched.
    NothingToTell,
}

impl Approval {
    /// Handles a batch; never fails as a whole.
    pub async fn handle(&self, batch: &Batch) -> Failures {
        let mut failures = Failures::default();
        let (mut decided, mut changed, mut duplicates) = (0, 0, 0);
        let records = Records {
            s3: &self.s3,
            bucket: &self.evidence_bucket,
            foreign: Cell::new(0),
        };
        for message in &batch.records {
            match self.take(&message.body, &records).await {
                Ok(Outcome::Decided) => decided += 1,
                Ok(Outcome::GateChanged) => changed += 1,
                Ok(Outcome::ToldBefore) => duplicates += 1,
                Ok(Outcome::NothingToTell) => {}
                Err(error) => {
                    log(
                        Level::Error,
                        "not recorded and told",
                        &json!({"message_id": message.message_id, "error": error.to_string()}),
                    );
                    failures.add(message);
                }
            }
        }
        counts(
            "approval",
            &[
                ("Decisions", decided),
                ("GateChanges", changed),
                ("Duplicates", duplicates),
                ("FailedMessages", failures.batch_item_failures.len()),
                ("ForeignEvidence", records.foreign.get()),
            ],
        );
        failures
    }

    async fn take(&self, message: &str, records: &Records<'_>) -> Result<Outcome, ApprovalError> {
        let (decision, redacted) = match Decision::of(message.as_bytes()) {
            Ok(Reading::Record(decision, redacted)) => (decision, redacted),
            Ok(Reading::Refused) => return Ok(Outcome::NothingToTell),
            Err(DecisionError::NotADecision) => return self.take_gate_call(message, records).await,
            Err(error) => return Err(error.into()),
        };
        let event = RawValue::from_string(redacted).map_err(|error| ApprovalError::unwritable("log line", &error))?;
        log(Level::Info, "decision", &LoggedEvent { event: &event });
        let alert = |evidence: &str| decision.alert(evidence);
        let told = self.tell(records, &decision.evidence(), alert).await?;
        Ok(if told { Outcome::Decided } else { Outcome::ToldBefore })
    }

    async fn take_gate_call(&self, message: &str, records: &Records<'_>) -> Result<Outcome, ApprovalError> {
        let read = GateCall::of(message.as_bytes()).map_err(DecisionError::from)?;
        let (call, made, changes) = match read {
            call::Reading::Other => return Err(DecisionError::NotADecision.into()),
            call::Reading::Refused => return Ok(Outcome::NothingToTell),
            call::Reading::Tell(call, change) => (call, None, vec![change]),
            call::Reading::Structure(call, made) => {
                let known = KnownGates {
                    s3: &self.s3,
                    bucket: &self.lake_bucket,
                };
                let changes = match &call.pipeline {
                    Some(pipeline) => known.enter(&call, pipeline, &made).await?,
                    None => vec![Change::unknown(NAMES_NO_PIPELINE)],
                };
                (call, Some(made), changes)
            }
        };
        log(
            Level::Info,
            "gate call",
            &json!({"call": call.call, "account_id": call.account_id, "region": call.region, "pipeline": call.pipeline,
                    "event_key": call.event_key, "changes": changes.len()}),
        );
        let outline = made.as_ref().and_then(|made| made.outline());
        let Some(change) = GateChange::of(*call, changes, outline) else {
            return Ok(Outcome::NothingToTell);
        };
        let alert = |evidence: &str| change.alert(evidence);
        let told = self.tell(records, &change.evidence(), alert).await?;
        Ok(if told {
            Outcome::GateChanged
        } else {
            Outcome::ToldBefore
        })
    }

    /// Puts the record, publishes the alert and puts the marker; false if a marker said that all was done.
    async fn tell(
        &self,
        records: &Records<'_>,
        evidence: &Evidence,
        alert: impl FnOnce(&str) -> Result<Alert, serde_json::Error>,
    ) -> Result<bool, ApprovalError> {
        let digest = sha256_hex(&evidence.text);
        if records.is_told(evidence, &digest).await? {
            return Ok(false);
        }
        // There already when a delivery was interrupted before its marker.
        let recorded = records.create(&evidence.key, &evidence.text, &digest).await;
        let record_key = match &recorded {
            Ok(key) | Err(ApprovalError::Occupied { key, .. }) => key.clone(),
            Err(_) => return recorded.map(|_| true),
        };
        let alert = alert(&format!("s3://{}/{record_key}", self.evidence_bucket))
            .map_err(|error| ApprovalError::unwritable("alert", &error))?;
        for topic in self.topics.of(&evidence.account_id) {
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
        match records.create(&evidence.marker_key(), &marker.text(), &digest).await {
            // A duplicate is told again then.
            Ok(_) | Err(ApprovalError::Occupied { .. }) => Ok(true),
            Err(error) => Err(error),
        }
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
}

const NAMES_NO_PIPELINE: &str =
    "the call's record names no pipeline and does not hold its structure: CloudTrail leaves out what is over 100 KB";

#[derive(serde::Serialize)]
struct LoggedEvent<'a> {
    event: &'a RawValue,
}
