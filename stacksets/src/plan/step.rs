//! The steps of a plan, as data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pipetrail_names::{AccountId, OuId, Region};
use serde::Serialize;

use crate::desired::{ParameterValue, Zip};
use crate::flow::Flow;
use crate::template::{Template, TemplateDiff};

/// A stack to create, replace or update.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct StackStep {
    pub name: String,
    pub action: StackAction,
    /// What differs; for a new stack its parameters.
    pub changes: Vec<Change>,
    /// Buckets that exist already, because an earlier stack retained them: a new stack takes them over
    /// with all that is in them.
    pub adopts: Vec<String>,
    /// The template it gets.
    pub template: Template,
    /// All parameters it gets.
    #[serde(skip)]
    pub(crate) parameters: BTreeMap<String, ParameterValue>,
    /// All tags it gets, those that others put on it included.
    #[serde(skip)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether termination protection is on afterwards.
    pub protect: bool,
}

impl StackStep {
    /// Whether an update is more than switching termination protection on.
    pub(crate) fn needs_update(&self) -> bool {
        self.changes
            .iter()
            .any(|change| *change != Change::TerminationProtection)
    }
}

/// What is done to a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StackAction {
    /// It is not there.
    Create,
    /// It never stood, somebody has begun to delete it, or it waits for a change set of ours to be
    /// executed: what is left is deleted, then it is created.
    Replace {
        /// Its id: the name may belong to another stack by the time it is deleted.
        #[serde(skip)]
        id: String,
        /// Its status, for example `ROLLBACK_COMPLETE`.
        status: String,
        reason: ReplaceReason,
    },
    /// Its update failed, and so did the rollback (`UPDATE_ROLLBACK_FAILED`): that is continued, then the
    /// stack is updated.
    ContinueUpdateRollback,
    /// Its update failed, and somebody had switched the rollback off (`UPDATE_FAILED`): it is rolled
    /// back, then updated.
    RollbackStack,
    /// It differs.
    Update,
}

/// Why a stack is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplaceReason {
    /// CloudFormation cannot update it.
    Stuck,
    /// Somebody asked for it.
    AskedFor,
    /// An earlier run has begun to.
    Begun,
}

/// The rules on the way through a stack go off and its streams drain, before it is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct DrainStep {
    pub bus: String,
    /// How many rules.
    pub rules: usize,
    pub buffer_seconds: u32,
    /// Since when an earlier run has had them off.
    pub begun: Option<Timestamp>,
    /// Whether an archive keeps what reaches the bus meanwhile.
    pub archived: bool,
    /// Id of the stack that is replaced.
    #[serde(skip)]
    pub(crate) stack: String,
    /// Since when the stack has been without some of its rules, where it never stood or was being deleted.
    #[serde(skip)]
    pub(crate) lacking_since: Option<Timestamp>,
    #[serde(skip)]
    pub(crate) flow: Flow,
}

/// What reached the bus while it had no rules is replayed, at the end of all.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ReplayStep {
    /// `None` where there is none: then that is lost.
    pub archive: Option<String>,
    /// When the rules were there again; `None` while they are not.
    pub until: Option<Timestamp>,
    /// The state of a replay that was started, for example `RUNNING`.
    pub state: Option<String>,
    #[serde(skip)]
    pub(crate) flow: Flow,
}

/// A difference between what stands and what should.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Change {
    Template(TemplateDiff),
    Parameter {
        name: String,
        /// Its value now; `None` when it is not set or private.
        from: Option<String>,
        /// Its value afterwards.
        to: ParameterValue,
    },
    Tag {
        key: String,
        /// Its value afterwards.
        to: String,
    },
    /// Termination protection is switched on.
    TerminationProtection,
    /// Auto-deployment is switched on, without retaining the stacks of accounts that leave, or off.
    AutoDeployment {
        on: bool,
    },
}

/// A Lambda zip to upload.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct Upload {
    /// Its S3 key.
    pub key: String,
    /// Its size in bytes.
    pub bytes: usize,
    #[serde(skip)]
    pub(crate) zip: Zip,
}

/// Through which call StackSets gets its trusted access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessStep {
    /// `cloudformation:ActivateOrganizationsAccess`, which also creates the service-linked role.
    Activate,
    /// `organizations:EnableAWSServiceAccess`, where the endpoint lacks the former.
    EnableServiceAccess,
}

/// The stack set to create or update.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct SetStep {
    pub name: String,
    pub action: SetAction,
    /// What differs; for a new one its parameters.
    pub changes: Vec<Change>,
    /// The template it gets.
    pub template: Template,
    /// The operation's id; AWS takes none for a creation.
    pub operation_id: Option<String>,
    /// How many accounts have an instance.
    #[serde(skip)]
    pub(crate) accounts: usize,
    /// Whether accounts that join an enrolled unit get the stack by themselves.
    #[serde(skip)]
    pub(crate) auto_deployment: bool,
    /// In this order one region after another; empty for all at once.
    pub region_order: Vec<Region>,
    #[serde(skip)]
    pub(crate) parameters: BTreeMap<String, ParameterValue>,
    #[serde(skip)]
    pub(crate) tags: BTreeMap<String, String>,
}

/// What is done to the stack set or its instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SetAction {
    /// They are not there.
    Create,
    /// They differ, or an attempt failed. Updating the stack set updates every instance.
    Update,
}

/// One operation on instances: a `CreateStackInstances`, `UpdateStackInstances` or
/// `DeleteStackInstances` call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct InstancesStep {
    pub action: InstancesAction,
    /// Units or roots, 50 at most.
    pub units: Vec<OuId>,
    /// Only these accounts below the units; `None` for all.
    pub accounts: Option<Vec<AccountId>>,
    /// All accounts below the units but these; empty beside `accounts`.
    pub excluded: Vec<AccountId>,
    pub regions: Vec<Region>,
    /// Whether stacks stay behind when their instances are deleted.
    pub retain_stacks: bool,
    /// How many instances that concerns.
    pub instances: usize,
    pub operation_id: String,
}

impl InstancesStep {
    /// A step that concerns nothing yet.
    pub(crate) fn new(action: InstancesAction) -> Self {
        InstancesStep {
            action,
            ..InstancesStep::default()
        }
    }
}

/// What is done to stack instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstancesAction {
    /// They are not there.
    #[default]
    Create,
    /// An attempt failed.
    Update,
    /// They stand outside of the scope.
    Delete,
}

/// A stack of the management account.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
pub struct ManagementStep {
    pub account: AccountId,
    pub region: Region,
    #[serde(flatten)]
    pub action: ManagementAction,
}

/// What is done to a stack of the management account.
#[derive(Clone, Debug, PartialEq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ManagementAction {
    /// It is brought to the member template's state.
    Deploy { stack: StackStep },
    /// It is deleted: the account or the region is not enrolled any more.
    Delete {
        #[serde(skip)]
        id: String,
        status: String,
    },
    /// Nothing can be done to it: the step fails.
    Blocked {
        /// Its CloudFormation status.
        status: String,
    },
}
