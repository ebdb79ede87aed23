//! What the steps of a plan are called in progress and results.

use super::Plan;
use super::step::{AccessStep, InstancesStep, ManagementStep, SetStep, StackStep, Upload};
use crate::step_id::StepId;

impl StackStep {
    pub(crate) fn id(&self) -> StepId {
        StepId::Stack(self.name.clone())
    }
}

impl Upload {
    pub(crate) fn id(&self) -> StepId {
        StepId::Upload(self.key.clone())
    }
}

impl AccessStep {
    pub(crate) fn id(self) -> StepId {
        StepId::TrustedAccess
    }
}

impl SetStep {
    pub(crate) fn id(&self) -> StepId {
        StepId::StackSet(self.name.clone())
    }
}

impl ManagementStep {
    pub(crate) fn id(&self) -> StepId {
        StepId::ManagementStack {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }
}

impl InstancesStep {
    pub(crate) fn id(&self) -> StepId {
        StepId::Instances(self.clone())
    }
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.ids().next().is_none()
    }

    pub fn steps(&self) -> usize {
        self.ids().count()
    }

    /// Its steps in the order of application.
    pub fn ids(&self) -> impl Iterator<Item = StepId> {
        let (first, later) = self.around_uploads();
        let joins = self.joins.iter().map(|id| StepId::Operation(id.clone()));
        first
            .iter()
            .map(StackStep::id)
            .chain(self.uploads.iter().map(Upload::id))
            .chain(later.iter().map(StackStep::id))
            .chain(self.trusted_access.map(AccessStep::id))
            .chain(joins)
            .chain(self.stack_set.as_ref().map(SetStep::id))
            .chain(self.management.iter().map(ManagementStep::id))
            .chain(self.instances.iter().map(InstancesStep::id))
    }
}
