//! The steps around the stack that the flow runs through: draining before it, a note and a replay after it.

use super::Run;
use crate::error::Error;
use crate::flow::Flow;
use crate::journal::StepState;
use crate::pause::Tell;
use crate::plan::{DrainStep, ReplayStep, StackStep};
use crate::replacement::FlowCalls;
use crate::step_id::{Need, StepId};

impl Run<'_> {
    /// What comes before `of`, which takes it in that nothing of its own is missing.
    pub(super) async fn drain(&mut self, step: &DrainStep, of: &StackStep) {
        let (id, gives) = (step.id(), Need::Drained(step.bus.clone()));
        let needs = self.needs(&of.parameters, &of.template);
        if self.journal.skips(&id, needs) {
            return self.journal.breaks(gives);
        }
        self.journal.begins(&id);
        let done = self
            .on_flow(&step.flow, &id, async |calls, tell| {
                calls.drain(&step.stack, step.lacking_since, tell).await
            })
            .await;
        match done {
            Ok(done) => self.journal.push_with(id, StepState::Done, Some(done), None, vec![]),
            Err(error) => {
                self.journal.breaks(gives);
                self.journal.done(id, Err(error));
            }
        }
    }

    /// Writes down that the stack stands, if the plan waits for that; gives what to say about it. Where it
    /// cannot be written, the replay does it later: the gap is then longer than it was.
    pub(super) async fn stands(&mut self, stack: &StackStep) -> Option<String> {
        let replay = self.plan.replay.as_ref()?;
        if replay.flow.stack != stack.name || replay.until.is_some() {
            return None;
        }
        let done = self
            .on_flow(&replay.flow, &stack.id(), async |calls, _| calls.end().await)
            .await;
        let gap = done.ok()??;
        Some(format!("the bus had no rules for {gap}"))
    }

    pub(super) async fn replay(&mut self, step: &ReplayStep) {
        let id = step.id();
        if self.journal.skips(&id, [Need::Stack(step.flow.stack.clone())]) {
            return;
        }
        self.journal.begins(&id);
        match self
            .on_flow(&step.flow, &id, async |calls, tell| calls.replay(tell).await)
            .await
        {
            Ok(done) => self.journal.push_with(id, StepState::Done, Some(done), None, vec![]),
            Err(error) => self.journal.done(id, Err(error)),
        }
    }

    async fn on_flow<T>(
        &mut self,
        flow: &Flow,
        id: &StepId,
        work: impl AsyncFnOnce(&FlowCalls<'_>, Tell<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (plan, clients) = (self.plan, self.clients);
        let working = self.journal.working(id, async |written, tell| {
            let calls = FlowCalls {
                clients,
                flow,
                account: &plan.audit_account,
                region: &plan.region,
                written,
            };
            work(&calls, tell).await
        });
        working.await
    }
}
