//! The steps of a plan, one method each: tell, do, record.

use std::collections::{BTreeMap, BTreeSet};

use super::{Clients, Progress, StepResult, StepState, Written};
use crate::error::{Error, chain};
use crate::plan::{AccessStep, InstancesAction, InstancesStep, Plan, SetStep, StackStep, Upload};
use crate::rollout::{Ended, InstanceResult, Target};
use crate::{STACK_SET, stack};

/// What removals need: that no creation was refused as a whole.
const CREATIONS: &str = "the instances that replace them";

/// A plan being carried out.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) clients: &'a Clients,
    pub(super) tell: &'a mut (dyn FnMut(Progress<'_>) + Send),
    pub(super) outputs: BTreeMap<String, BTreeMap<String, String>>,
    /// Stacks, upload keys, the stack set and creations that failed or were skipped.
    broken: BTreeSet<String>,
    pub(super) results: Vec<StepResult>,
    /// Whether the step at work has written anything.
    pub(super) written: Written,
}

fn target<'a>(plan: &'a Plan, clients: &'a Clients, written: &'a Written) -> Target<'a> {
    let call_as = clients.caller.call_as();
    Target {
        client: &clients.management,
        name: STACK_SET,
        call_as,
        rollout: &plan.rollout,
        written,
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(plan: &'a Plan, clients: &'a Clients, tell: &'a mut (dyn FnMut(Progress<'_>) + Send)) -> Self {
        Run {
            plan,
            clients,
            tell,
            outputs: plan.outputs.clone(),
            broken: BTreeSet::new(),
            results: vec![],
            written: Written::default(),
        }
    }

    pub(super) async fn stack(&mut self, step: &StackStep) {
        let name = format!("stack {}", step.name);
        let needs = self.needs(&step.parameters, &step.template);
        if self.skips(&name, needs.iter().map(String::as_str)) {
            self.broken.insert(step.name.clone());
            return;
        }
        (self.tell)(Progress::Begins { step: &name });
        let done = async {
            let parameters = self.resolve(&step.parameters)?;
            let url = self.template_url(&step.name, &step.template).await?;
            let tell = &mut self.tell;
            let mut tell = |status: &str| tell(Progress::Waits { step: &name, status });
            stack::deploy(&self.clients.audit, step, &parameters, url, &self.written, &mut tell).await
        };
        match done.await {
            Ok(outputs) => {
                self.outputs.insert(step.name.clone(), outputs);
                self.push(name, StepState::Done, None, vec![]);
            }
            Err(error) => {
                self.broken.insert(step.name.clone());
                self.push(name, StepState::Failed, Some(error), vec![]);
            }
        }
    }

    pub(super) async fn upload(&mut self, upload: &Upload) {
        let name = format!("upload {}", upload.key);
        let needs: Vec<String> = self.needs_of(&self.plan.bucket).into_iter().collect();
        if self.skips(&name, needs.iter().map(String::as_str)) {
            self.broken.insert(upload.key.clone());
            return;
        }
        (self.tell)(Progress::Begins { step: &name });
        let done = self.put(&upload.key, upload.zip.bytes.clone(), "application/zip").await;
        if done.is_err() {
            self.broken.insert(upload.key.clone());
        }
        let state = if done.is_ok() {
            StepState::Done
        } else {
            StepState::Failed
        };
        self.push(name, state, done.err(), vec![]);
    }

    pub(super) async fn access(&mut self, step: AccessStep) {
        let name = "trusted access for StackSets".to_owned();
        (self.tell)(Progress::Begins { step: &name });
        let taken = step.take(&self.clients.management, &self.clients.organizations).await;
        match self.written.note(taken) {
            Err(error) => {
                self.broken.insert(crate::SERVICE_PRINCIPAL.to_owned());
                self.push(name, StepState::Failed, Some(error), vec![]);
            }
            Ok(taken) => {
                let note = "through Organizations, since this endpoint has no ActivateOrganizationsAccess";
                let message = (taken == AccessStep::EnableServiceAccess).then(|| note.to_owned());
                let changed = self.written.take();
                self.record(StepResult {
                    step: name,
                    state: StepState::Done,
                    changed,
                    message,
                    hint: None,
                    failed: vec![],
                });
            }
        }
    }

    /// Waits for an operation that another run began. Its failures break no later step: those try
    /// again what it left.
    pub(super) async fn join(&mut self, id: &str) {
        let name = format!("operation {id}");
        (self.tell)(Progress::Begins { step: &name });
        let target = target(self.plan, self.clients, &self.written);
        let tell = &mut self.tell;
        let mut tell = |status: &str| tell(Progress::Waits { step: &name, status });
        let ended = target.wait(id, &mut tell).await;
        self.ended(name, ended);
    }

    pub(super) async fn stack_set(&mut self, step: &SetStep) {
        let name = format!("stack set {}", step.name);
        let mut needs = self.needs(&step.parameters, &step.template);
        needs.insert(crate::SERVICE_PRINCIPAL.to_owned());
        if self.skips(&name, needs.iter().map(String::as_str)) {
            self.broken.insert(step.name.clone());
            return;
        }
        (self.tell)(Progress::Begins { step: &name });
        let ended = match self.resolve(&step.parameters) {
            Ok(parameters) => {
                let target = target(self.plan, self.clients, &self.written);
                let tell = &mut self.tell;
                let mut tell = |status: &str| tell(Progress::Waits { step: &name, status });
                target.deploy(step, &parameters, &mut tell).await
            }
            Err(error) => Err(error),
        };
        if ended.is_err() {
            self.broken.insert(step.name.clone());
        }
        self.ended(name, ended);
    }

    pub(super) async fn instances(&mut self, step: &InstancesStep) {
        let name = step.to_string();
        let name = name.trim_start_matches(['+', '~', '-', ' ']).to_owned();
        // A region or unit that AWS refuses may be a typing error for the one that would be removed.
        let needs: &[&str] = match step.action {
            InstancesAction::Delete => &[STACK_SET, CREATIONS],
            InstancesAction::Create | InstancesAction::Update => &[STACK_SET],
        };
        if self.skips(&name, needs.iter().copied()) {
            return;
        }
        (self.tell)(Progress::Begins { step: &name });
        let target = target(self.plan, self.clients, &self.written);
        let tell = &mut self.tell;
        let mut tell = |status: &str| tell(Progress::Waits { step: &name, status });
        let ended = target.roll_out(step, &mut tell).await;
        if step.action == InstancesAction::Create && ended.is_err() {
            self.broken.insert(CREATIONS.to_owned());
        }
        self.ended(name, ended);
    }

    /// An operation that ended: done, done in part, or failed.
    fn ended(&mut self, name: String, ended: Result<Ended, Error>) {
        match ended {
            Ok(Ended {
                error: None, failed, ..
            }) if failed.is_empty() => {
                self.push(name, StepState::Done, None, failed);
            }
            Ok(Ended {
                error,
                succeeded,
                failed,
            }) => {
                let state = if succeeded == 0 {
                    StepState::Failed
                } else {
                    StepState::Partial
                };
                self.push(name, state, error, failed);
            }
            Err(error) => self.push(name, StepState::Failed, Some(error), vec![]),
        }
    }

    pub(super) fn push(&mut self, step: String, state: StepState, error: Option<Error>, failed: Vec<InstanceResult>) {
        let message = error.as_ref().map(|error| chain(error));
        let changed = self.written.take();
        self.record(StepResult {
            step,
            state,
            changed,
            message,
            hint: error.and_then(|error| error.hint()),
            failed,
        });
    }

    fn record(&mut self, result: StepResult) {
        (self.tell)(Progress::Ended(&result));
        self.results.push(result);
    }

    /// Records a step as skipped when something that it needs is broken.
    pub(super) fn skips<'n>(&mut self, step: &str, needs: impl IntoIterator<Item = &'n str>) -> bool {
        let Some(broken) = needs.into_iter().find(|need| self.broken.contains(*need)) else {
            return false;
        };
        let message = Some(format!("needs {broken}"));
        let step = step.to_owned();
        self.record(StepResult {
            step,
            state: StepState::Skipped,
            changed: false,
            message,
            hint: None,
            failed: vec![],
        });
        true
    }
}
