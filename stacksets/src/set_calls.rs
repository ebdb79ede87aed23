//! The stack set's write calls: create, update, roll out, wait, and read what became of each account
//! and region.

mod tally;
mod targets;
#[cfg(test)]
mod tests;
mod wait;
mod write;

use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{
    AutoDeployment, Capability, ConcurrencyMode, ManagedExecution, PermissionModels, RegionConcurrencyType,
    StackSetOperationPreferences,
};
use pipetrail_names::Region;
use pipetrail_names::member::STACK;

use crate::desired::RolloutLimits;
use crate::error::{Error, from_sdk};
use crate::instance_result::OperationEnd;
use crate::journal::Written;
use crate::organization::Caller;
use crate::pause::{Pause, Tell};
use crate::plan::{SetAction, SetStep};
use crate::stack::{parameters_to, tags_to};
use crate::stack_set::StackSet;
pub(crate) use targets::targets_of;

/// What all calls on the stack set share.
pub(crate) struct SetCalls<'a> {
    pub(crate) client: &'a Client,
    pub(crate) caller: Caller,
    pub(crate) rollout: &'a RolloutLimits,
    pub(crate) written: &'a Written,
}

/// How often a creation is tried while trusted access, just switched on, has not arrived everywhere.
const ACCESS_ATTEMPTS: u32 = 8;

impl SetCalls<'_> {
    /// Creates the stack set, or updates it and with it all of its instances.
    pub(crate) async fn deploy(
        &self,
        step: &SetStep,
        parameters: &BTreeMap<String, String>,
        tell: Tell<'_>,
    ) -> Result<OperationEnd, Error> {
        match step.action {
            SetAction::Create => {
                self.create(step, parameters, tell).await?;
                Ok(OperationEnd::default())
            }
            SetAction::Update => {
                let id = self.update(step, parameters, tell).await?;
                self.wait(&id, tell).await
            }
        }
    }

    async fn create(&self, step: &SetStep, parameters: &BTreeMap<String, String>, tell: Tell<'_>) -> Result<(), Error> {
        let mut pause = Pause::default();
        for attempt in 1.. {
            let created = self
                .client
                .create_stack_set()
                .stack_set_name(STACK)
                .call_as(self.caller.call_as())
                .description("Forwards CodePipeline events and heartbeats to the audit account (pipetrail)")
                .template_body(step.template.body())
                .set_parameters(Some(parameters_to(parameters)))
                .set_tags(Some(tags_to(&step.tags)))
                .capabilities(Capability::CapabilityNamedIam)
                .permission_model(PermissionModels::ServiceManaged)
                .auto_deployment(auto_deployment(step.auto_deployment))
                .managed_execution(ManagedExecution::builder().active(true).build())
                .send()
                .await;
            match created {
                // Another run of ours was quicker, and the next plan shows what still differs; or
                // somebody else was, whose stack set must not get our instances.
                Err(error) if error.code() == Some("NameAlreadyExistsException") => {
                    let set = StackSet::read(self.client, self.caller).await?;
                    if set.is_some_and(|set| set.is_ours()) {
                        break;
                    }
                    return Err(Error::foreign("stack set", STACK));
                }
                Err(error)
                    if attempt < ACCESS_ATTEMPTS
                        && error
                            .message()
                            .is_some_and(|text| text.to_lowercase().contains("organizations access")) =>
                {
                    tell("waiting for trusted access");
                    pause.sleep().await;
                }
                created => {
                    let created = created.map_err(from_sdk(format!("create stack set {STACK}")));
                    return self.written.note(created).map(|_| ());
                }
            }
        }
        Ok(())
    }

    async fn update(
        &self,
        step: &SetStep,
        parameters: &BTreeMap<String, String>,
        tell: Tell<'_>,
    ) -> Result<String, Error> {
        let wanted = step.operation_id.clone().unwrap_or_default();
        let call = self
            .client
            .update_stack_set()
            .stack_set_name(STACK)
            .call_as(self.caller.call_as())
            .template_body(step.template.body())
            .set_parameters(Some(parameters_to(parameters)))
            .set_tags(Some(tags_to(&step.tags)))
            .capabilities(Capability::CapabilityNamedIam)
            .permission_model(PermissionModels::ServiceManaged)
            .auto_deployment(auto_deployment(step.auto_deployment))
            .managed_execution(ManagedExecution::builder().active(true).build())
            .operation_preferences(in_order(
                &step.region_order,
                preferences(&self.rollout.over(step.accounts)),
            ))
            .operation_id(&wanted);
        let action = format!("update stack set {STACK}");
        let updated = self.write(&action, tell, || call.clone().send()).await?;
        Ok(updated.and_then(|updated| updated.operation_id).unwrap_or(wanted))
    }
}

/// What becomes of the stacks of accounts that leave may be said only where it is on.
fn auto_deployment(on: bool) -> AutoDeployment {
    AutoDeployment::builder()
        .enabled(on)
        .set_retain_stacks_on_account_removal(on.then_some(false))
        .build()
}

/// Soft tolerance: with the strict one, real concurrency is the tolerance plus one.
pub(crate) fn preferences(rollout: &RolloutLimits) -> StackSetOperationPreferences {
    StackSetOperationPreferences::builder()
        .region_concurrency_type(RegionConcurrencyType::Parallel)
        .concurrency_mode(ConcurrencyMode::SoftFailureTolerance)
        .max_concurrent_percentage(i32::from(rollout.max_concurrent_percentage))
        .failure_tolerance_percentage(i32::from(rollout.failure_tolerance_percentage))
        .build()
}

/// The same, but one region after another in this order, unless it is empty.
fn in_order(regions: &[Region], preferences: StackSetOperationPreferences) -> StackSetOperationPreferences {
    if regions.is_empty() {
        return preferences;
    }
    let mut preferences = preferences;
    preferences.region_concurrency_type = Some(RegionConcurrencyType::Sequential);
    preferences.region_order = Some(regions.iter().map(ToString::to_string).collect());
    preferences
}
