//! The management account's own stacks.

use pipetrail_names::chain;
use pipetrail_names::member::STACK;

use super::run::Run;
use crate::clients::ManagementAccount;
use crate::error::Error;
use crate::instance_result::InstanceResult;
use crate::journal::{StepState, Written};
use crate::plan::{ManagementAction, ManagementStep};
use crate::stack;
use crate::step_id::StepId;

impl Run<'_> {
    pub(super) async fn management(&mut self, step: &ManagementStep) {
        let (account, region) = (&step.account, &step.region);
        let id = step.id();
        if let ManagementAction::Deploy { stack } = &step.action {
            let needs = self.needs(&stack.parameters, &stack.template);
            if self.journal.skips(&id, needs) {
                return;
            }
        }
        // Without credentials nothing is planned.
        let Some(owner) = self.clients.management_account.clone() else {
            return;
        };
        self.journal.begins(&id);
        match self.change(step, &id, &owner).await {
            Ok(()) => self.journal.done(id, Ok(())),
            Err(error) => {
                let reason = Some(chain(&error));
                let failed = InstanceResult::new(account, region, "FAILED", reason);
                self.journal.push(id, StepState::Failed, Some(error), vec![failed]);
            }
        }
    }

    async fn change(&mut self, step: &ManagementStep, id: &StepId, owner: &ManagementAccount) -> Result<(), Error> {
        let client = owner.at(&step.region);
        match &step.action {
            ManagementAction::Deploy { stack } => {
                let parameters = self.resolve(&stack.parameters)?;
                let deploy = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
                    stack::deploy(&client, stack, &parameters, None, written, tell).await
                };
                self.journal.working(id, deploy).await.map(|_| ())
            }
            ManagementAction::Delete { id: stack, status } => {
                let remove = async |written: &Written, tell: &mut (dyn FnMut(&str) + Send)| {
                    stack::remove(&client, STACK, stack, status, written, tell).await
                };
                self.journal.working(id, remove).await
            }
            ManagementAction::Blocked { status } => Err(Error::Blocked {
                name: STACK.to_owned(),
                account: step.account.clone(),
                region: step.region.clone(),
                status: status.clone(),
            }),
        }
    }
}
