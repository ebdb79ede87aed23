//! Tells what happens to one execution, event by event.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::people::Person;
use super::random::Random;
use crate::day::happening::Happening;
use crate::day::state::{Execution, millis, seconds};

/// An execution while it happens, or a pipeline while somebody works on it.
pub(super) struct Story<'a> {
    pub(super) random: &'a mut Random,
    pub(super) execution: Execution,
    pub(super) version: u32,
    pub(super) attempt: u8,
    /// When this attempt began, where it is not the first.
    pub(super) retried: Option<Timestamp>,
    pub(super) now: Timestamp,
    pub(super) told: &'a mut Vec<Happening>,
}

/// Stage and action.
pub(super) type StageAction<'p> = [&'p str; 2];

impl Story<'_> {
    /// Time goes on by so many seconds.
    pub(super) fn wait(&mut self, from: i64, to: i64) {
        let milliseconds = self.random.between(from * 1000, to * 1000 + 999);
        self.now += SignedDuration::from_millis(milliseconds);
    }

    pub(super) fn pipeline(&mut self, state: &str, more: Value) {
        let mut more = self.with_version(more);
        if let Some(retried) = self.retried {
            more["last-retry-attempt-time"] = json!(millis(retried));
        }
        let event = self.execution.pipeline(self.now, state, self.attempt, &more);
        self.tell(event, 1, 11);
    }

    pub(super) fn stage(&mut self, stage: &str, state: &str, again: bool) {
        let mut more = self.with_version(json!({}));
        if let Some(retried) = self.retried.filter(|_| again) {
            more["stage-last-retry-attempt-time"] = json!(millis(retried));
        }
        let event = self.execution.stage(self.now, stage, state, self.attempt, &more);
        self.tell(event, 1, 11);
    }

    pub(super) fn action(&mut self, at: StageAction<'_>, kind: [&str; 2], state: &str, since: Timestamp, more: Value) {
        let mut more = self.with_version(more);
        more["start-time"] = json!(millis(since));
        let event = self.execution.action(self.now, at, kind, state, self.attempt, &more);
        self.tell(event, 1, 11);
    }

    /// The id of an action's execution; a gate's is its token.
    pub(super) fn action_id(&self, at: StageAction<'_>) -> String {
        self.execution.action_id(at[0], at[1], self.attempt)
    }

    /// Somebody calls CodePipeline now.
    pub(super) fn call(&mut self, person: &Person, name: &str, request: Value, response: Value) {
        let event = self.called(person, name, request, response);
        self.tell(event, 4, 7);
    }

    /// Somebody calls CodePipeline now and is refused.
    pub(super) fn refused(&mut self, person: &Person, name: &str, request: Value, code: &str, message: &str) {
        let mut event = self.called(person, name, request, Value::Null);
        event["detail"]["errorCode"] = json!(code);
        event["detail"]["errorMessage"] = json!(message);
        self.tell(event, 4, 7);
    }

    fn called(&mut self, person: &Person, name: &str, request: Value, response: Value) -> Value {
        let (account, region, time) = (&self.execution.account, &self.execution.region, seconds(self.now));
        let mut detail = json!({"eventVersion": "1.11", "eventTime": time, "eventSource": "codepipeline.amazonaws.com",
            "eventName": name, "awsRegion": region, "requestParameters": request, "responseElements": response,
            "requestID": self.random.uuid(), "eventID": self.random.uuid(), "readOnly": false, "eventType": "AwsApiCall",
            "managementEvent": true, "recipientAccountId": account, "eventCategory": "Management"});
        person.describe(&mut detail, account, region, self.now);
        json!({"version": "0", "id": self.random.uuid(), "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.codepipeline", "account": account, "time": time, "region": region, "resources": [],
            "detail": detail})
    }

    fn with_version(&self, mut more: Value) -> Value {
        more["version"] = json!(f64::from(self.version));
        more
    }

    /// It leaves its service some seconds later: order is not arrival.
    fn tell(&mut self, event: Value, from: i64, to: i64) {
        let at = self.now + SignedDuration::from_secs(self.random.between(from, to));
        self.told.push(Happening { at, event });
    }
}
