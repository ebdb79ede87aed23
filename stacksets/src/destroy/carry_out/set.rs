//! The stack set's steps.

use super::Run;
use crate::desired::RolloutLimits;
use crate::destroy::removals::removals;
use crate::destroy::{InstancesRemoval, Standing};
use crate::error::Error;
use crate::instance_result::InstanceResult;
use crate::journal::StepState;
use crate::pause::Tell;
use crate::remedy::Remedy;
use crate::set_calls::SetCalls;
use crate::stack_set::{Instance, StackSet};
use crate::step_id::{Need, StepId};

/// Instances that appear while others are deleted are deleted as well, so often.
const ROUNDS: u32 = 3;

impl Run<'_> {
    pub(super) async fn instances(&mut self, removal: &InstancesRemoval) {
        let id = StepId::InstancesRemoval(removal.clone());
        let removing = self.on_set(&id, async |calls, tell| calls.remove_instances(removal, tell).await);
        let ended = removing.await;
        match &ended {
            Ok(ended) => self.failed.extend(ended.failed.iter().map(InstanceResult::at)),
            // Not tried again in this run: whatever refused it would refuse it again.
            Err(_) => self.failed.extend(removal.instances.iter().cloned()),
        }
        self.journal.ended(id, ended);
    }

    /// Deletes the stack set once it has no instance, those that came meanwhile included.
    pub(super) async fn stack_set(&mut self, id: StepId, standing: &Standing) {
        let mut left = Vec::new();
        for round in 0..=ROUNDS {
            let set = match StackSet::read(&self.clients.management, self.clients.caller).await {
                Ok(Some(set)) => set,
                Ok(None) => return self.journal.done(id, Ok(())),
                Err(error) => {
                    self.journal.breaks(Need::ForwardersGone);
                    return self.journal.done(id, Err(error));
                }
            };
            let mut new = removals(&set, &standing.organization, &standing.roots, &self.failed);
            new.retain(|removal| !removal.instances.is_empty());
            left = set.instances;
            if new.is_empty() || round == ROUNDS {
                break;
            }
            for removal in &new {
                self.instances(removal).await;
            }
        }
        let left = left.into_iter().map(|instance| {
            let Instance { account, region, .. } = instance;
            InstanceResult::new(&account, &region, &instance.status, instance.reason)
        });
        let left: Vec<InstanceResult> = left.collect();
        if left.is_empty() {
            let done = self.on_set(&id, async |calls, tell| calls.remove_set(tell).await).await;
            if done.is_err() {
                // While it stands, AWS may deploy from it.
                self.journal.breaks(Need::ForwardersGone);
            }
            return self.journal.done(id, done);
        }
        self.journal.breaks(Need::ForwardersGone);
        let message = Some(format!("needs its stack instances to be gone, {} are left", left.len()));
        let remedy = Some(Remedy::FixInstances);
        self.journal.push_with(id, StepState::Skipped, message, remedy, left);
    }

    /// Makes a call on the stack set.
    pub(super) async fn on_set<T>(
        &mut self,
        step: &StepId,
        call: impl AsyncFnOnce(&SetCalls<'_>, Tell<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let clients = self.clients;
        let rollout = RolloutLimits {
            max_concurrent_percentage: self.names.max_concurrent_percentage,
            // An account that fails must not keep another one from being tried.
            failure_tolerance_percentage: 100,
        };
        let telling = self.telling(step, async |written, tell| {
            let calls = SetCalls {
                client: &clients.management,
                caller: clients.caller,
                rollout: &rollout,
                written,
            };
            call(&calls, tell).await
        });
        telling.await
    }
}
