//! Exit codes: one place decides them.

use std::process::ExitCode;

use pipetrail_stacksets::{Coverage, StepResult, StepState};
use serde::Serialize;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: it did what it should, or had nothing to do.
    Ok,
    /// 1: it failed and changed nothing.
    Failed,
    /// 2: wrong usage or configuration; nothing was changed.
    Usage,
    /// 4: a part of it is done.
    Partly,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partly => 4,
        })
    }
}

/// The word for it in `apply`'s report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing was to do, and every account and region is covered.
    Unchanged,
    /// Everything was done.
    Applied,
    /// A part was done, or accounts and regions remain without their stack.
    PartlyApplied,
    /// Nothing was done.
    Failed,
}

impl Outcome {
    /// What the steps and what stands afterwards come down to.
    ///
    /// A partial step counts as done and as failed. Instances that are missing,
    /// outdated or inoperable make even a plan without steps incomplete.
    pub fn of(steps: &[StepResult], coverage: &Coverage) -> Self {
        let done = steps
            .iter()
            .any(|step| matches!(step.state, StepState::Done | StepState::Partial));
        let failed = steps
            .iter()
            .any(|step| step.state != StepState::Done || !step.failed.is_empty());
        match (done, failed || coverage.has_bad_instances()) {
            (false, false) => Outcome::Unchanged,
            (true, false) => Outcome::Applied,
            (true, true) => Outcome::PartlyApplied,
            (false, true) if steps.is_empty() => Outcome::PartlyApplied,
            (false, true) => Outcome::Failed,
        }
    }

    /// Its exit code.
    pub fn exit(self) -> Exit {
        match self {
            Outcome::Unchanged | Outcome::Applied => Exit::Ok,
            Outcome::PartlyApplied => Exit::Partly,
            Outcome::Failed => Exit::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_stacksets::{InstanceResult, Row, State};

    fn step(state: StepState) -> StepResult {
        StepResult {
            step: "stack x".into(),
            state,
            message: None,
            hint: None,
            failed: vec![],
        }
    }

    fn coverage(states: &[State]) -> Coverage {
        let rows = states.iter().map(|state| Row {
            account: "000000000001".into(),
            organizational_unit: None,
            region: "eu-central-1".into(),
            state: *state,
            status: None,
            detailed_status: None,
            reason: None,
        });
        Coverage {
            organization: "o-abcdefghij".into(),
            audit_account: "999988887777".into(),
            region: "eu-central-1".into(),
            stacks: vec![],
            stack_set_exists: true,
            instances: rows.collect(),
            not_covered: vec![],
        }
    }

    #[test]
    fn nothing_to_do_and_everything_current_is_zero() {
        let outcome = Outcome::of(&[], &coverage(&[State::Current, State::Suspended, State::Pending]));
        assert_eq!((outcome, outcome.exit()), (Outcome::Unchanged, Exit::Ok));
    }

    #[test]
    fn nothing_to_do_but_an_inoperable_instance_is_partly() {
        assert_eq!(Outcome::of(&[], &coverage(&[State::Inoperable])).exit(), Exit::Partly);
    }

    #[test]
    fn one_failed_step_beside_a_done_one_is_partly() {
        let steps = [step(StepState::Done), step(StepState::Failed), step(StepState::Skipped)];
        assert_eq!(Outcome::of(&steps, &coverage(&[])).exit(), Exit::Partly);
    }

    #[test]
    fn only_failed_and_skipped_steps_are_failed() {
        let steps = [step(StepState::Failed), step(StepState::Skipped)];
        assert_eq!(Outcome::of(&steps, &coverage(&[])).exit(), Exit::Failed);
    }

    #[test]
    fn a_failure_inside_of_the_tolerance_is_partly_although_the_operation_succeeded() {
        let mut done = step(StepState::Done);
        done.failed.push(InstanceResult {
            account: "000000000001".into(),
            region: "eu-central-1".into(),
            status: "FAILED".into(),
            reason: None,
        });
        assert_eq!(Outcome::of(&[done], &coverage(&[])).exit(), Exit::Partly);
    }

    #[test]
    fn done_steps_and_a_missing_instance_are_partly() {
        assert_eq!(
            Outcome::of(&[step(StepState::Done)], &coverage(&[State::Missing])).exit(),
            Exit::Partly
        );
    }
}
