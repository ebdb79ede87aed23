//! The management account's own stacks.

use super::run::Run;
use super::{Progress, StepState};
use crate::error::{Error, chain};
use crate::management::ManagementAccount;
use crate::plan::{ManagementAction, ManagementStep};
use crate::rollout::InstanceResult;
use crate::{MEMBER_STACK, stack};

impl Run<'_> {
    pub(super) async fn management(&mut self, step: &ManagementStep) {
        let (account, region) = (&step.account, &step.region);
        let name = format!("stack {MEMBER_STACK} in {account}, {region}");
        if let ManagementAction::Deploy { stack } = &step.action {
            let needs = self.needs(&stack.parameters, &stack.template);
            if self.skips(&name, needs.iter().map(String::as_str)) {
                return;
            }
        }
        // Without credentials nothing is planned.
        let Some(owner) = self.clients.management_account.clone() else {
            return;
        };
        (self.tell)(Progress::Begins { step: &name });
        match self.change(step, &name, &owner).await {
            Ok(()) => self.push(name, StepState::Done, None, vec![]),
            Err(error) => {
                let reason = Some(chain(&error));
                let failed = InstanceResult::new(account, region, "FAILED", reason);
                self.push(name, StepState::Failed, Some(error), vec![failed]);
            }
        }
    }

    async fn change(&mut self, step: &ManagementStep, name: &str, owner: &ManagementAccount) -> Result<(), Error> {
        let client = owner.at(&step.region);
        match &step.action {
            ManagementAction::Deploy { stack } => {
                let parameters = self.resolve(&stack.parameters)?;
                let tell = &mut self.tell;
                let mut tell = |status: &str| tell(Progress::Waits { step: name, status });
                let deployed = stack::deploy(&client, stack, &parameters, None, &self.written, &mut tell);
                deployed.await.map(|_| ())
            }
            ManagementAction::Delete { id, status } => {
                let tell = &mut self.tell;
                let mut tell = |status: &str| tell(Progress::Waits { step: name, status });
                stack::remove(&client, MEMBER_STACK, id, status, &self.written, &mut tell).await
            }
            ManagementAction::Blocked { status } => Err(Error::Blocked {
                name: MEMBER_STACK.to_owned(),
                account: step.account.clone(),
                region: step.region.clone(),
                status: status.clone(),
            }),
        }
    }
}
