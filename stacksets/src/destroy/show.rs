//! The plan as people read it. Every `Display` destructures exhaustively: a new field cannot go
//! unprinted.

use std::fmt;

use super::{Filter, Plan, Remains, Removal, Step};
use crate::plan::some;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan {
            organization,
            audit_account,
            region,
            steps,
            remains,
            notes,
        } = self;
        writeln!(
            f,
            "organization {organization}, audit account {audit_account}, home region {region}"
        )?;
        steps.iter().try_for_each(|step| match step {
            Step::Join { .. } => writeln!(f, "~ {step}"),
            _ => writeln!(f, "- {step}"),
        })?;
        if steps.is_empty() {
            writeln!(f, "nothing to destroy")?;
        }
        remains.iter().try_for_each(|remains| writeln!(f, "stays: {remains}"))?;
        notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl Step {
    /// What it is called in progress and results.
    pub(super) fn name(&self) -> String {
        match self {
            Step::Join { operation_id } => format!("operation {operation_id}"),
            Step::AutoDeploymentOff { .. } => "auto-deployment off".to_owned(),
            Step::Instances(removal) => removal.to_string(),
            Step::StackSet { name } => format!("stack set {name}"),
            Step::Stack {
                name, account, region, ..
            } => format!("stack {name} of account {account} in {region}"),
            Step::Empty { bucket, .. } => format!("objects of bucket {bucket}"),
            Step::Bucket { bucket } => format!("bucket {bucket}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Join { operation_id } => write!(f, "operation {operation_id}: wait for its end"),
            Step::AutoDeploymentOff { operation_id: _ } => {
                f.write_str("auto-deployment: off, so that new accounts get no stack meanwhile")
            }
            Step::Instances(removal) => removal.fmt(f),
            Step::StackSet { name } => write!(f, "stack set {name}: delete"),
            Step::Stack {
                name,
                account,
                region,
                id: _,
                status,
                lifts_protection,
            } => {
                write!(f, "stack {name} of account {account} in {region}: ")?;
                if *lifts_protection {
                    f.write_str("lift its termination protection and ")?;
                }
                f.write_str("delete it")?;
                if !matches!(status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
                    write!(f, ", it is {status}")?;
                }
                Ok(())
            }
            Step::Empty {
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
            Step::Bucket { bucket } => write!(f, "bucket {bucket}: delete"),
        }
    }
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Removal {
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
            Filter::None => {}
            Filter::Intersection => write!(f, " (accounts {})", some(accounts))?,
            Filter::Difference => write!(f, " (without accounts {})", some(accounts))?,
        }
        write!(f, " / {}", regions.join(", "))
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
