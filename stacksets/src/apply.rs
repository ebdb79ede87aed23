//! Carrying out a plan: every step is tried unless one that it needs has failed, and each leaves a
//! result. Nothing is decided here.

mod inputs;
mod replacement;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use pipetrail_names::chain;
use pipetrail_names::member::STACK;

pub use inputs::upload_template;

use crate::clients::Clients;
use crate::error::Error;
use crate::instance_result::{InstanceResult, OperationEnd};
use crate::journal::{Journal, StepProgress, StepResult, StepState};
use crate::pause::Tell;
use crate::plan::{
    AccessStep, InstancesAction, InstancesStep, ManagementAction, ManagementStep, Plan, SetStep, StackStep, Upload,
};
use crate::set_calls::SetCalls;
use crate::stack::StackCalls;
use crate::step_id::{Need, StepId};

/// Carries out the plan and gives one result per step, in order.
pub async fn apply(plan: &Plan, clients: &Clients, tell: &mut (dyn FnMut(StepProgress<'_>) + Send)) -> Vec<StepResult> {
    let mut run = Run {
        plan,
        clients,
        outputs: plan.outputs.clone(),
        journal: Journal::new(tell),
    };
    let (first, later) = plan.around_uploads();
    for step in first {
        run.stack(step).await;
    }
    for upload in &plan.uploads {
        run.upload(upload).await;
    }
    for step in later {
        if let Some(drain) = plan.drain_before(step) {
            run.drain(drain, step).await;
        }
        run.stack(step).await;
    }
    if let Some(step) = plan.trusted_access {
        run.access(step).await;
    }
    for id in &plan.joins {
        run.join(id).await;
    }
    if let Some(step) = &plan.stack_set {
        run.stack_set(step).await;
    }
    for step in &plan.management {
        run.management(step).await;
    }
    for step in &plan.instances {
        run.instances(step).await;
    }
    if let Some(step) = &plan.replay {
        run.replay(step).await;
    }
    run.journal.into_results()
}

/// A plan being carried out, each kind of step by one method: tell, do, record.
struct Run<'a> {
    plan: &'a Plan,
    clients: &'a Clients,
    outputs: BTreeMap<String, BTreeMap<String, String>>,
    /// Stacks, upload keys, the stack set and creations break, when they fail or are skipped.
    journal: Journal<'a>,
}

impl Run<'_> {
    async fn stack(&mut self, step: &StackStep) {
        let (id, gives) = (step.id(), Need::Stack(step.name.clone()));
        let mut needs = self.needs(&step.parameters, &step.template);
        needs.extend(
            self.plan
                .drain_before(step)
                .map(|drain| Need::Drained(drain.bus.clone())),
        );
        if self.journal.skips(&id, needs) {
            return self.journal.breaks(gives);
        }
        self.journal.begins(&id);
        let done = async {
            let parameters = self.resolve(&step.parameters)?;
            let url = self.template_url(&step.name, &step.template).await?;
            let (client, name) = (&self.clients.audit, step.name.as_str());
            let deploying = self.journal.working(&id, async |written, tell| {
                let calls = StackCalls { client, name, written };
                calls.deploy(step, &parameters, url, tell).await
            });
            deploying.await
        };
        match done.await {
            Ok(outputs) => {
                self.outputs.insert(step.name.clone(), outputs);
                let message = self.stands(step).await;
                self.journal.push_with(id, StepState::Done, message, None, vec![]);
            }
            Err(error) => {
                self.journal.breaks(gives);
                self.journal.done(id, Err(error));
            }
        }
    }

    async fn upload(&mut self, upload: &Upload) {
        let (id, gives) = (upload.id(), Need::Upload(upload.key.clone()));
        let needs = self.needs_of(&self.plan.bucket);
        if self.journal.skips(&id, needs) {
            return self.journal.breaks(gives);
        }
        self.journal.begins(&id);
        let done = self.put(&upload.key, upload.zip.bytes.clone(), "application/zip").await;
        if done.is_err() {
            self.journal.breaks(gives);
        }
        self.journal.done(id, done);
    }

    async fn access(&mut self, step: AccessStep) {
        let id = StepId::TrustedAccess;
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
                self.journal.push_with(id, StepState::Done, message, None, vec![]);
            }
        }
    }

    /// Waits for an operation that another run began. Its failures break no later step: those try
    /// again what it left.
    async fn join(&mut self, operation: &str) {
        let id = StepId::Operation(operation.to_owned());
        let waiting = self.on_set(&id, async |calls, tell| calls.wait(operation, tell).await);
        let ended = waiting.await;
        self.journal.ended(id, ended);
    }

    async fn stack_set(&mut self, step: &SetStep) {
        let (id, gives) = (step.id(), Need::StackSet(step.name.clone()));
        let mut needs = self.needs(&step.parameters, &step.template);
        needs.insert(Need::TrustedAccess);
        if self.journal.skips(&id, needs) {
            return self.journal.breaks(gives);
        }
        let parameters = self.resolve(&step.parameters);
        let deploying = self.on_set(&id, async |calls, tell| calls.deploy(step, &parameters?, tell).await);
        let ended = deploying.await;
        if ended.is_err() {
            self.journal.breaks(gives);
        }
        self.journal.ended(id, ended);
    }

    /// A stack of the management account's own.
    async fn management(&mut self, step: &ManagementStep) {
        let (account, region) = (&step.account, &step.region);
        let (id, mut parameters) = (step.id(), Ok(BTreeMap::new()));
        if let ManagementAction::Deploy { stack } = &step.action {
            let needs = self.needs(&stack.parameters, &stack.template);
            if self.journal.skips(&id, needs) {
                return;
            }
            parameters = self.resolve(&stack.parameters);
        }
        // Without credentials nothing is planned.
        let Some(owner) = &self.clients.management_account else {
            return;
        };
        let (client, name) = (&owner.at(region), STACK);
        self.journal.begins(&id);
        let changing = self.journal.working(&id, async |written, tell| {
            let calls = StackCalls { client, name, written };
            match &step.action {
                ManagementAction::Deploy { stack } => calls.deploy(stack, &parameters?, None, tell).await.map(|_| ()),
                ManagementAction::Delete { id, status } => calls.remove(id, status, tell).await,
                ManagementAction::Blocked { status } => Err(Error::Blocked {
                    name: name.to_owned(),
                    account: account.clone(),
                    region: region.clone(),
                    status: status.clone(),
                }),
            }
        });
        match changing.await {
            Ok(()) => self.journal.done(id, Ok(())),
            Err(error) => {
                let reason = Some(chain(&error));
                let failed = InstanceResult::new(account, region, "FAILED", reason);
                self.journal.push(id, StepState::Failed, Some(error), vec![failed]);
            }
        }
    }

    async fn instances(&mut self, step: &InstancesStep) {
        let id = step.id();
        // A region or unit that AWS refuses may be a typing error for the one that would be removed.
        let creations = (step.action == InstancesAction::Delete).then_some(Need::Creations);
        let needs = std::iter::once(Need::StackSet(STACK.to_owned())).chain(creations);
        if self.journal.skips(&id, needs) {
            return;
        }
        let rolling_out = self.on_set(&id, async |calls, tell| calls.roll_out(step, tell).await);
        let ended = rolling_out.await;
        if step.action == InstancesAction::Create && ended.is_err() {
            self.journal.breaks(Need::Creations);
        }
        self.journal.ended(id, ended);
    }

    /// Does a step on the stack set.
    async fn on_set(
        &mut self,
        step: &StepId,
        operation: impl AsyncFnOnce(&SetCalls<'_>, Tell<'_>) -> Result<OperationEnd, Error>,
    ) -> Result<OperationEnd, Error> {
        let (plan, clients) = (self.plan, self.clients);
        self.journal.begins(step);
        let working = self.journal.working(step, async |written, tell| {
            let calls = SetCalls {
                client: &clients.management,
                caller: clients.caller,
                rollout: &plan.rollout,
                written,
            };
            operation(&calls, tell).await
        });
        working.await
    }
}
