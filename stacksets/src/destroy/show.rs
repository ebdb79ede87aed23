//! The plan as people read it. Every `Display` destructures exhaustively: a new field cannot go
//! unprinted.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{AccountFilter, DestroyPlan, DestroyStep, InstancesRemoval, Remains, Remnant};
use crate::plan::{heading, some};
use crate::step_id::StepId;

impl fmt::Display for DestroyPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DestroyPlan {
            organization,
            audit_account,
            region,
            steps,
            remains,
            notes,
        } = self;
        heading(f, organization, audit_account, region)?;
        steps.iter().try_for_each(|step| match step {
            DestroyStep::Join { .. } => writeln!(f, "~ {step}"),
            _ => writeln!(f, "- {step}"),
        })?;
        if steps.is_empty() {
            writeln!(f, "nothing to destroy")?;
        }
        remains.iter().try_for_each(|remains| writeln!(f, "stays: {remains}"))?;
        notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl DestroyStep {
    /// What it is called in progress and results.
    pub(super) fn id(&self) -> StepId {
        match self {
            DestroyStep::Join { operation_id } => StepId::Operation(operation_id.clone()),
            DestroyStep::AutoDeploymentOff { .. } => StepId::AutoDeploymentOff,
            DestroyStep::Instances(removal) => StepId::InstancesRemoval(removal.clone()),
            DestroyStep::StackSet { name } => StepId::StackSet(name.clone()),
            DestroyStep::Stack {
                name, account, region, ..
            } => StepId::StackRemoval {
                name: name.clone(),
                account: account.clone(),
                region: region.clone(),
            },
            DestroyStep::Empty { bucket, .. } => StepId::Objects(bucket.clone()),
            DestroyStep::Bucket { bucket } => StepId::Bucket(bucket.clone()),
        }
    }
}

impl fmt::Display for DestroyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DestroyStep::Join { operation_id: _ } => write!(f, "{}: wait for its end", self.id()),
            DestroyStep::AutoDeploymentOff { operation_id: _ } => {
                f.write_str("auto-deployment: off, so that new accounts get no stack meanwhile")
            }
            DestroyStep::Instances(removal) => removal.fmt(f),
            DestroyStep::StackSet { name: _ } => write!(f, "{}: delete", self.id()),
            DestroyStep::Stack {
                name: _,
                account: _,
                region: _,
                id: _,
                status,
                lifts_protection,
            } => {
                write!(f, "{}: ", self.id())?;
                if *lifts_protection {
                    f.write_str("lift its termination protection and ")?;
                }
                f.write_str("delete it")?;
                if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
                    write!(f, ", it is {status}")?;
                }
                Ok(())
            }
            DestroyStep::Empty {
                bucket,
                contents,
                keeps_retained,
            } => {
                write!(f, "bucket {bucket}: delete {contents}, for ever")?;
                if *keeps_retained {
                    f.write_str(", but for what is under retention or legal hold")?;
                }
                Ok(())
            }
            DestroyStep::Bucket { bucket: _ } => write!(f, "{}: delete", self.id()),
        }
    }
}

impl fmt::Display for InstancesRemoval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InstancesRemoval {
            units,
            accounts,
            filter,
            regions,
            retains_stacks,
            instances,
            operation_id: _,
        } = self;
        let count = instances.len();
        if *retains_stacks {
            write!(f, "stack instances: let go of {count} without their stacks in ")?;
        } else {
            write!(f, "stack instances: delete {count} with their stacks in ")?;
        }
        f.write_str(&units.join(", "))?;
        match filter {
            AccountFilter::None => {}
            AccountFilter::Intersection => write!(f, " (accounts {})", some(accounts))?,
            AccountFilter::Difference => write!(f, " (without accounts {})", some(accounts))?,
        }
        write!(f, " / {}", regions.join(", "))
    }
}

impl fmt::Display for Remnant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remnant::Stack(name) => write!(f, "stack {name}"),
            Remnant::Bucket(name) => write!(f, "bucket {name}"),
            Remnant::InstanceStack(instance) => write!(f, "the stack of stack instance {instance}"),
        }
    }
}

impl Serialize for Remnant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Remains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Remains {
            what,
            account,
            region,
            why,
            records,
            bytes,
            retained_until,
            unwanted: _,
        } = self;
        write!(f, "{what} of account {account} in {region}")?;
        if let (Some(records), Some(bytes)) = (records, bytes) {
            write!(f, ", {records} object versions ({bytes} bytes)")?;
        }
        if let Some(until) = retained_until {
            write!(f, ", retained until {until}")?;
        }
        write!(f, ": {why}")
    }
}
