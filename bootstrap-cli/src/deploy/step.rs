//! A step of a run as reports have it: what became of it, and what to try next in words.

use pipetrail_stacksets::{StepId, StepResult, StepState};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::failure::Failure;
use crate::failure::remedy::{Again, words};

/// A step that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// What became of it.
    pub result: StepResult,
    /// What to try next, without the `hint:` in front.
    pub hint: Option<String>,
}

impl Step {
    /// A step of stacksets; `again` is the command that hints say to run again.
    pub(crate) fn new(result: StepResult, again: Again) -> Self {
        let hint = result.remedy.as_ref().map(|remedy| words(remedy, again));
        Step { result, hint }
    }

    /// A step of the command's own, which wrote or tried to: what it did, or why it could not; then
    /// `hint` says what to try next.
    pub(crate) fn own(what: &'static str, done: Result<String, Failure>, hint: &str) -> Self {
        let (state, message, hint) = match done {
            Ok(message) => (StepState::Done, message, None),
            Err(error) => (StepState::Failed, error.to_string(), Some(hint.to_owned())),
        };
        let result = StepResult {
            step: StepId::Callers(what),
            state,
            changed: true,
            message: Some(message),
            remedy: None,
            failed: vec![],
        };
        Step { result, hint }
    }

    /// Whether it has done something: all of it, a part, or at least one write.
    pub(crate) fn has_done(&self) -> bool {
        self.result.changed || matches!(self.result.state, StepState::Done | StepState::Partial)
    }

    /// Whether something of it is left to do.
    pub(crate) fn is_lacking(&self) -> bool {
        self.result.state != StepState::Done || !self.result.failed.is_empty()
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Step { result, hint } = self;
        let mut fields = serializer.serialize_struct("Step", 6)?;
        fields.serialize_field("step", &result.step)?;
        fields.serialize_field("state", &result.state)?;
        fields.serialize_field("changed", &result.changed)?;
        fields.serialize_field("message", &result.message)?;
        // In the place of the remedy.
        fields.serialize_field("hint", hint)?;
        fields.serialize_field("failed", &result.failed)?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_stacksets::Remedy;

    #[test]
    fn a_step_is_written_with_its_text_and_the_hint_of_the_running_command() {
        let result = StepResult {
            step: StepId::Stack("pipetrail-data".into()),
            state: StepState::Failed,
            changed: false,
            message: Some("no".into()),
            remedy: Some(Remedy::AwaitStack),
            failed: vec![],
        };
        let step = Step::new(result, Again::Destroy);
        assert_eq!(
            serde_json::to_string(&step).unwrap(),
            "{\"step\":\"stack pipetrail-data\",\"state\":\"failed\",\"changed\":false,\"message\":\"no\",\
             \"hint\":\"CloudFormation is at work on it: `pipetrail destroy` waits for that and goes on\",\"failed\":[]}"
        );
    }

    #[test]
    fn a_step_of_our_own_reads_like_the_others() {
        let step = Step::own("named queries of the audits", Ok("3 published, 0 removed".into()), "");
        let shown = "done    named queries of the audits: 3 published, 0 removed";
        assert_eq!(step.result.to_string(), shown);
    }
}
