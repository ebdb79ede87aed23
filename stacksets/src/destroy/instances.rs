//! The stack set's calls: auto-deployment off, instances deleted, the set deleted.

use aws_sdk_cloudformation::types::{AccountFilterType, AutoDeployment, Capability, Parameter};

use pipetrail_names::member::STACK;

use super::{AccountFilter, InstancesRemoval};
use crate::error::{Error, unless_refused};
use crate::instance_result::OperationEnd;
use crate::pause::Tell;
use crate::set_calls::{SetCalls, preferences, targets_of};

impl SetCalls<'_> {
    /// Switches auto-deployment off. The template and all parameters stay as they are, so that an
    /// account that is asked to update its stack has nothing to update.
    ///
    /// Not proven on AWS: whether the accounts are asked at all.
    pub(super) async fn stop_auto_deployment(
        &self,
        parameters: impl Iterator<Item = &String> + Send,
        operation_id: &str,
        tell: Tell<'_>,
    ) -> Result<OperationEnd, Error> {
        let kept = parameters.map(|name| Parameter::builder().parameter_key(name));
        let kept = kept.map(|kept| kept.use_previous_value(true).build());
        let call = self
            .client
            .update_stack_set()
            .stack_set_name(STACK)
            .call_as(self.caller.call_as())
            .use_previous_template(true)
            .set_parameters(Some(kept.collect()))
            .capabilities(Capability::CapabilityNamedIam)
            .auto_deployment(AutoDeployment::builder().enabled(false).build())
            .operation_preferences(preferences(self.rollout))
            .operation_id(operation_id);
        let updated = self.write("switch auto-deployment off", tell, || call.clone().send());
        let id = updated.await?.and_then(|updated| updated.operation_id);
        self.wait(id.as_deref().unwrap_or(operation_id), tell).await
    }

    pub(super) async fn remove_instances(
        &self,
        removal: &InstancesRemoval,
        tell: Tell<'_>,
    ) -> Result<OperationEnd, Error> {
        let filter = match removal.filter {
            AccountFilter::None => None,
            AccountFilter::Intersection => Some((AccountFilterType::Intersection, &removal.accounts)),
            AccountFilter::Difference => Some((AccountFilterType::Difference, &removal.accounts)),
        };
        let targets = targets_of(&removal.units, filter);
        let (regions, retains, id) = (&removal.regions, removal.retains_stacks, &removal.operation_id);
        // All may fail there, however many they are.
        let id = self.delete_instances((targets, 0), regions, retains, id, tell).await?;
        self.wait(&id, tell).await
    }

    /// Deletes the stack set, which has no instance.
    pub(super) async fn remove_set(&self, tell: Tell<'_>) -> Result<(), Error> {
        let call = self.client.delete_stack_set().stack_set_name(STACK);
        let call = call.call_as(self.caller.call_as());
        let action = format!("delete stack set {STACK}");
        let deleted = self.write(&action, tell, || call.clone().send()).await;
        unless_refused("StackSetNotFoundException", deleted).map(|_| ())
    }
}
