//! The plan: what has to change, as a value that is shown, serialised, tested and then applied.

mod changes;
mod diff;
mod fingerprint;
mod focus;
mod group;
mod ids;
mod instances;
mod management;
mod note;
mod notes;
mod outputs;
mod removals;
mod set;
mod show;
mod stacks;
mod step;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;

use pipetrail_names::{AccountId, Region};
use serde::Serialize;

pub use diff::{plan, plan_for};
pub use focus::Focus;
pub use note::{Note, Uncovering};
pub(crate) use show::{heading, some};
pub use step::{
    AccessStep, Change, InstancesAction, InstancesStep, ManagementAction, ManagementStep, SetAction, SetStep,
    StackAction, StackStep, Upload,
};

use crate::desired::{ParameterValue, RolloutLimits};

/// Everything that has to change, in the order of application.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Plan {
    /// The organization, `o-…`.
    pub organization: String,
    pub audit_account: AccountId,
    /// Home region.
    pub region: Region,
    /// Stacks of the audit account.
    pub stacks: Vec<StackStep>,
    /// Zips to upload, once the first stack stands.
    pub uploads: Vec<Upload>,
    /// How StackSets gets its trusted access, where it has none.
    pub trusted_access: Option<AccessStep>,
    /// Ids of operations that another run of ours began and that are still at work.
    pub joins: Vec<String>,
    /// The stack set itself.
    pub stack_set: Option<SetStep>,
    /// The management account's own stacks, which stand in for instances there.
    pub management: Vec<ManagementStep>,
    /// The stack set's instances: created and tried again first, removed last.
    pub instances: Vec<InstancesStep>,
    /// How fast and how tolerant the operations are.
    pub rollout: RolloutLimits,
    /// What to know, but not to do.
    pub notes: Vec<Note>,
    /// Where zips and large templates go.
    #[serde(skip)]
    pub(crate) bucket: ParameterValue,
    /// Outputs of the stacks that stand: what [`ParameterValue::Output`] means while they are unchanged.
    #[serde(skip)]
    pub(crate) outputs: BTreeMap<String, BTreeMap<String, String>>,
}

impl Plan {
    /// The stacks before the uploads, which is the one with their bucket, and those after them.
    pub(crate) fn around_uploads(&self) -> (&[StackStep], &[StackStep]) {
        let has_bucket =
            |step: &&StackStep| matches!(&self.bucket, ParameterValue::Output { stack, .. } if *stack == step.name);
        self.stacks.split_at(self.stacks.iter().take_while(has_bucket).count())
    }
}
