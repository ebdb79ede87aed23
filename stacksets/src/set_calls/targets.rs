//! Operations on instances: created, tried again or deleted, in whole units or in some accounts only.

use aws_sdk_cloudformation::types::{AccountFilterType, DeploymentTargets};

use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, OuId, Region};

use super::{SetCalls, preferences};
use crate::error::Error;
use crate::instance_result::OperationEnd;
use crate::pause::Tell;
use crate::plan::{InstancesAction, InstancesStep};

impl SetCalls<'_> {
    /// Creates, tries again or deletes the instances of a step, and waits.
    pub(crate) async fn roll_out(&self, step: &InstancesStep, tell: Tell<'_>) -> Result<OperationEnd, Error> {
        let id = self.submit(step, tell).await?;
        let ended = self.wait(&id, tell).await?;
        if ended.succeeded == 0 && ended.failed.is_empty() {
            return self.read_instances(&id, step, ended).await;
        }
        Ok(ended)
    }

    /// Gives the id of the operation: the step's own, unless the endpoint chooses one.
    async fn submit(&self, step: &InstancesStep, tell: Tell<'_>) -> Result<String, Error> {
        let (call_as, regions) = (self.caller.call_as(), Some(texts(&step.regions)));
        let accounts = step.instances.div_ceil(step.regions.len().max(1));
        let (targets, preferences) = (targets(step), preferences(&self.rollout.over(accounts)));
        let submitted = match step.action {
            InstancesAction::Create => {
                let call = self.client.create_stack_instances().stack_set_name(STACK);
                let call = call.deployment_targets(targets).set_regions(regions).call_as(call_as);
                let call = call.operation_preferences(preferences).operation_id(&step.operation_id);
                let done = self.write("create stack instances", tell, || call.clone().send());
                done.await?.and_then(|done| done.operation_id)
            }
            InstancesAction::Update => {
                let call = self.client.update_stack_instances().stack_set_name(STACK);
                let call = call.deployment_targets(targets).set_regions(regions).call_as(call_as);
                let call = call.operation_preferences(preferences).operation_id(&step.operation_id);
                let done = self.write("update stack instances", tell, || call.clone().send());
                done.await?.and_then(|done| done.operation_id)
            }
            InstancesAction::Delete => {
                let (id, retain) = (&step.operation_id, step.retain_stacks);
                return self
                    .delete_instances((targets, accounts), &step.regions, retain, id, tell)
                    .await;
            }
        };
        Ok(submitted.unwrap_or_else(|| step.operation_id.clone()))
    }

    /// Begins to delete the instances of so many accounts, with their stacks unless `retain`; gives the id of the
    /// operation.
    pub(crate) async fn delete_instances(
        &self,
        (targets, accounts): (DeploymentTargets, usize),
        regions: &[Region],
        retain: bool,
        id: &str,
        tell: Tell<'_>,
    ) -> Result<String, Error> {
        let call = self.client.delete_stack_instances().stack_set_name(STACK);
        let call = call.deployment_targets(targets).set_regions(Some(texts(regions)));
        let call = call.call_as(self.caller.call_as()).retain_stacks(retain);
        let preferences = preferences(&self.rollout.over(accounts));
        let call = call.operation_preferences(preferences).operation_id(id);
        let done = self.write("delete stack instances", tell, || call.clone().send());
        let chosen = done.await?.and_then(|done| done.operation_id);
        Ok(chosen.unwrap_or_else(|| id.to_owned()))
    }
}

fn targets(step: &InstancesStep) -> DeploymentTargets {
    let filter = match &step.accounts {
        Some(accounts) => Some((AccountFilterType::Intersection, accounts)),
        None if step.excluded.is_empty() => None,
        None => Some((AccountFilterType::Difference, &step.excluded)),
    };
    targets_of(&step.units, filter)
}

/// Whole units, only some accounts of them (INTERSECTION), or all but some (DIFFERENCE).
pub(crate) fn targets_of(units: &[OuId], filter: Option<(AccountFilterType, &Vec<AccountId>)>) -> DeploymentTargets {
    let (filter, accounts) = filter.unzip();
    DeploymentTargets::builder()
        .set_organizational_unit_ids(Some(texts(units)))
        .set_accounts(accounts.map(|accounts| texts(accounts)))
        .set_account_filter_type(filter)
        .build()
}

/// Ids as the SDK takes them.
fn texts(ids: &[impl ToString]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
