//! The stack set's calls: auto-deployment off, instances deleted, the set deleted.

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{AccountFilterType, AutoDeployment, Capability, DeploymentTargets, Parameter};

use super::{Filter, Removal};
use crate::error::{Error, from_sdk};
use crate::rollout::{Ended, Target, preferences};
use crate::stack::Pause;

// merge: Target::write, where one place answers another operation for all write calls.
/// Without managed execution an operation is refused while another one runs; AWS ends them within
/// hours, so that it is asked for as long as that.
const TURNS: u32 = 400;

impl Target<'_> {
    /// Switches auto-deployment off. The template and all parameters stay as they are, so that an
    /// account that is asked to update its stack has nothing to update.
    ///
    /// Not proven on AWS: whether the accounts are asked at all.
    pub(super) async fn stop_auto_deployment(
        &self,
        parameters: impl Iterator<Item = &String> + Send,
        operation_id: &str,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Ended, Error> {
        let kept = parameters.map(|name| {
            Parameter::builder()
                .parameter_key(name)
                .use_previous_value(true)
                .build()
        });
        let call = self
            .client
            .update_stack_set()
            .stack_set_name(self.name)
            .call_as(self.call_as.clone())
            .use_previous_template(true)
            .set_parameters(Some(kept.collect()))
            .capabilities(Capability::CapabilityNamedIam)
            .auto_deployment(AutoDeployment::builder().enabled(false).build())
            .operation_preferences(preferences(self.rollout))
            .operation_id(operation_id);
        let mut pause = Pause::default();
        for turn in 0.. {
            match call.clone().send().await {
                Err(error) if is_known(&error) => break,
                Err(error) if turn < TURNS && must_wait(&error) => {
                    tell("waiting for another operation");
                    pause.sleep().await;
                }
                updated => {
                    let updated = updated.map_err(from_sdk("switch auto-deployment off"));
                    let id = self.written.note(updated)?.operation_id;
                    return self.wait(id.as_deref().unwrap_or(operation_id), tell).await;
                }
            }
        }
        self.wait(operation_id, tell).await
    }

    /// Deletes instances and waits.
    pub(super) async fn remove_instances(
        &self,
        removal: &Removal,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Ended, Error> {
        let filter = match removal.filter {
            Filter::None => None,
            Filter::Intersection => Some(AccountFilterType::Intersection),
            Filter::Difference => Some(AccountFilterType::Difference),
        };
        let targets = DeploymentTargets::builder()
            .set_organizational_unit_ids(Some(removal.units.clone()))
            .set_accounts(filter.is_some().then(|| removal.accounts.clone()))
            .set_account_filter_type(filter)
            .build();
        let call = self
            .client
            .delete_stack_instances()
            .stack_set_name(self.name)
            .call_as(self.call_as.clone())
            .deployment_targets(targets)
            .set_regions(Some(removal.regions.clone()))
            .retain_stacks(removal.retains_stacks)
            .operation_preferences(preferences(self.rollout))
            .operation_id(&removal.operation_id);
        let mut pause = Pause::default();
        for turn in 0.. {
            match call.clone().send().await {
                Err(error) if is_known(&error) => break,
                Err(error) if turn < TURNS && must_wait(&error) => {
                    tell("waiting for another operation");
                    pause.sleep().await;
                }
                deleted => {
                    let deleted = deleted.map_err(from_sdk("delete stack instances"));
                    let id = self.written.note(deleted)?.operation_id;
                    return self.wait(id.as_deref().unwrap_or(&removal.operation_id), tell).await;
                }
            }
        }
        self.wait(&removal.operation_id, tell).await
    }

    /// Deletes the stack set, which has no instance.
    pub(super) async fn remove_set(&self, tell: &mut (dyn FnMut(&str) + Send)) -> Result<(), Error> {
        let mut pause = Pause::default();
        let call = self
            .client
            .delete_stack_set()
            .stack_set_name(self.name)
            .call_as(self.call_as.clone());
        for turn in 0.. {
            match call.clone().send().await {
                Err(error) if error.code() == Some("StackSetNotFoundException") => break,
                Err(error) if turn < TURNS && must_wait(&error) => {
                    tell("waiting for another operation");
                    pause.sleep().await;
                }
                deleted => {
                    let deleted = deleted.map_err(from_sdk(format!("delete stack set {}", self.name)));
                    return self.written.note(deleted).map(|_| ());
                }
            }
        }
        Ok(())
    }
}

/// Whether an operation of this id was begun already, by a run before this one or beside it.
fn is_known<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.code() == Some("OperationIdAlreadyExistsException")
}

/// Whether another operation has to end first.
fn must_wait<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(
        error.code(),
        Some("OperationInProgressException" | "StaleRequestException")
    )
}
