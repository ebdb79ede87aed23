//! What a step is called in progress and results: typed, so that nobody looks one up by its text. And
//! what it needs of earlier ones.

use std::fmt;

use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, Region};
use serde::{Serialize, Serializer};

use crate::destroy::InstancesRemoval;
use crate::plan::{DrainStep, InstancesStep, ManagementStep, ReplayStep, SetStep, StackStep, Upload};

/// A step. It serialises as it is displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepId {
    /// A stack of the audit account is brought to its state, or waited for; its name.
    Stack(String),
    /// The rules of a bus go off and what is behind them drains; the bus's name.
    Drain(String),
    /// What reached a bus without rules is replayed; the bus's name.
    Replay(String),
    /// A zip is uploaded; its S3 key.
    Upload(String),
    /// StackSets gets trusted access.
    TrustedAccess,
    /// An operation of the stack set is waited for; its id.
    Operation(String),
    /// The stack set is brought to its state, or deleted; its name.
    StackSet(String),
    /// A stack of the management account is brought to its state, or deleted with its enrolment.
    ManagementStack { account: AccountId, region: Region },
    /// An operation of a plan on instances.
    Instances(InstancesStep),
    /// Auto-deployment is switched off.
    AutoDeploymentOff,
    /// Instances are deleted because everything goes.
    InstancesRemoval(InstancesRemoval),
    /// A stack is deleted because everything goes.
    StackRemoval {
        name: String,
        account: AccountId,
        region: Region,
    },
    /// A bucket is emptied; its name.
    Objects(String),
    /// A bucket is deleted; its name.
    Bucket(String),
    /// A step of the caller's own, in the caller's words.
    Callers(&'static str),
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepId::Stack(name) => write!(f, "stack {name}"),
            StepId::Drain(bus) => write!(f, "rules of bus {bus}"),
            StepId::Replay(bus) => write!(f, "replay to bus {bus}"),
            StepId::Upload(key) => write!(f, "upload {key}"),
            StepId::TrustedAccess => f.write_str("trusted access for StackSets"),
            StepId::Operation(id) => write!(f, "operation {id}"),
            StepId::StackSet(name) => write!(f, "stack set {name}"),
            StepId::ManagementStack { account, region } => write!(f, "stack {STACK} in {account}, {region}"),
            StepId::Instances(step) => step.fmt(f),
            StepId::AutoDeploymentOff => f.write_str("auto-deployment off"),
            StepId::InstancesRemoval(removal) => removal.fmt(f),
            StepId::StackRemoval { name, account, region } => {
                write!(f, "stack {name} of account {account} in {region}")
            }
            StepId::Objects(bucket) => write!(f, "objects of bucket {bucket}"),
            StepId::Bucket(bucket) => write!(f, "bucket {bucket}"),
            StepId::Callers(words) => f.write_str(words),
        }
    }
}

impl StackStep {
    pub(crate) fn id(&self) -> StepId {
        StepId::Stack(self.name.clone())
    }
}

impl DrainStep {
    pub(crate) fn id(&self) -> StepId {
        StepId::Drain(self.bus.clone())
    }
}

impl ReplayStep {
    pub(crate) fn id(&self) -> StepId {
        StepId::Replay(self.flow.bus.clone())
    }
}

impl Upload {
    pub(crate) fn id(&self) -> StepId {
        StepId::Upload(self.key.clone())
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

impl Serialize for StepId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a step needs. Of several that are broken the first in this order is the one that a message
/// names, as [`fmt::Display`] writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// A zip in its bucket, by its S3 key.
    Upload(String),
    /// That StackSets may work in the organization.
    TrustedAccess,
    /// A stack of the audit account.
    Stack(String),
    StackSet(String),
    /// That streams have drained, which go with their stack; the bus's name.
    Drained(String),
    /// That no creation of instances was refused as a whole.
    Creations,
    /// That no forwarder runs any more: while one does, the bus must not go.
    ForwardersGone,
    StackGone(String),
    BucketGone(String),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Need::Upload(name) | Need::Stack(name) | Need::StackSet(name) => f.write_str(name),
            Need::TrustedAccess => f.write_str(crate::SERVICE_PRINCIPAL),
            Need::Drained(bus) => write!(f, "the streams behind bus {bus} to be drained first"),
            Need::Creations => f.write_str("the instances that replace them"),
            Need::ForwardersGone => f.write_str("every forwarder to be gone first"),
            Need::StackGone(name) | Need::BucketGone(name) => write!(f, "{name} to be gone first"),
        }
    }
}
