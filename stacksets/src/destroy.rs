//! Taking pipetrail away again: what stands is read once, a plan is made of it, and that very plan is
//! carried out.
//!
//! Forwarders go before the bus, because a rule whose bus is missing drops its events without a
//! sound. Data goes only when it is asked for, and never what is under retention.

mod bucket;
mod carry_out;
mod evidence;
mod instances;
mod plan;
mod removals;
mod show;
mod standing;
#[cfg(test)]
mod tests;

use pipetrail_names::{AccountId, AccountRegion, OuId, Region, audit};
use serde::Serialize;

pub use bucket::Contents;
pub use carry_out::destroy;
pub use plan::plan;
pub use standing::Standing;

/// What is taken away: an audit account's installation, and the names of its buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub audit_account: AccountId,
    /// Home region.
    pub region: Region,
    /// Bucket of zips and large templates.
    pub artifacts: String,
    /// Bucket of the lake.
    pub lake: String,
    /// Bucket of Athena's results.
    pub results: String,
    /// Bucket of the evidence, with Object Lock.
    pub evidence: String,
    /// How many accounts of a region at a time, in per cent.
    pub max_concurrent_percentage: u8,
}

impl Names {
    /// The fixed names of an installation.
    pub fn new(audit_account: AccountId, region: Region, max_concurrent_percentage: u8) -> Self {
        let bucket = |bucket: audit::Bucket| bucket.name(&audit_account, &region);
        Names {
            artifacts: bucket(audit::Bucket::Artifacts),
            lake: bucket(audit::Bucket::Lake),
            results: bucket(audit::Bucket::Athena),
            evidence: bucket(audit::Bucket::Evidence),
            audit_account,
            region,
            max_concurrent_percentage,
        }
    }
}

/// Everything that goes, in order, and what stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DestroyPlan {
    /// The organization, `o-…`.
    pub organization: String,
    pub audit_account: AccountId,
    /// Home region.
    pub region: Region,
    /// What is done, in this order.
    pub steps: Vec<DestroyStep>,
    /// What stays, and why.
    pub remains: Vec<Remains>,
    /// What to know beside it.
    pub notes: Vec<String>,
}

impl DestroyPlan {
    /// A plan without a step.
    #[must_use]
    pub fn nothing(names: &Names, standing: &Standing) -> Self {
        DestroyPlan {
            organization: standing.organization.id.clone(),
            audit_account: names.audit_account.clone(),
            region: names.region.clone(),
            steps: vec![],
            remains: vec![],
            notes: vec![],
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DestroyStep {
    /// An operation of the stack set is still at work: it is waited for.
    Join { operation_id: String },
    /// New accounts of the units are not enrolled by themselves any more.
    AutoDeploymentOff { operation_id: String },
    /// Stack instances are deleted, with their stacks or without.
    Instances(InstancesRemoval),
    /// The stack set is deleted, once it has no instance.
    StackSet { name: String },
    /// A stack is deleted.
    Stack {
        name: String,
        account: AccountId,
        region: Region,
        /// Its id: the name may belong to another stack by the time it is deleted.
        #[serde(skip)]
        id: String,
        /// Its CloudFormation status.
        status: String,
        /// Whether its termination protection is lifted before.
        lifts_protection: bool,
    },
    /// All versions of all objects are deleted.
    Empty {
        bucket: String,
        /// What it holds.
        contents: Contents,
        /// Whether versions under retention or legal hold stay.
        keeps_retained: bool,
    },
    /// The empty bucket is deleted.
    Bucket { bucket: String },
}

/// One `DeleteStackInstances` operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstancesRemoval {
    /// Units or roots, 50 at most.
    pub units: Vec<OuId>,
    /// The accounts that the filter is about.
    pub accounts: Vec<AccountId>,
    /// What the accounts mean.
    pub filter: AccountFilter,
    pub regions: Vec<Region>,
    /// Whether the stacks stay: the account cannot be reached, or StackSets cannot work on them.
    pub retains_stacks: bool,
    /// Every instance that it is about.
    pub instances: Vec<AccountRegion>,
    pub operation_id: String,
}

/// Which accounts below the units an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountFilter {
    /// All.
    None,
    /// Only those named.
    Intersection,
    /// All but those named.
    Difference,
}

/// What it is that stays. It serialises as it is displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remnant {
    /// A stack, by name.
    Stack(String),
    /// A bucket, by name.
    Bucket(String),
    /// The stack of a stack instance.
    InstanceStack(AccountRegion),
}

/// Something of pipetrail that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remains {
    pub what: Remnant,
    pub account: AccountId,
    pub region: Region,
    /// Why it stays, and until when.
    pub why: String,
    /// How many object versions it holds; `None` where it holds none.
    pub records: Option<u64>,
    /// Their size in bytes.
    pub bytes: Option<u64>,
    /// The latest retain-until date among them, UTC.
    pub retained_until: Option<String>,
    /// Whether it was to go, and could not: the command then ends as partly done.
    pub unwanted: bool,
}

impl Remains {
    /// Without contents, and not unwanted.
    pub fn new(what: Remnant, account: &AccountId, region: &Region, why: impl Into<String>) -> Self {
        Remains {
            what,
            account: account.clone(),
            region: region.clone(),
            why: why.into(),
            records: None,
            bytes: None,
            retained_until: None,
            unwanted: false,
        }
    }
}
