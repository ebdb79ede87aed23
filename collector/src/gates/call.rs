//! A call that may take a gate away, as a message of the decisions queue holds it.

use serde::Serialize;

use super::compare::{Change, What};
use super::history::{Call, Made};
use super::outline::Outline;
use crate::columns::Text;
use crate::decision::limited;
use crate::event::{Event, EventError};
use crate::json::Json;
use crate::rows::{Origin, row};
use crate::tables::{Own, Table};

/// The calls that reach λ approval beside decisions.
pub const CALLS: [&str; 6] = [
    "CreatePipeline",
    "UpdatePipeline",
    "DeletePipeline",
    "OverrideStageCondition",
    "DisableStageTransition",
    "EnableStageTransition",
];

/// A call that succeeded: who made it, of which pipeline, when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GateCall {
    /// One of [`CALLS`].
    pub call: String,
    /// Account of the pipeline.
    pub account_id: String,
    /// Region of the pipeline.
    pub region: String,
    pub pipeline: Option<String>,
    /// Version that the pipeline had from then on.
    pub pipeline_version: Option<i64>,
    pub stage: Option<String>,
    pub caller: Option<String>,
    pub principal_kind: String,
    pub principal_arn: Option<String>,
    /// Role of a role session.
    pub role_name: Option<String>,
    /// Whether AWS saw MFA; absent where it cannot be known.
    pub mfa: Option<bool>,
    /// What the caller gave as the reason for disabling a transition.
    pub reason: Option<String>,
    /// When, UTC.
    pub event_time: String,
    /// Address the call came from.
    pub source_ip: Option<String>,
    pub user_agent: Option<String>,
    /// `eventID` of the CloudTrail record.
    pub cloudtrail_event_id: Option<String>,
    /// `requestID` of the call.
    pub request_id: Option<String>,
    /// The identity of the call; equal in duplicates. Subscribers de-duplicate by it.
    pub event_key: String,
    /// Whether it is read from CloudTrail's addendum to the record of the call.
    #[serde(skip)]
    pub is_addendum: bool,
}

/// What to do with a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Compare it with what is known of the pipeline.
    Structure(Box<GateCall>, Made),
    /// Tell it, whatever is known.
    Tell(Box<GateCall>, Change),
    /// A call that AWS refused: it changed nothing.
    Refused,
    /// Another event.
    Other,
}

impl GateCall {
    /// Reads a message of the decisions queue.
    ///
    /// # Errors
    /// [`EventError`] for what is no event at all.
    pub fn of(message: &[u8]) -> Result<Reading, EventError> {
        let mut event = Event::parse(message)?;
        let name = event.event_name().unwrap_or_default().to_owned();
        if event.table() != Table::ApiCalls || !CALLS.contains(&name.as_str()) {
            return Ok(Reading::Other);
        }
        // Of the configuration as it is: redaction leaves nothing to tell apart.
        let outline = outline(&event);
        let about = about(&event, &name);
        let key = event.key();
        event.redact();
        let row = row(&event, Table::ApiCalls, key.clone(), Origin::Stream { arrived: None });
        let Own::ApiCall(call, caller) = row.own else {
            return Ok(Reading::Other);
        };
        if call.error_code.is_some() {
            return Ok(Reading::Refused);
        }
        let own = |text: Option<Text<'_>>| text.map(|text| limited(&text));
        let read = Box::new(Self {
            account_id: event.account().to_owned(),
            region: limited(event.region()),
            pipeline: own(row.common.pipeline),
            pipeline_version: call
                .pipeline_version
                .filter(|_| event.at(&["detail", "responseElements", "pipeline"]).is_some()),
            stage: own(call.stage),
            caller: own(call.actor),
            principal_kind: own(caller.principal_kind).unwrap_or_default(),
            principal_arn: own(caller.principal_arn),
            role_name: own(caller.role_name),
            mfa: caller.mfa,
            reason: own(call.reason),
            event_time: event.time().text(),
            source_ip: own(caller.source_ip),
            user_agent: own(caller.user_agent),
            cloudtrail_event_id: own(caller.cloudtrail_event_id),
            request_id: own(caller.request_id),
            event_key: key,
            is_addendum: caller.addendum_of.is_some(),
            call: name,
        });
        Ok(match (read.call.as_str(), outline, about) {
            (_, _, Some(change)) => Reading::Tell(read, change),
            ("DeletePipeline", ..) => Reading::Structure(read, Made::Deleted),
            ("CreatePipeline", Some(outline), _) => Reading::Structure(read, Made::Created(outline)),
            (_, Some(outline), _) => Reading::Structure(read, Made::Updated(outline)),
            (_, None, _) => Reading::Structure(read, Made::Hidden),
        })
    }

    /// The call as the history of its pipeline takes it.
    pub fn entry(&self, made: Made) -> Call {
        Call {
            event_key: self.event_key.clone(),
            time: self.event_time.clone(),
            version: self.pipeline_version,
            made,
            changes: Vec::new(),
        }
    }
}

/// What AWS answered, which is what holds; where the record leaves that out, what was asked for.
fn outline(event: &Event<'_>) -> Option<Outline> {
    let scope = format!("{} {}", event.account(), event.region());
    let of = |part: &str| Outline::of(event.at(&["detail", part, "pipeline"])?, &scope);
    of("responseElements").or_else(|| of("requestParameters"))
}

/// What a call that leaves the structure alone does about a stage.
fn about(event: &Event<'_>, name: &str) -> Option<Change> {
    let asked = |field: &str| {
        event
            .at(&["detail", "requestParameters", field])
            .and_then(Json::as_str)
            .map(limited)
    };
    let stage = asked("stageName");
    let of = |field: &str| asked(field).unwrap_or_else(|| "?".to_owned());
    let (what, how) = match name {
        "OverrideStageCondition" => {
            let how = format!(
                "{} overridden for execution {}",
                of("conditionType"),
                of("pipelineExecutionId")
            );
            (What::Overridden, how)
        }
        "DisableStageTransition" => (
            What::TransitionDisabled,
            format!("{} transition disabled", of("transitionType")),
        ),
        "EnableStageTransition" => (
            What::TransitionEnabled,
            format!("{} transition enabled", of("transitionType")),
        ),
        _ => return None,
    };
    Some(Change::new(what, stage.as_deref(), how))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Reading {
        let path = format!(
            "{}/../tests/fixtures/cloudtrail/{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        GateCall::of(&std::fs::read(path).unwrap()).unwrap()
    }

    fn structure(name: &str) -> (GateCall, Made) {
        match fixture(name) {
            Reading::Structure(call, made) => (*call, made),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_structure_that_aws_answered_is_taken_with_its_version() {
        let (call, made) = structure("update-pipeline");
        assert_eq!(
            (call.pipeline.as_deref(), call.pipeline_version),
            (Some("payments-api"), Some(8))
        );
        let Made::Updated(outline) = made else {
            panic!("{made:?}")
        };
        assert_eq!(outline.gates[0].name, "Prod/ApproveProd");
        assert_eq!((outline.gates[0].timeout_minutes, outline.gates.len()), (1440, 1));
        assert!(matches!(structure("create-pipeline").1, Made::Created(_)));
        assert_eq!(structure("delete-pipeline").1, Made::Deleted);
    }

    #[test]
    fn a_structure_that_the_record_leaves_out_is_hidden_and_that_of_the_request_stands_in_for_the_answer() {
        assert_eq!(structure("update-pipeline-parameters-omitted").1, Made::Hidden);
        let path = format!(
            "{}/../tests/fixtures/cloudtrail/update-pipeline.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let whole: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let omitted = serde_json::json!({"omitted": true, "originalSize": 109210, "reason": "too large"});
        let read = |request: bool, response: bool| {
            let mut event = whole.clone();
            for (part, there) in [("requestParameters", request), ("responseElements", response)] {
                if !there {
                    event["detail"][part] = omitted.clone();
                }
            }
            match GateCall::of(event.to_string().as_bytes()).unwrap() {
                Reading::Structure(call, made) => (call.pipeline_version, made),
                other => panic!("{other:?}"),
            }
        };
        let (version, made) = read(true, true);
        assert_eq!(read(false, true), (version, made.clone()));
        // What was asked for says nothing of the version that AWS gave it.
        assert_eq!(read(true, false), (None, made));
        assert_eq!(read(false, false), (None, Made::Hidden));
    }

    #[test]
    fn calls_that_bypass_a_stage_are_told_and_refused_ones_are_not() {
        for (name, what) in [
            ("override-stage-condition", What::Overridden),
            ("disable-stage-transition", What::TransitionDisabled),
            ("enable-stage-transition", What::TransitionEnabled),
        ] {
            match fixture(name) {
                Reading::Tell(_, change) => assert_eq!((change.what, change.gate.as_deref()), (what, Some("Prod"))),
                other => panic!("{other:?}"),
            }
        }
        let refused = br#"{"account":"000000000012","source":"aws.codepipeline","time":"2026-11-20T09:27:58Z","detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"UpdatePipeline","errorCode":"AccessDenied"}}"#;
        assert_eq!(GateCall::of(refused).unwrap(), Reading::Refused);
        assert_eq!(fixture("retry-stage-execution"), Reading::Other);
        assert_eq!(fixture("put-approval-access-denied"), Reading::Other);
    }
}
