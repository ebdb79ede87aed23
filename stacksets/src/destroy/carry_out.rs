//! Carrying out a plan: what fails stops only what needs it, and each step leaves a result.

mod buckets;
mod set;

use std::collections::BTreeSet;

use pipetrail_names::AccountRegion;
use pipetrail_names::audit::STACKS;
use pipetrail_names::member::STACK;

use super::{DestroyPlan, DestroyStep, Names, Remains, Standing};
use crate::clients::Clients;
use crate::error::Error;
use crate::journal::{Journal, StepProgress, StepResult, Written};
use crate::pause::Tell;
use crate::stack::StackCalls;
use crate::step_id::{Need, StepId};

/// Carries out the plan made of `standing`; gives one result per step, in order, and what stays.
pub async fn destroy(
    plan: &DestroyPlan,
    names: &Names,
    standing: &Standing,
    clients: &Clients,
    tell: &mut (dyn FnMut(StepProgress<'_>) + Send),
) -> (Vec<StepResult>, Vec<Remains>) {
    let mut run = Run {
        names,
        clients,
        journal: Journal::new(tell),
        failed: BTreeSet::new(),
        remains: plan.remains.clone(),
    };
    for step in &plan.steps {
        run.step(step, standing).await;
    }
    (run.journal.into_results(), run.remains)
}

struct Run<'a> {
    names: &'a Names,
    clients: &'a Clients,
    /// What should be gone and still stands breaks.
    journal: Journal<'a>,
    /// Accounts and regions whose instance failed in this run.
    failed: BTreeSet<AccountRegion>,
    remains: Vec<Remains>,
}

impl Run<'_> {
    /// Does something, telling that it begins and what is waited for.
    async fn telling<T>(
        &mut self,
        step: &StepId,
        work: impl AsyncFnOnce(&Written, Tell<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.journal.begins(step);
        self.journal.working(step, work).await
    }

    async fn step(&mut self, step: &DestroyStep, standing: &Standing) {
        let id = step.id();
        match step {
            DestroyStep::Join { operation_id } => {
                let waiting = self.on_set(&id, async |calls, tell| calls.wait(operation_id, tell).await);
                // What another run left undone is done by the steps that follow.
                let ended = waiting.await.map(|_| ());
                self.journal.done(id, ended);
            }
            DestroyStep::AutoDeploymentOff { operation_id } => {
                let names = standing.stack_set.iter().flat_map(|set| set.parameters.keys());
                let stopping = self.on_set(&id, async |calls, tell| {
                    calls.stop_auto_deployment(names, operation_id, tell).await
                });
                // It is off even where an account failed to look at its stack, which goes anyway.
                let done = stopping.await.map(|_| ());
                self.journal.done(id, done);
            }
            DestroyStep::Instances(removal) => self.instances(removal).await,
            DestroyStep::StackSet { .. } => self.stack_set(id, standing).await,
            DestroyStep::Stack {
                name: stack,
                region,
                id: stack_id,
                lifts_protection,
                ..
            } => {
                let is_member = stack == STACK;
                let gone = if is_member {
                    Need::ForwardersGone
                } else {
                    Need::StackGone(stack.clone())
                };
                if !is_member && self.journal.skips(&id, self.needs_of_stack(stack)) {
                    self.journal.breaks(gone);
                    return;
                }
                let client = match &self.clients.management_account {
                    Some(owner) if is_member => owner.at(region),
                    _ => self.clients.audit.clone(),
                };
                let removed = self.telling(&id, async |written, tell| {
                    let (client, name) = (&client, stack.as_str());
                    let calls = StackCalls { client, name, written };
                    calls.take_away(stack_id, *lifts_protection, tell).await
                });
                let done = removed.await;
                if done.is_err() {
                    self.journal.breaks(gone);
                }
                self.journal.done(id, done);
            }
            DestroyStep::Empty {
                bucket, keeps_retained, ..
            } => self.empty(id, bucket, *keeps_retained).await,
            DestroyStep::Bucket { bucket } => self.bucket(id, bucket).await,
        }
    }

    /// What has to be gone before a stack of the audit account may go.
    fn needs_of_stack(&self, stack: &str) -> Vec<Need> {
        let [artifacts, data, pipeline] = STACKS;
        let names = self.names;
        // Everything that writes into the buckets, or reads code from one.
        let buckets: &[&String] = match stack {
            _ if stack == pipeline => return vec![Need::ForwardersGone],
            _ if stack == artifacts => &[&names.artifacts],
            _ if stack == data => &[&names.lake, &names.results, &names.evidence],
            _ => &[],
        };
        // The data stack has the bus that members forward to.
        let bus = (stack == data).then_some(Need::ForwardersGone);
        let pipeline = Need::StackGone(pipeline.to_owned());
        let buckets = buckets.iter().map(|bucket| Need::BucketGone((*bucket).clone()));
        bus.into_iter().chain([pipeline]).chain(buckets).collect()
    }

    /// What has to be gone before a bucket may go: its objects too.
    fn needs_of_bucket(&self, bucket: &str) -> [Need; 3] {
        let [artifacts, data, pipeline] = STACKS;
        let stack = if bucket == self.names.artifacts {
            artifacts
        } else {
            data
        };
        [
            Need::StackGone(pipeline.to_owned()),
            Need::StackGone(stack.to_owned()),
            Need::BucketGone(bucket.to_owned()),
        ]
    }
}
