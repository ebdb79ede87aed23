//! Telling what is done, and keeping what became of it.

use super::{FORWARDERS, Run};
use crate::apply::{Progress, StepResult, StepState, Written};
use crate::error::{Error, chain};
use crate::rollout::{Ended, InstanceResult};

impl Run<'_> {
    /// Does something, telling that it begins and what is waited for.
    pub(super) async fn telling<T>(
        &mut self,
        step: &str,
        work: impl AsyncFnOnce(&Written, &mut (dyn FnMut(&str) + Send)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (tell, written) = (&mut self.tell, &self.written);
        tell(Progress::Begins { step });
        let mut tell = |status: &str| tell(Progress::Waits { step, status });
        work(written, &mut tell).await
    }

    /// An operation that ended: done, done in part, or failed.
    pub(super) fn ended(&mut self, step: String, ended: Result<Ended, Error>) {
        let (state, error, failed) = match ended {
            Ok(ended) if ended.error.is_none() && ended.failed.is_empty() => (StepState::Done, None, vec![]),
            Ok(ended) if ended.succeeded > 0 => (StepState::Partial, ended.error, ended.failed),
            Ok(ended) => (StepState::Failed, ended.error, ended.failed),
            Err(error) => (StepState::Failed, Some(error), vec![]),
        };
        self.push(step, state, error, failed);
    }

    pub(super) fn done(&mut self, step: String, done: Result<(), Error>) {
        match done {
            Ok(()) => self.push(step, StepState::Done, None, vec![]),
            Err(error) => self.push(step, StepState::Failed, Some(error), vec![]),
        }
    }

    fn push(&mut self, step: String, state: StepState, error: Option<Error>, failed: Vec<InstanceResult>) {
        let changed = self.written.take();
        let message = error.as_ref().map(|error| chain(error));
        // The hints name the command that most errors come from.
        let hint = error.and_then(|error| error.hint());
        let hint = hint.map(|hint| hint.replace("`pipetrail apply`", "`pipetrail destroy`"));
        self.record(StepResult {
            step,
            state,
            changed,
            message,
            hint,
            failed,
        });
    }

    pub(super) fn record(&mut self, result: StepResult) {
        (self.tell)(Progress::Ended(&result));
        self.results.push(result);
    }

    /// Records a step as skipped when something that has to go before it still stands.
    pub(super) fn skips(&mut self, step: &str, needs: &[String]) -> bool {
        let Some(broken) = needs.iter().find(|need| self.broken.contains(*need)) else {
            return false;
        };
        let message = if broken == FORWARDERS {
            format!("needs {broken}")
        } else {
            format!("needs {broken} to be gone first")
        };
        self.record(StepResult {
            step: step.to_owned(),
            state: StepState::Skipped,
            changed: false,
            message: Some(message),
            hint: None,
            failed: vec![],
        });
        true
    }
}
