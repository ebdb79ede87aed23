//! Telling what is done, and keeping what became of it: one result per step, in order, whatever is
//! being carried out.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use pipetrail_names::chain;
use serde::Serialize;

use crate::error::Error;
use crate::instance_result::{InstanceResult, OperationEnd};
use crate::remedy::Remedy;
use crate::step_id::{Need, StepId};

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    pub step: StepId,
    /// How it ended.
    pub state: StepState,
    /// Whether it wrote anything, or may have: a failed step can have.
    pub changed: bool,
    /// Why it did not simply succeed, causes included.
    pub message: Option<String>,
    /// The next thing to do.
    pub remedy: Option<Remedy>,
    /// The accounts and regions where it failed.
    pub failed: Vec<InstanceResult>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// It is done.
    Done,
    /// It is done in some accounts and regions.
    Partial,
    /// It is not done.
    Failed,
    /// It was not tried, because a step that it needs failed.
    Skipped,
}

impl fmt::Display for StepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            StepState::Done => "done",
            StepState::Partial => "partial",
            StepState::Failed => "failed",
            StepState::Skipped => "skipped",
        })
    }
}

impl fmt::Display for StepResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StepResult {
            step,
            state,
            changed: _,
            message,
            remedy: _,
            failed,
        } = self;
        write!(f, "{state:<7} {step}")?;
        if let Some(message) = message {
            write!(f, ": {message}")?;
        }
        for InstanceResult {
            account,
            region,
            status,
            reason,
            explanation,
        } in failed
        {
            write!(f, "\n        {account} {region} {status}")?;
            if let Some(reason) = reason {
                write!(f, ": {reason}")?;
            }
            if let Some(explanation) = explanation {
                write!(f, "\n            {explanation}")?;
            }
        }
        Ok(())
    }
}

/// What is going on, for people who wait.
#[derive(Clone, Copy, Debug)]
pub enum StepProgress<'a> {
    /// A step begins.
    Begins { step: &'a StepId },
    /// AWS is at work.
    Waits {
        /// What is waited for.
        step: &'a StepId,
        /// AWS's status of it.
        status: &'a str,
    },
    /// A step has ended.
    Ended(&'a StepResult),
}

/// Whether a write call may have reached AWS.
#[derive(Debug, Default)]
pub(crate) struct Written(AtomicBool);

impl Written {
    /// Takes note of a write call's answer. Only a refusal is known to have changed nothing: a call
    /// without an answer may have been carried out.
    pub(crate) fn note<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        let refused = answer.as_ref().is_err_and(|error| error.code().is_some());
        if !refused {
            self.0.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// Whether anything was written since the last time this was asked.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// What a run has told and kept so far.
pub(crate) struct Journal<'a> {
    tell: &'a mut (dyn FnMut(StepProgress<'_>) + Send),
    /// Whether the step at work has written anything.
    written: Written,
    /// What later steps may need and will not get.
    broken: BTreeSet<Need>,
    results: Vec<StepResult>,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(tell: &'a mut (dyn FnMut(StepProgress<'_>) + Send)) -> Self {
        Journal {
            tell,
            written: Written::default(),
            broken: BTreeSet::new(),
            results: vec![],
        }
    }

    /// The results, in the order of the steps.
    pub(crate) fn into_results(self) -> Vec<StepResult> {
        self.results
    }

    /// Tells that a step begins.
    pub(crate) fn begins(&mut self, step: &StepId) {
        (self.tell)(StepProgress::Begins { step });
    }

    /// Takes note of a write call's answer.
    pub(crate) fn note<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        self.written.note(answer)
    }

    /// Does what a step that has begun is for, telling what is waited for.
    pub(crate) async fn working<T>(
        &mut self,
        step: &StepId,
        work: impl AsyncFnOnce(&Written, &mut (dyn FnMut(&str) + Send)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (tell, written) = (&mut self.tell, &self.written);
        let mut tell = |status: &str| tell(StepProgress::Waits { step, status });
        work(written, &mut tell).await
    }

    /// Later steps that need it are skipped.
    pub(crate) fn breaks(&mut self, need: Need) {
        self.broken.insert(need);
    }

    /// Records a step as skipped when something that it needs is broken.
    pub(crate) fn skips(&mut self, step: &StepId, needs: impl IntoIterator<Item = Need>) -> bool {
        let Some(broken) = needs.into_iter().find(|need| self.broken.contains(need)) else {
            return false;
        };
        let message = Some(format!("needs {broken}"));
        self.push_with(step.clone(), StepState::Skipped, message, None, vec![]);
        true
    }

    /// A step that ended well or not at all.
    pub(crate) fn done(&mut self, step: StepId, done: Result<(), Error>) {
        self.ended(step, done.map(|()| OperationEnd::default()));
    }

    /// An operation that ended: done, done in part, or failed.
    pub(crate) fn ended(&mut self, step: StepId, ended: Result<OperationEnd, Error>) {
        let (state, error, failed) = match ended {
            Ok(ended) if ended.error.is_none() && ended.failed.is_empty() => (StepState::Done, None, vec![]),
            Ok(ended) if ended.succeeded > 0 => (StepState::Partial, ended.error, ended.failed),
            Ok(ended) => (StepState::Failed, ended.error, ended.failed),
            Err(error) => (StepState::Failed, Some(error), vec![]),
        };
        self.push(step, state, error, failed);
    }

    /// A step that ended so, with the accounts and regions where it failed.
    pub(crate) fn push(&mut self, step: StepId, state: StepState, error: Option<Error>, failed: Vec<InstanceResult>) {
        let message = error.as_ref().map(|error| chain(error));
        let remedy = error.and_then(|error| error.remedy());
        self.push_with(step, state, message, remedy, failed);
    }

    /// A step that ended in a way of its own; whether it wrote is known here.
    pub(crate) fn push_with(
        &mut self,
        step: StepId,
        state: StepState,
        message: Option<String>,
        remedy: Option<Remedy>,
        failed: Vec<InstanceResult>,
    ) {
        let result = StepResult {
            step,
            state,
            changed: self.written.take(),
            message,
            remedy,
            failed,
        };
        (self.tell)(StepProgress::Ended(&result));
        self.results.push(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    fn fault(fault: Fault) -> Result<(), Error> {
        Err(Error::Aws {
            action: "create stack x".into(),
            fault,
        })
    }

    #[test]
    fn only_a_refusal_is_known_to_have_changed_nothing() {
        let written = Written::default();
        let refused = Fault::Refused {
            code: "AccessDenied".into(),
            message: "no".into(),
        };
        assert!(written.note(fault(refused)).is_err() && !written.take());
        assert!(written.note(fault(Fault::Unanswered("timeout".into()))).is_err() && written.take());
        assert!(written.note(Ok(())).is_ok() && written.take() && !written.take());
    }
}
