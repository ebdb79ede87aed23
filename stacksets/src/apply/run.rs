//! The steps of a plan, one method each: tell, do, record.

use std::collections::BTreeMap;

use pipetrail_names::member::STACK;

use crate::clients::Clients;
use crate::journal::{Journal, Progress, StepState, Written};
use crate::need::Need;
use crate::plan::{AccessStep, InstancesAction, InstancesStep, Plan, SetStep, StackStep, Upload};
use crate::set_calls::SetCalls;
use crate::stack;
use crate::step_id::StepId;

/// A plan being carried out.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) clients: &'a Clients,
    pub(super) outputs: BTreeMap<String, BTreeMap<String, String>>,
    /// Stacks, upload keys, the stack set and creations break, when they fail or are skipped.
    pub(super) journal: Journal<'a>,
}

fn calls<'a>(plan: &'a Plan, clients: &'a Clients, written: &'a Written) -> SetCalls<'a> {
    let call_as = clients.caller.call_as();
    SetCalls {
        client: &clients.management,
        name: STACK,
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
            journal: Journal::new(tell),
        }
    }

    pub(super) async fn stack(&mut self, step: &StackStep) {
        let id = step.id();
        let needs = self.needs(&step.parameters, &step.template);
        if self.journal.skips(&id, needs) {
            self.journal.breaks(Need::Stack(step.name.clone()));
            return;
        }
        self.journal.begins(&id);
        let done = async {
            let parameters = self.resolve(&step.parameters)?;
            let url = self.template_url(&step.name, &step.template).await?;
            let clients = self.clients;
            let deploy = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
                stack::deploy(&clients.audit, step, &parameters, url, written, tell).await
            };
            self.journal.working(&id, deploy).await
        };
        match done.await {
            Ok(outputs) => {
                self.outputs.insert(step.name.clone(), outputs);
                self.journal.done(id, Ok(()));
            }
            Err(error) => {
                self.journal.breaks(Need::Stack(step.name.clone()));
                self.journal.done(id, Err(error));
            }
        }
    }

    pub(super) async fn upload(&mut self, upload: &Upload) {
        let id = upload.id();
        let needs = self.needs_of(&self.plan.bucket);
        if self.journal.skips(&id, needs) {
            self.journal.breaks(Need::Upload(upload.key.clone()));
            return;
        }
        self.journal.begins(&id);
        let done = self.put(&upload.key, upload.zip.bytes.clone(), "application/zip").await;
        if done.is_err() {
            self.journal.breaks(Need::Upload(upload.key.clone()));
        }
        self.journal.done(id, done);
    }

    pub(super) async fn access(&mut self, step: AccessStep) {
        let id = step.id();
        self.journal.begins(&id);
        let taken = step.take(&self.clients.management, &self.clients.organizations).await;
        match self.journal.note(taken) {
            Err(error) => {
                self.journal.breaks(Need::TrustedAccess);
                self.journal.done(id, Err(error));
            }
            Ok(taken) => {
                let note = "through Organizations, since this endpoint has no ActivateOrganizationsAccess";
                let message = (taken == AccessStep::EnableServiceAccess).then(|| note.to_owned());
                self.journal.push_with(id, StepState::Done, message, None);
            }
        }
    }

    /// Waits for an operation that another run began. Its failures break no later step: those try
    /// again what it left.
    pub(super) async fn join(&mut self, operation: &str) {
        let id = StepId::Operation(operation.to_owned());
        self.journal.begins(&id);
        let (plan, clients) = (self.plan, self.clients);
        let wait = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
            calls(plan, clients, written).wait(operation, tell).await
        };
        let ended = self.journal.working(&id, wait).await;
        self.journal.ended(id, ended);
    }

    pub(super) async fn stack_set(&mut self, step: &SetStep) {
        let id = step.id();
        let mut needs = self.needs(&step.parameters, &step.template);
        needs.insert(Need::TrustedAccess);
        if self.journal.skips(&id, needs) {
            self.journal.breaks(Need::StackSet(step.name.clone()));
            return;
        }
        self.journal.begins(&id);
        let ended = match self.resolve(&step.parameters) {
            Ok(parameters) => {
                let (plan, clients) = (self.plan, self.clients);
                let deploy = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
                    calls(plan, clients, written).deploy(step, &parameters, tell).await
                };
                self.journal.working(&id, deploy).await
            }
            Err(error) => Err(error),
        };
        if ended.is_err() {
            self.journal.breaks(Need::StackSet(step.name.clone()));
        }
        self.journal.ended(id, ended);
    }

    pub(super) async fn instances(&mut self, step: &InstancesStep) {
        let id = step.id();
        // A region or unit that AWS refuses may be a typing error for the one that would be removed.
        let creations = (step.action == InstancesAction::Delete).then_some(Need::Creations);
        let needs = std::iter::once(Need::StackSet(STACK.to_owned())).chain(creations);
        if self.journal.skips(&id, needs) {
            return;
        }
        self.journal.begins(&id);
        let (plan, clients) = (self.plan, self.clients);
        let roll_out = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
            calls(plan, clients, written).roll_out(step, tell).await
        };
        let ended = self.journal.working(&id, roll_out).await;
        if step.action == InstancesAction::Create && ended.is_err() {
            self.journal.breaks(Need::Creations);
        }
        self.journal.ended(id, ended);
    }
}
