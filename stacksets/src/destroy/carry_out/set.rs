//! The stack set's steps.

use super::{FORWARDERS, Run};
use crate::STACK_SET;
use crate::desired::Rollout;
use crate::destroy::removals::removals;
use crate::destroy::{Removal, Standing};
use crate::error::Error;
use crate::journal::{StepResult, StepState};
use crate::rollout::{InstanceResult, Target};
use crate::stack_set::{Instance, StackSet};

/// Instances that appear while others are deleted are deleted as well, so often.
const ROUNDS: u32 = 3;

impl Run<'_> {
    pub(super) async fn instances(&mut self, removal: &Removal) {
        let name = removal.to_string();
        let ended = self
            .on_set(&name, async |target, tell| target.remove_instances(removal, tell).await)
            .await;
        match &ended {
            Ok(ended) => {
                let failed = ended.failed.iter();
                self.failed
                    .extend(failed.map(|failed| (failed.account.clone(), failed.region.clone())));
            }
            // Not tried again in this run: whatever refused it would refuse it again.
            Err(_) => {
                let pairs = removal.instances.iter().filter_map(|name| name.split_once('/'));
                self.failed
                    .extend(pairs.map(|(account, region)| (account.to_owned(), region.to_owned())));
            }
        }
        self.journal.ended(name, ended);
    }

    /// Deletes the stack set once it has no instance, those that came meanwhile included.
    pub(super) async fn stack_set(&mut self, name: String, standing: &Standing) {
        let mut left = None;
        for round in 0..=ROUNDS {
            let call_as = self.clients.caller.call_as();
            let set = match StackSet::read(&self.clients.management, STACK_SET, &call_as).await {
                Ok(Some(set)) => set,
                Ok(None) => return self.journal.done(name, Ok(())),
                Err(error) => {
                    self.journal.breaks(FORWARDERS);
                    return self.journal.done(name, Err(error));
                }
            };
            let new = removals(&set, &standing.organization, &standing.roots, &self.failed);
            let new: Vec<Removal> = new
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
            let done = self
                .on_set(&name, async |target, tell| target.remove_set(tell).await)
                .await;
            if done.is_err() {
                // While it stands, AWS may deploy from it.
                self.journal.breaks(FORWARDERS);
            }
            return self.journal.done(name, done);
        }
        self.journal.breaks(FORWARDERS);
        self.journal.record(StepResult {
            step: name,
            state: StepState::Skipped,
            changed: false,
            message: Some(format!("needs its stack instances to be gone, {} are left", left.len())),
            hint: Some("mend what the reasons name, then run `pipetrail destroy` again".to_owned()),
            failed: left,
        });
    }

    /// Makes a call on the stack set.
    pub(super) async fn on_set<T>(
        &mut self,
        step: &str,
        call: impl AsyncFnOnce(&Target<'_>, &mut (dyn FnMut(&str) + Send)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let clients = self.clients;
        let rollout = Rollout {
            max_concurrent_percentage: self.names.max_concurrent_percentage,
            // An account that fails must not keep another one from being tried.
            failure_tolerance_percentage: 100,
        };
        self.telling(step, async |written, tell| {
            let target = Target {
                client: &clients.management,
                name: STACK_SET,
                call_as: clients.caller.call_as(),
                rollout: &rollout,
                written,
            };
            call(&target, tell).await
        })
        .await
    }
}
