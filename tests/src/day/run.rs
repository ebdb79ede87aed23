//! One execution of a pipeline: source, then a gate and a deployment in another Region.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::api_call::PEOPLE;
use super::happening::Happening;
use super::state::{Execution, millis, seconds};
use crate::ids::uuid_of;
use crate::organization::{HOME, SECOND};

const GATE: [&str; 2] = ["Prod", "ApproveProd"];
const MANUAL: [&str; 2] = ["Approval", "Manual"];

pub(super) enum Ending {
    Approved(&'static str),
    ApprovedSilently,
    Rejected(&'static str),
    TimedOut,
    RejectedThenRetried(&'static str, &'static str),
}

pub(super) struct Run {
    execution: Execution,
    person: &'static str,
}

/// Collects events while a clock goes on.
struct Clock {
    now: Timestamp,
    sent: Vec<Happening>,
}

impl Clock {
    fn wait(&mut self, seconds: i64) -> Timestamp {
        self.now += SignedDuration::from_secs(seconds);
        self.now
    }

    /// The event leaves its service `delay` seconds from now.
    fn send(&mut self, event: Value, delay: i64) {
        let at = self.now + SignedDuration::from_secs(delay);
        self.sent.push(Happening { at, event });
    }
}

impl Run {
    pub(super) fn new(account: &str, region: &str, pipeline: &str, started: Timestamp) -> Self {
        let seed = format!("{account} {region} {pipeline} {}", seconds(started));
        let person = PEOPLE[usize::from(seed.bytes().fold(0_u8, u8::wrapping_add)) % PEOPLE.len()];
        Self {
            execution: Execution {
                account: account.to_owned(),
                region: region.to_owned(),
                pipeline: pipeline.to_owned(),
                id: uuid_of(&seed),
                started: started + SignedDuration::from_millis(412),
            },
            person,
        }
    }

    /// All events of this run, in the order of the happenings.
    pub(super) fn events(&self, ending: &Ending) -> Vec<Happening> {
        let mut clock = Clock {
            now: self.execution.started,
            sent: vec![],
        };
        self.begin(&mut clock);
        match ending {
            Ending::Approved(comment) => self.gate(&mut clock, 1, Some("Approved"), comment),
            Ending::ApprovedSilently => self.gate(&mut clock, 1, Some("Approved"), ""),
            Ending::Rejected(comment) => self.gate(&mut clock, 1, Some("Rejected"), comment),
            Ending::TimedOut => self.gate(&mut clock, 1, None, ""),
            Ending::RejectedThenRetried(first, then) => {
                self.gate(&mut clock, 1, Some("Rejected"), first);
                self.retry(&mut clock);
                self.gate(&mut clock, 2, Some("Approved"), then);
            }
        }
        clock.sent
    }

    fn begin(&self, clock: &mut Clock) {
        let e = &self.execution;
        let source = ["Source", "Checkout"];
        let kind = ["Source", "CodeCommit"];
        let caller = format!("arn:aws:sts::{}:assumed-role/Deploy/{}", e.account, self.person);
        let trigger =
            json!({"execution-trigger": {"trigger-type": "StartPipelineExecution", "trigger-detail": caller}});
        let request = json!({"name": e.pipeline, "clientRequestToken": uuid_of(&format!("token {}", e.id))});
        clock.send(
            e.call(
                clock.now,
                self.person,
                "StartPipelineExecution",
                &request,
                &json!({"pipelineExecutionId": e.id}),
            ),
            5,
        );
        clock.send(e.pipeline(clock.now, "STARTED", 1, &trigger), 2);
        clock.send(e.stage(clock.now, "Source", "STARTED", 1, &json!({})), 3);
        clock.send(e.action(clock.now, source, kind, "STARTED", 1, &json!({})), 2);
        clock.wait(4);
        let result = json!({"execution-result": {"external-execution-id": "3b1f0c2d9e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c"}});
        clock.send(e.action(clock.now, source, kind, "SUCCEEDED", 1, &result), 9);
        clock.send(e.stage(clock.now, "Source", "SUCCEEDED", 1, &json!({})), 3);
        clock.wait(1);
        clock.send(e.stage(clock.now, GATE[0], "STARTED", 1, &json!({})), 8);
        clock.send(e.action(clock.now, GATE, MANUAL, "STARTED", 1, &json!({})), 2);
    }

    /// The gate is decided (or not), settles half a minute later, and the run goes on or ends.
    fn gate(&self, clock: &mut Clock, attempt: u8, decision: Option<&str>, comment: &str) {
        let e = &self.execution;
        let token = e.action_id(GATE[0], GATE[1], attempt);
        let retried = if attempt == 1 {
            json!({})
        } else {
            json!({"stage-last-retry-attempt-time": millis(e.started)})
        };
        let mut result = json!({"external-execution-id": token});
        match decision {
            Some(status) => {
                clock.wait(600);
                let request = json!({"pipelineName": e.pipeline, "stageName": GATE[0], "actionName": GATE[1],
                    "result": {"status": status, "summary": comment}, "token": token});
                let response = json!({"approvedAt": seconds(clock.now)});
                clock.send(
                    e.call(clock.now, self.person, "PutApprovalResult", &request, &response),
                    5,
                );
                clock.wait(30);
                let by = format!(
                    "{status} by arn:aws:sts::{}:assumed-role/Deploy/{}",
                    e.account, self.person
                );
                result["external-execution-summary"] = json!(if comment.is_empty() { &by } else { comment });
            }
            None => {
                clock.wait(7200);
                result["external-execution-summary"] = json!("Approval expired");
            }
        }
        if decision != Some("Approved") {
            result["error-code"] = json!(if decision.is_some() { "JobFailed" } else { "JobTimedOut" });
            clock.send(
                e.action(
                    clock.now,
                    GATE,
                    MANUAL,
                    "FAILED",
                    attempt,
                    &json!({"execution-result": result}),
                ),
                4,
            );
            clock.send(e.stage(clock.now, GATE[0], "FAILED", attempt, &retried), 2);
            clock.send(e.pipeline(clock.now, "FAILED", attempt, &json!({})), 3);
            return;
        }
        clock.send(
            e.action(
                clock.now,
                GATE,
                MANUAL,
                "SUCCEEDED",
                attempt,
                &json!({"execution-result": result}),
            ),
            4,
        );
        // The deployment acts in the other Region; its events come from the pipeline's.
        let other = if e.region == HOME { SECOND } else { HOME };
        let elsewhere = json!({"region": other});
        let (place, kind) = ([GATE[0], "DeployElsewhere"], ["Deploy", "CloudFormation"]);
        clock.send(e.action(clock.now, place, kind, "STARTED", attempt, &elsewhere), 6);
        clock.wait(45);
        clock.send(e.action(clock.now, place, kind, "SUCCEEDED", attempt, &elsewhere), 4);
        clock.send(e.stage(clock.now, GATE[0], "SUCCEEDED", attempt, &retried), 2);
        clock.send(e.pipeline(clock.now, "SUCCEEDED", attempt, &json!({})), 3);
    }

    fn retry(&self, clock: &mut Clock) {
        let e = &self.execution;
        clock.wait(300);
        let request = json!({"pipelineName": e.pipeline, "stageName": GATE[0], "pipelineExecutionId": e.id,
            "retryMode": "FAILED_ACTIONS"});
        clock.send(
            e.call(
                clock.now,
                self.person,
                "RetryStageExecution",
                &request,
                &json!({"pipelineExecutionId": e.id}),
            ),
            5,
        );
        let again = millis(clock.now);
        clock.send(
            e.pipeline(clock.now, "RESUMED", 2, &json!({"last-retry-attempt-time": again})),
            2,
        );
        clock.send(
            e.stage(
                clock.now,
                GATE[0],
                "RESUMED",
                2,
                &json!({"stage-last-retry-attempt-time": again}),
            ),
            4,
        );
        clock.send(e.action(clock.now, GATE, MANUAL, "STARTED", 2, &json!({})), 3);
    }
}
