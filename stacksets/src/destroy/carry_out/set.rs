//! The stack set's steps.

use pipetrail_names::member::STACK;

use super::Run;
use crate::desired::RolloutLimits;
use crate::destroy::removals::removals;
use crate::destroy::{InstancesRemoval, Standing};
use crate::error::Error;
use crate::instance_result::InstanceResult;
use crate::journal::{StepResult, StepState};
use crate::need::Need;
use crate::remedy::Remedy;
use crate::set_calls::SetCalls;
use crate::stack_set::{Instance, StackSet};
use crate::step_id::StepId;

/// Instances that appear while others are deleted are deleted as well, so often.
const ROUNDS: u32 = 3;

impl Run<'_> {
    pub(super) async fn instances(&mut self, removal: &InstancesRemoval) {
        let id = StepId::InstancesRemoval(removal.clone());
        let ended = self
            .on_set(&id, async |calls, tell| calls.remove_instances(removal, tell).await)
            .await;
        match &ended {
            Ok(ended) => {
                let failed = ended.failed.iter();
                self.failed.extend(failed.map(InstanceResult::at));
            }
            // Not tried again in this run: whatever refused it would refuse it again.
            Err(_) => self.failed.extend(removal.instances.iter().cloned()),
        }
        self.journal.ended(id, ended);
    }

    /// Deletes the stack set once it has no instance, those that came meanwhile included.
    pub(super) async fn stack_set(&mut self, id: StepId, standing: &Standing) {
        let mut left = None;
        for round in 0..=ROUNDS {
            let call_as = self.clients.caller.call_as();
            let set = match StackSet::read(&self.clients.management, STACK, &call_as).await {
                Ok(Some(set)) => set,
                Ok(None) => return self.journal.done(id, Ok(())),
                Err(error) => {
                    self.journal.breaks(Need::ForwardersGone);
                    return self.journal.done(id, Err(error));
                }
            };
            let new = removals(&set, &standing.organization, &standing.roots, &self.failed);
            let new: Vec<InstancesRemoval> = new
                .into_iter()
                .filter(|removal| !removal.instances.is_empty())
                .collect();
            let again = !new.is_empty() && round < ROUNDS;
            left = Some(set);
            if !again {
                break;
            }
            for removal in &new {
                self.instances(removal).await;
            }
        }
        let left: Vec<InstanceResult> = left
            .iter()
            .flat_map(|set| &set.instances)
            .map(|instance| {
                let Instance { account, region, .. } = instance;
                InstanceResult::new(account, region, &instance.status, instance.reason.clone())
            })
            .collect();
        if left.is_empty() {
            let done = self.on_set(&id, async |calls, tell| calls.remove_set(tell).await).await;
            if done.is_err() {
                // While it stands, AWS may deploy from it.
                self.journal.breaks(Need::ForwardersGone);
            }
            return self.journal.done(id, done);
        }
        self.journal.breaks(Need::ForwardersGone);
        self.journal.record(StepResult {
            step: id,
            state: StepState::Skipped,
            changed: false,
            message: Some(format!("needs its stack instances to be gone, {} are left", left.len())),
            remedy: Some(Remedy::FixInstances),
            failed: left,
        });
    }

    /// Makes a call on the stack set.
    pub(super) async fn on_set<T>(
        &mut self,
        step: &StepId,
        call: impl AsyncFnOnce(&SetCalls<'_>, &mut (dyn FnMut(&str) + Send)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let clients = self.clients;
        let rollout = RolloutLimits {
            max_concurrent_percentage: self.names.max_concurrent_percentage,
            // An account that fails must not keep another one from being tried.
            failure_tolerance_percentage: 100,
        };
        self.telling(step, async |written, tell| {
            let calls = SetCalls {
                client: &clients.management,
                name: STACK,
                call_as: clients.caller.call_as(),
                rollout: &rollout,
                written,
            };
            call(&calls, tell).await
        })
        .await
    }
}
