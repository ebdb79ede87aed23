//! Carrying out a plan: what fails stops only what needs it, and each step leaves a result.

mod buckets;
mod set;

use std::collections::BTreeSet;

use super::{Names, Plan, Remains, Standing, Step, stack};
use crate::clients::Clients;
use crate::error::Error;
use crate::journal::{Journal, Progress, StepResult, Written};
use crate::rollout::Ended;
use crate::{AUDIT_STACKS, MEMBER_STACK};

/// Carries out the plan made of `standing`; gives one result per step, in order, and what stays.
pub async fn destroy(
    plan: &Plan,
    names: &Names,
    standing: &Standing,
    clients: &Clients,
    tell: &mut (dyn FnMut(Progress<'_>) + Send),
) -> (Vec<StepResult>, Vec<Remains>) {
    let mut run = Run {
        names,
        clients,
        journal: Journal::new("`pipetrail destroy`", tell),
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
    /// Stacks, buckets and [`FORWARDERS`] break, when they still stand although they should not.
    journal: Journal<'a>,
    /// Accounts and regions whose instance failed in this run.
    failed: BTreeSet<(String, String)>,
    remains: Vec<Remains>,
}

/// Stands for all forwarders: while one of them runs, the bus must not go.
const FORWARDERS: &str = "every forwarder to be gone first";

/// What has to be gone, as a need.
fn gone(name: &str) -> String {
    format!("{name} to be gone first")
}

impl Run<'_> {
    /// Does something, telling that it begins and what is waited for.
    async fn telling<T>(
        &mut self,
        step: &str,
        work: impl AsyncFnOnce(&Written, &mut (dyn FnMut(&str) + Send)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.journal.begins(step);
        self.journal.working(step, work).await
    }

    async fn step(&mut self, step: &Step, standing: &Standing) {
        let name = step.name();
        match step {
            Step::Join { operation_id } => {
                let ended = self
                    .on_set(&name, async |target, tell| target.wait(operation_id, tell).await)
                    .await;
                // What another run left undone is done by the steps that follow.
                let ended = ended.map(|ended| Ended {
                    error: None,
                    failed: vec![],
                    ..ended
                });
                self.journal.ended(name, ended);
            }
            Step::AutoDeploymentOff { operation_id } => {
                let names = standing.stack_set.iter().flat_map(|set| set.parameters.keys());
                let ended = self
                    .on_set(&name, async |target, tell| {
                        target.stop_auto_deployment(names, operation_id, tell).await
                    })
                    .await;
                // It is off even where an account failed to look at its stack, which goes anyway.
                self.journal.ended(name, ended.map(|_| Ended::default()));
            }
            Step::Instances(removal) => self.instances(removal).await,
            Step::StackSet { .. } => self.stack_set(name, standing).await,
            Step::Stack {
                name: stack,
                region,
                id,
                lifts_protection,
                ..
            } => {
                let is_member = stack == MEMBER_STACK;
                let key = if is_member { FORWARDERS.to_owned() } else { gone(stack) };
                if !is_member && self.journal.skips(&name, self.needs(stack)) {
                    self.journal.breaks(key);
                    return;
                }
                let client = match &self.clients.management_account {
                    Some(owner) if is_member => owner.at(region),
                    _ => self.clients.audit.clone(),
                };
                let removed = self.telling(&name, async |written, tell| {
                    stack::remove(&client, stack, id, *lifts_protection, written, tell).await
                });
                let done = removed.await;
                if done.is_err() {
                    self.journal.breaks(key);
                }
                self.journal.done(name, done);
            }
            Step::Empty {
                bucket, keeps_retained, ..
            } => self.empty(name, bucket, *keeps_retained).await,
            Step::Bucket { bucket } => self.bucket(name, bucket).await,
        }
    }

    /// What has to be gone before a stack of the audit account or a bucket may go.
    fn needs(&self, of: &str) -> Vec<String> {
        let [artifacts, data, pipeline] = AUDIT_STACKS;
        let names = self.names;
        let first: &[&str] = match of {
            stack if stack == pipeline => return vec![FORWARDERS.to_owned()],
            // Everything that writes into the buckets, or reads code from one.
            stack if stack == artifacts => &[pipeline, &names.artifacts],
            stack if stack == data => &[pipeline, &names.lake, &names.results, &names.evidence],
            bucket if bucket == names.artifacts => &[pipeline, artifacts, bucket],
            bucket => &[pipeline, data, bucket],
        };
        first.iter().map(|name| gone(name)).collect()
    }
}
