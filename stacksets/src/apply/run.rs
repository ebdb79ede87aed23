//! The steps of a plan, one method each: tell, do, record.

use std::collections::BTreeMap;

use crate::clients::Clients;
use crate::journal::{Journal, Progress, StepState, Written};
use crate::plan::{AccessStep, InstancesAction, InstancesStep, Plan, SetStep, StackStep, Upload};
use crate::rollout::Target;
use crate::{STACK_SET, stack};

/// What removals need: that no creation was refused as a whole.
const CREATIONS: &str = "the instances that replace them";

/// A plan being carried out.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) clients: &'a Clients,
    pub(super) outputs: BTreeMap<String, BTreeMap<String, String>>,
    /// Stacks, upload keys, the stack set and creations break, when they fail or are skipped.
    pub(super) journal: Journal<'a>,
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
            outputs: plan.outputs.clone(),
            journal: Journal::new("`pipetrail apply`", tell),
        }
    }

    pub(super) async fn stack(&mut self, step: &StackStep) {
        let name = format!("stack {}", step.name);
        let needs = self.needs(&step.parameters, &step.template);
        if self.journal.skips(&name, &needs) {
            self.journal.breaks(&step.name);
            return;
        }
        self.journal.begins(&name);
        let done = async {
            let parameters = self.resolve(&step.parameters)?;
            let url = self.template_url(&step.name, &step.template).await?;
            let clients = self.clients;
            let deploy = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
                stack::deploy(&clients.audit, step, &parameters, url, written, tell).await
            };
            self.journal.working(&name, deploy).await
        };
        match done.await {
            Ok(outputs) => {
                self.outputs.insert(step.name.clone(), outputs);
                self.journal.done(name, Ok(()));
            }
            Err(error) => {
                self.journal.breaks(&step.name);
                self.journal.done(name, Err(error));
            }
        }
    }

    pub(super) async fn upload(&mut self, upload: &Upload) {
        let name = format!("upload {}", upload.key);
        let needs: Vec<String> = self.needs_of(&self.plan.bucket).into_iter().collect();
        if self.journal.skips(&name, &needs) {
            self.journal.breaks(&upload.key);
            return;
        }
        self.journal.begins(&name);
        let done = self.put(&upload.key, upload.zip.bytes.clone(), "application/zip").await;
        if done.is_err() {
            self.journal.breaks(&upload.key);
        }
        self.journal.done(name, done);
    }

    pub(super) async fn access(&mut self, step: AccessStep) {
        let name = "trusted access for StackSets".to_owned();
        self.journal.begins(&name);
        let taken = step.take(&self.clients.management, &self.clients.organizations).await;
        match self.journal.note(taken) {
            Err(error) => {
                self.journal.breaks(crate::SERVICE_PRINCIPAL);
                self.journal.done(name, Err(error));
            }
            Ok(taken) => {
                let note = "through Organizations, since this endpoint has no ActivateOrganizationsAccess";
                let message = (taken == AccessStep::EnableServiceAccess).then(|| note.to_owned());
                self.journal.push_with(name, StepState::Done, message, None);
            }
        }
    }

    /// Waits for an operation that another run began. Its failures break no later step: those try
    /// again what it left.
    pub(super) async fn join(&mut self, id: &str) {
        let name = format!("operation {id}");
        self.journal.begins(&name);
        let (plan, clients) = (self.plan, self.clients);
        let wait = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
            target(plan, clients, written).wait(id, tell).await
        };
        let ended = self.journal.working(&name, wait).await;
        self.journal.ended(name, ended);
    }

    pub(super) async fn stack_set(&mut self, step: &SetStep) {
        let name = format!("stack set {}", step.name);
        let mut needs = self.needs(&step.parameters, &step.template);
        needs.insert(crate::SERVICE_PRINCIPAL.to_owned());
        if self.journal.skips(&name, &needs) {
            self.journal.breaks(&step.name);
            return;
        }
        self.journal.begins(&name);
        let ended = match self.resolve(&step.parameters) {
            Ok(parameters) => {
                let (plan, clients) = (self.plan, self.clients);
                let deploy = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
                    target(plan, clients, written).deploy(step, &parameters, tell).await
                };
                self.journal.working(&name, deploy).await
            }
            Err(error) => Err(error),
        };
        if ended.is_err() {
            self.journal.breaks(&step.name);
        }
        self.journal.ended(name, ended);
    }

    pub(super) async fn instances(&mut self, step: &InstancesStep) {
        let name = step.to_string();
        let name = name.trim_start_matches(['+', '~', '-', ' ']).to_owned();
        // A region or unit that AWS refuses may be a typing error for the one that would be removed.
        let needs: &[&str] = match step.action {
            InstancesAction::Delete => &[STACK_SET, CREATIONS],
            InstancesAction::Create | InstancesAction::Update => &[STACK_SET],
        };
        if self.journal.skips(&name, needs) {
            return;
        }
        self.journal.begins(&name);
        let (plan, clients) = (self.plan, self.clients);
        let roll_out = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
            target(plan, clients, written).roll_out(step, tell).await
        };
        let ended = self.journal.working(&name, roll_out).await;
        if step.action == InstancesAction::Create && ended.is_err() {
            self.journal.breaks(CREATIONS);
        }
        self.journal.ended(name, ended);
    }
}
