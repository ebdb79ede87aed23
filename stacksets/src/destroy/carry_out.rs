//! Carrying out a plan: what fails stops only what needs it, and each step leaves a result.

use std::collections::BTreeSet;

use super::bucket::Bucket;
use super::removals::removals;
use super::{Names, Plan, Reach, Remains, Removal, Standing, Step, evidence, stack};
use crate::apply::{Clients, Progress, StepResult, StepState, Written};
use crate::desired::Rollout;
use crate::error::{Error, chain};
use crate::rollout::{Ended, InstanceResult, Target};
use crate::stack_set::StackSet;
use crate::{AUDIT_STACKS, STACK_SET};

/// Instances that appear while others are deleted are deleted as well, so often.
const ROUNDS: u32 = 3;

/// Carries out the plan made of `standing`; gives one result per step, in order, and what stays.
pub async fn destroy(
    plan: &Plan,
    names: &Names,
    standing: &Standing,
    clients: &Clients,
    reach: Option<&Reach<'_>>,
    tell: &mut (dyn FnMut(Progress<'_>) + Send),
) -> (Vec<StepResult>, Vec<Remains>) {
    let mut run = Run {
        names,
        clients,
        rollout: Rollout {
            max_concurrent_percentage: names.max_concurrent_percentage,
            // An account that fails must not keep another one from being tried.
            failure_tolerance_percentage: 100,
        },
        tell,
        written: Written::default(),
        broken: BTreeSet::new(),
        failed: BTreeSet::new(),
        results: vec![],
        remains: plan.remains.clone(),
    };
    for step in &plan.steps {
        run.step(step, standing, reach).await;
    }
    (run.results, run.remains)
}

struct Run<'a> {
    names: &'a Names,
    clients: &'a Clients,
    rollout: Rollout,
    tell: &'a mut (dyn FnMut(Progress<'_>) + Send),
    written: Written,
    /// Stacks, buckets and [`FORWARDERS`] that still stand although they should not.
    broken: BTreeSet<String>,
    /// Accounts and regions whose instance failed in this run.
    failed: BTreeSet<(String, String)>,
    results: Vec<StepResult>,
    remains: Vec<Remains>,
}

/// Stands for all forwarders: while one of them runs, the bus must not go.
const FORWARDERS: &str = "every forwarder to be gone first";

impl Run<'_> {
    async fn step(&mut self, step: &Step, standing: &Standing, reach: Option<&Reach<'_>>) {
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
                self.ended(name, ended);
            }
            Step::AutoDeploymentOff { operation_id } => {
                let names = standing.stack_set.iter().flat_map(|set| set.parameters.keys());
                let ended = self
                    .on_set(&name, async |target, tell| {
                        target.stop_auto_deployment(names, operation_id, tell).await
                    })
                    .await;
                // It is off even where an account failed to look at its stack, which goes anyway.
                self.ended(name, ended.map(|_| Ended::default()));
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
                let is_member = stack == STACK_SET;
                let key = if is_member { FORWARDERS } else { stack.as_str() };
                if !is_member && self.skips(&name, &self.needs(stack)) {
                    self.broken.insert(key.to_owned());
                    return;
                }
                let client = match reach {
                    Some(reach) if is_member => (reach.client)(region),
                    _ => self.clients.audit.clone(),
                };
                let (tell, written) = (&mut self.tell, &self.written);
                tell(Progress::Begins { step: &name });
                let mut tell = |status: &str| tell(Progress::Waits { step: &name, status });
                let done = stack::remove(&client, stack, id, *lifts_protection, written, &mut tell).await;
                if done.is_err() {
                    self.broken.insert(key.to_owned());
                }
                self.done(name, done);
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
        let needs: &[&str] = match of {
            stack if stack == pipeline => &[FORWARDERS],
            // Everything that writes into the buckets, or reads code from one.
            stack if stack == artifacts => &[pipeline, &names.artifacts],
            stack if stack == data => &[pipeline, &names.lake, &names.results, &names.evidence],
            bucket if bucket == names.artifacts => &[pipeline, artifacts, bucket],
            bucket => &[pipeline, data, bucket],
        };
        needs.iter().map(|need| (*need).to_owned()).collect()
    }

    async fn instances(&mut self, removal: &Removal) {
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
        self.ended(name, ended);
    }

    /// Deletes the stack set once it has no instance, those that came meanwhile included.
    async fn stack_set(&mut self, name: String, standing: &Standing) {
        let mut left = None;
        for round in 0..=ROUNDS {
            let call_as = self.clients.caller.call_as();
            let set = match StackSet::read(&self.clients.management, STACK_SET, &call_as).await {
                Ok(Some(set)) => set,
                Ok(None) => return self.done(name, Ok(())),
                Err(error) => {
                    self.broken.insert(FORWARDERS.to_owned());
                    return self.done(name, Err(error));
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
            .map(|instance| InstanceResult {
                account: instance.account.clone(),
                region: instance.region.clone(),
                status: instance.status.clone(),
                reason: instance.reason.clone(),
            })
            .collect();
        if left.is_empty() {
            let done = self
                .on_set(&name, async |target, tell| target.remove_set(tell).await)
                .await;
            return self.done(name, done);
        }
        self.broken.insert(FORWARDERS.to_owned());
        self.record(StepResult {
            step: name,
            state: StepState::Skipped,
            changed: false,
            message: Some(format!("needs its stack instances to be gone, {} are left", left.len())),
            hint: Some("mend what the reasons name, then run `pipetrail destroy` again".to_owned()),
            failed: left,
        });
    }

    async fn empty(&mut self, name: String, bucket: &str, keeps_retained: bool) {
        let [_, _, pipeline] = AUDIT_STACKS;
        if self.skips(&name, &[pipeline.to_owned()]) {
            self.broken.insert(bucket.to_owned());
            return;
        }
        let (tell, written) = (&mut self.tell, &self.written);
        tell(Progress::Begins { step: &name });
        let mut tell = |status: &str| tell(Progress::Waits { step: &name, status });
        let target = Bucket {
            client: &self.clients.s3,
            name: bucket,
            owner: &self.names.audit_account,
        };
        let done = if keeps_retained {
            evidence::empty(target, written, &mut tell).await
        } else {
            target
                .empty(written, &mut tell)
                .await
                .map(|()| evidence::Kept::default())
        };
        match done {
            Ok(kept) if kept.records > 0 => {
                let remains = Remains {
                    what: format!("bucket {bucket}"),
                    account: self.names.audit_account.clone(),
                    region: self.names.region.clone(),
                    why: kept.why(),
                    records: Some(kept.records),
                    bytes: Some(kept.bytes),
                    retained_until: kept.until(),
                    unwanted: true,
                };
                let until = remains.retained_until.as_deref().map(|until| format!(" until {until}"));
                let message = Some(format!(
                    "{} object versions stay ({} bytes){}: {}",
                    kept.records,
                    kept.bytes,
                    until.unwrap_or_default(),
                    remains.why
                ));
                self.remains.push(remains);
                let changed = self.written.take();
                self.record(StepResult {
                    step: name,
                    state: StepState::Partial,
                    changed,
                    message,
                    hint: Some("run `pipetrail destroy` with the same --delete-data again after that date".to_owned()),
                    failed: vec![],
                });
            }
            done => {
                if done.is_err() {
                    self.broken.insert(bucket.to_owned());
                }
                self.done(name, done.map(|_| ()));
            }
        }
    }

    async fn bucket(&mut self, name: String, bucket: &str) {
        if self
            .remains
            .iter()
            .any(|remains| remains.what == format!("bucket {bucket}"))
        {
            // Said where it was emptied.
            return;
        }
        if self.skips(&name, &self.needs(bucket)) {
            return;
        }
        let (tell, written) = (&mut self.tell, &self.written);
        tell(Progress::Begins { step: &name });
        let mut tell = |status: &str| tell(Progress::Waits { step: &name, status });
        let target = Bucket {
            client: &self.clients.s3,
            name: bucket,
            owner: &self.names.audit_account,
        };
        let done = target.remove(written, &mut tell).await;
        self.done(name, done);
    }

    /// Makes a call on the stack set, telling what is waited for.
    async fn on_set<T>(
        &mut self,
        step: &str,
        call: impl AsyncFnOnce(&Target<'_>, &mut (dyn FnMut(&str) + Send)) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (tell, written) = (&mut self.tell, &self.written);
        tell(Progress::Begins { step });
        let mut tell = |status: &str| tell(Progress::Waits { step, status });
        let target = Target {
            client: &self.clients.management,
            name: STACK_SET,
            call_as: self.clients.caller.call_as(),
            rollout: &self.rollout,
            written,
        };
        call(&target, &mut tell).await
    }

    /// An operation that ended: done, done in part, or failed.
    fn ended(&mut self, step: String, ended: Result<Ended, Error>) {
        let (state, error, failed) = match ended {
            Ok(ended) if ended.error.is_none() && ended.failed.is_empty() => (StepState::Done, None, vec![]),
            Ok(ended) if ended.succeeded > 0 => (StepState::Partial, ended.error, ended.failed),
            Ok(ended) => (StepState::Failed, ended.error, ended.failed),
            Err(error) => (StepState::Failed, Some(error), vec![]),
        };
        self.push(step, state, error, failed);
    }

    fn done(&mut self, step: String, done: Result<(), Error>) {
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

    fn record(&mut self, result: StepResult) {
        (self.tell)(Progress::Ended(&result));
        self.results.push(result);
    }

    /// Records a step as skipped when something that has to go before it still stands.
    fn skips(&mut self, step: &str, needs: &[String]) -> bool {
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
