//! Carrying out a plan for people: show the steps, read what stands afterwards, say in a word how it
//! ended, hint.

use pipetrail_names::chain;
use pipetrail_stacksets::apply::apply;
use pipetrail_stacksets::{Clients, Coverage, InstanceResult, Organization, Plan, Scope};
use serde::Serialize;

use crate::deploy::step::Step;
use crate::failure::remedy::Again;
use crate::failure::{Exit, Explain};
use crate::terminal::printer;
use crate::terminal::progress::Steps;

/// Applies the plan and shows its steps.
pub(crate) async fn carry_out(plan: &Plan, clients: &Clients) -> Vec<Step> {
    let mut steps = Steps::new(plan.steps());
    let results = apply(plan, clients, &mut |progress| steps.show(progress)).await;
    let ended = results.into_iter().map(|result| Step::new(result, Again::Apply));
    ended.collect()
}

/// What stands afterwards; `None`, and an error that is told, when it cannot be read: what was applied
/// is reported all the same.
pub(crate) async fn coverage(
    clients: &Clients,
    organization: &Organization,
    scope: &Scope,
    steps: &[Step],
) -> Option<Coverage> {
    let failed: Vec<InstanceResult> = steps.iter().flat_map(|step| step.result.failed.clone()).collect();
    let coverage = Coverage::read(clients, organization, scope, &failed).await;
    coverage
        .inspect_err(|error| printer::error(&chain(error), error.hint().as_deref()))
        .ok()
}

/// Says what to try next, each once.
pub(crate) fn hint(exit: Exit, steps: &[Step]) {
    let mut hints: Vec<&str> = Vec::new();
    for hint in steps.iter().filter_map(|step| step.hint.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if hints.is_empty() && exit != Exit::Ok {
        hints.push("see the reasons above, then run the same command again: it does what is left");
    }
    hints.into_iter().for_each(printer::hint);
}

/// How it ended, as reports say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
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
    /// What the steps and what stands afterwards come down to; no coverage where it cannot be read.
    ///
    /// A partial step counts as done and as failed, and a failed one as done in part when it wrote
    /// anything. Instances that are missing, outdated, inoperable or still worked on make even a plan
    /// without steps incomplete.
    pub(crate) fn of(steps: &[Step], coverage: Option<&Coverage>) -> Self {
        let done = steps.iter().any(Step::has_done);
        let failed = steps.iter().any(Step::is_lacking);
        let covered =
            coverage.is_some_and(|coverage| !coverage.has_bad_instances() && !coverage.has_pending_instances());
        match (done, failed || !covered) {
            (false, false) => Outcome::Unchanged,
            (true, false) => Outcome::Applied,
            (true, true) => Outcome::PartlyApplied,
            (false, true) if steps.is_empty() => Outcome::PartlyApplied,
            (false, true) => Outcome::Failed,
        }
    }

    /// Its exit code.
    pub(crate) fn exit(self) -> Exit {
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
    use crate::failure::remedy::Again;
    use pipetrail_stacksets::{
        CoverageRow, CoverageState, InstanceResult, StackSetParameters, StepId, StepResult, StepState,
    };

    fn step(state: StepState) -> Step {
        let result = StepResult {
            step: StepId::Stack("x".into()),
            state,
            changed: false,
            message: None,
            remedy: None,
            failed: vec![],
        };
        Step::new(result, Again::Apply)
    }

    fn coverage(states: &[CoverageState]) -> Coverage {
        let rows = states.iter().map(|state| CoverageRow {
            state: *state,
            ..CoverageRow::new(&"000000000001".parse().unwrap(), Some(&"eu-central-1".parse().unwrap()))
        });
        Coverage {
            organization: "o-abcdefghij".into(),
            audit_account: "999988887777".parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
            stacks: vec![],
            stack_set: Some(StackSetParameters::default()),
            instances: rows.collect(),
            not_covered: vec![],
        }
    }

    #[test]
    fn nothing_to_do_and_everything_current_is_zero() {
        let outcome = Outcome::of(
            &[],
            Some(&coverage(&[CoverageState::Current, CoverageState::Suspended])),
        );
        assert_eq!((outcome, outcome.exit()), (Outcome::Unchanged, Exit::Ok));
    }

    #[test]
    fn nothing_to_do_but_an_inoperable_instance_is_partly() {
        assert_eq!(
            Outcome::of(&[], Some(&coverage(&[CoverageState::Inoperable]))).exit(),
            Exit::Partly
        );
    }

    #[test]
    fn one_failed_step_beside_a_done_one_is_partly() {
        let steps = [step(StepState::Done), step(StepState::Failed), step(StepState::Skipped)];
        assert_eq!(Outcome::of(&steps, Some(&coverage(&[]))).exit(), Exit::Partly);
    }

    #[test]
    fn only_failed_and_skipped_steps_are_failed() {
        let steps = [step(StepState::Failed), step(StepState::Skipped)];
        assert_eq!(Outcome::of(&steps, Some(&coverage(&[]))).exit(), Exit::Failed);
    }

    #[test]
    fn a_failure_inside_of_the_tolerance_is_partly_although_the_operation_succeeded() {
        let mut done = step(StepState::Done);
        let failed = InstanceResult::new(
            &"000000000001".parse().unwrap(),
            &"eu-central-1".parse().unwrap(),
            "FAILED",
            None,
        );
        done.result.failed.push(failed);
        assert_eq!(Outcome::of(&[done], Some(&coverage(&[]))).exit(), Exit::Partly);
    }

    #[test]
    fn done_steps_and_a_missing_instance_are_partly() {
        assert_eq!(
            Outcome::of(&[step(StepState::Done)], Some(&coverage(&[CoverageState::Missing]))).exit(),
            Exit::Partly
        );
    }

    #[test]
    fn nothing_to_do_while_an_operation_is_at_work_is_partly() {
        let outcome = Outcome::of(&[], Some(&coverage(&[CoverageState::Current, CoverageState::Pending])));
        assert_eq!(outcome.exit(), Exit::Partly);
    }

    #[test]
    fn a_failed_step_that_wrote_is_partly() {
        let mut failed = step(StepState::Failed);
        failed.result.changed = true;
        assert_eq!(Outcome::of(&[failed], Some(&coverage(&[]))).exit(), Exit::Partly);
    }

    #[test]
    fn what_was_done_is_partly_when_what_stands_cannot_be_read() {
        assert_eq!(Outcome::of(&[step(StepState::Done)], None).exit(), Exit::Partly);
        assert_eq!(Outcome::of(&[step(StepState::Failed)], None).exit(), Exit::Failed);
    }
}
