//! Telling what is done, and keeping what became of it: one result per step, in order, whatever is
//! being carried out.

mod written;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

pub(crate) use written::Written;

use pipetrail_names::chain;

use crate::error::Error;
use crate::instance_result::{InstanceResult, OperationEnd};
use crate::need::Need;
use crate::remedy::Remedy;
use crate::step_id::StepId;

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
pub enum Progress<'a> {
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

/// What a run has told and kept so far.
pub(crate) struct Journal<'a> {
    tell: &'a mut (dyn FnMut(Progress<'_>) + Send),
    /// Whether the step at work has written anything.
    written: Written,
    /// What later steps may need and will not get.
    broken: BTreeSet<Need>,
    results: Vec<StepResult>,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(tell: &'a mut (dyn FnMut(Progress<'_>) + Send)) -> Self {
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
        (self.tell)(Progress::Begins { step });
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
        let mut tell = |status: &str| tell(Progress::Waits { step, status });
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
        self.record(StepResult {
            step: step.clone(),
            state: StepState::Skipped,
            changed: false,
            message: Some(format!("needs {broken}")),
            remedy: None,
            failed: vec![],
        });
        true
    }

    /// A step that ended well or not at all.
    pub(crate) fn done(&mut self, step: StepId, done: Result<(), Error>) {
        match done {
            Ok(()) => self.push(step, StepState::Done, None, vec![]),
            Err(error) => self.push(step, StepState::Failed, Some(error), vec![]),
        }
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
        self.end(step, state, message, remedy, failed);
    }

    /// A step that ended in a way of its own.
    pub(crate) fn push_with(
        &mut self,
        step: StepId,
        state: StepState,
        message: Option<String>,
        remedy: Option<Remedy>,
    ) {
        self.end(step, state, message, remedy, vec![]);
    }

    /// Whether the step wrote is known here.
    fn end(
        &mut self,
        step: StepId,
        state: StepState,
        message: Option<String>,
        remedy: Option<Remedy>,
        failed: Vec<InstanceResult>,
    ) {
        let changed = self.written.take();
        self.record(StepResult {
            step,
            state,
            changed,
            message,
            remedy,
            failed,
        });
    }

    /// Records a result as it is.
    pub(crate) fn record(&mut self, result: StepResult) {
        (self.tell)(Progress::Ended(&result));
        self.results.push(result);
    }
}
