//! State-change events of CodePipeline, as EventBridge delivers them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::ids::uuid_of;

/// Which run an event is about.
#[derive(Clone)]
pub(crate) struct Execution {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) pipeline: String,
    pub(crate) id: String,
    pub(crate) started: Timestamp,
}

/// RFC 3339 in whole seconds, as in an envelope's `time`.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 3339 in milliseconds, as in `start-time`.
pub(crate) fn millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

impl Execution {
    /// A pipeline's change of state.
    pub(crate) fn pipeline(&self, at: Timestamp, state: &str, attempt: u8, more: &Value) -> Value {
        let detail = json!({"pipeline": self.pipeline, "execution-id": self.id, "start-time": millis(self.started),
            "state": state, "version": 7.0, "pipeline-execution-attempt": f64::from(attempt)});
        self.event("Pipeline", at, merged(detail, more))
    }

    /// A stage's change of state. On a first run the attempt is 0.0 here, unlike elsewhere.
    pub(crate) fn stage(&self, at: Timestamp, stage: &str, state: &str, attempt: u8, more: &Value) -> Value {
        let attempt = if attempt == 1 { 0.0 } else { f64::from(attempt) };
        let detail = json!({"pipeline": self.pipeline, "execution-id": self.id, "start-time": millis(self.started),
            "stage": stage, "state": state, "version": 7.0, "pipeline-execution-attempt": attempt});
        self.event("Stage", at, merged(detail, more))
    }

    /// An action's change of state.
    pub(crate) fn action(
        &self,
        at: Timestamp,
        [stage, action]: [&str; 2],
        [category, provider]: [&str; 2],
        state: &str,
        attempt: u8,
        more: &Value,
    ) -> Value {
        let detail = json!({"pipeline": self.pipeline, "execution-id": self.id, "start-time": millis(self.started),
            "stage": stage, "action": action, "action-execution-id": self.action_id(stage, action, attempt),
            "state": state, "region": self.region, "version": 7.0, "pipeline-execution-attempt": f64::from(attempt),
            "type": {"owner": "AWS", "provider": provider, "category": category, "version": "1"}});
        self.event("Action", at, merged(detail, more))
    }

    /// An action execution's id; an approval's is its token. A retry has a new one.
    pub(crate) fn action_id(&self, stage: &str, action: &str, attempt: u8) -> String {
        uuid_of(&format!("{} {stage} {action} {attempt}", self.id))
    }

    fn event(&self, level: &str, at: Timestamp, detail: Value) -> Value {
        let (account, region, pipeline) = (&self.account, &self.region, &self.pipeline);
        let what = format!("{level} {} {}", seconds(at), detail);
        json!({"version": "0", "id": uuid_of(&format!("{account} {region} {what}")),
            "detail-type": format!("CodePipeline {level} Execution State Change"), "source": "aws.codepipeline",
            "account": account, "time": seconds(at), "region": region,
            "resources": [format!("arn:aws:codepipeline:{region}:{account}:{pipeline}")], "detail": detail})
    }
}

fn merged(mut detail: Value, more: &Value) -> Value {
    let none = Map::new();
    for (key, value) in more.as_object().unwrap_or(&none) {
        detail[key] = value.clone();
    }
    detail
}
