//! The plan: what has to change, as a value that is shown, serialised, tested and then applied.

mod changes;
mod diff;
mod instances;
mod note;
mod plain;
mod reader;
mod removals;
mod replacement;
mod show;
mod stacks;
mod step;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use pipetrail_names::{AccountId, Region};
use serde::Serialize;
use sha2::{Digest, Sha256};

pub use diff::{plan, plan_for};
pub use note::{Note, Uncovering};
pub(crate) use show::{heading, some};
pub use step::{
    AccessStep, Change, DrainStep, InstancesAction, InstancesStep, ManagementAction, ManagementStep, ReplaceReason,
    ReplayStep, SetAction, SetStep, StackAction, StackStep, Upload,
};
pub use view::Focus;

use crate::desired::{ParameterValue, RolloutLimits};
use crate::step_id::StepId;

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
    /// What comes before the stack that the flow runs through is replaced.
    pub drain: Option<DrainStep>,
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
    /// What comes last, after a replacement.
    pub replay: Option<ReplayStep>,
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

    /// What comes before that step.
    pub(crate) fn drain_before(&self, step: &StackStep) -> Option<&DrainStep> {
        self.drain.as_ref().filter(|drain| drain.flow.stack == step.name)
    }

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
            .chain(later.iter().flat_map(|step| {
                self.drain_before(step)
                    .map(DrainStep::id)
                    .into_iter()
                    .chain([step.id()])
            }))
            .chain(self.trusted_access.map(|_| StepId::TrustedAccess))
            .chain(joins)
            .chain(self.stack_set.as_ref().map(SetStep::id))
            .chain(self.management.iter().map(ManagementStep::id))
            .chain(self.instances.iter().map(InstancesStep::id))
            .chain(self.replay.as_ref().map(ReplayStep::id))
    }

    /// SHA-256 over every field of the plan in hexadecimal digits: two plans have the same one exactly
    /// when applying them is the same.
    ///
    /// Hidden values go in (private parameters, tags, templates, zips), since every type below a plan
    /// derives `Hash`. It may change with pipetrail's version.
    pub fn fingerprint(&self) -> String {
        let mut state = State(Sha256::new());
        self.hash(&mut state);
        state.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A hasher whose result is all of SHA-256.
struct State(Sha256);

impl Hasher for State {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The same on machines of another word size.
    fn write_usize(&mut self, number: usize) {
        self.0.update(u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
    }

    /// Not asked for: 64 bits are too few to rule out a collision made on purpose.
    fn finish(&self) -> u64 {
        0
    }
}
