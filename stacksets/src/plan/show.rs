//! The plan as people read it. Every `Display` destructures exhaustively: a new field cannot go
//! unprinted.

use std::fmt;

use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, Region};

use crate::desired::RolloutLimits;
use crate::plan::{
    AccessStep, Change, DrainStep, InstancesAction, InstancesStep, ManagementAction, ManagementStep, Plan,
    ReplaceReason, ReplayStep, SetAction, SetStep, StackAction, StackStep, Upload,
};
use crate::step_id::StepId;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan {
            organization,
            audit_account,
            region,
            stacks: _,
            drain: _,
            uploads,
            trusted_access,
            joins,
            stack_set,
            management,
            instances,
            replay,
            rollout,
            notes,
            bucket: _,
            outputs: _,
        } = self;
        heading(f, organization, audit_account, region)?;
        let (first, later) = self.around_uploads();
        first.iter().try_for_each(|step| write!(f, "{step}"))?;
        uploads.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        for step in later {
            self.drain_before(step)
                .into_iter()
                .try_for_each(|drain| writeln!(f, "{drain}"))?;
            write!(f, "{step}")?;
        }
        trusted_access.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        for id in joins {
            let id = StepId::Operation(id.clone());
            writeln!(f, "~ {id}: wait for its end, another run began it")?;
        }
        stack_set.iter().try_for_each(|step| write!(f, "{step}"))?;
        management.iter().try_for_each(|step| write!(f, "{step}"))?;
        instances
            .iter()
            .try_for_each(|step| writeln!(f, "{} {step}", sign(step.action)))?;
        replay.iter().try_for_each(|step| writeln!(f, "{step}"))?;
        if self.is_empty() {
            writeln!(f, "nothing to do")?;
        } else if stack_set.is_some() || !instances.is_empty() {
            writeln!(f, "{rollout}")?;
        }
        notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

/// The first line of every plan.
pub(crate) fn heading(
    f: &mut fmt::Formatter<'_>,
    organization: &str,
    audit_account: &AccountId,
    region: &Region,
) -> fmt::Result {
    writeln!(
        f,
        "organization {organization}, audit account {audit_account}, home region {region}"
    )
}

impl fmt::Display for RolloutLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RolloutLimits {
            max_concurrent_percentage,
            failure_tolerance_percentage,
        } = self;
        write!(
            f,
            "rollout: {max_concurrent_percentage} % of a region's accounts at a time; above {failure_tolerance_percentage} % failures no more are begun there, but those under way go on and may fail too"
        )
    }
}

impl fmt::Display for StackStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        stack_lines(f, &self.id(), self)
    }
}

/// A step on a stack that people know as `what`.
fn stack_lines(f: &mut fmt::Formatter<'_>, what: &dyn fmt::Display, step: &StackStep) -> fmt::Result {
    // Parameters and tags are shown as changes.
    let StackStep {
        name: _,
        action,
        changes,
        adopts,
        template: _,
        parameters: _,
        tags: _,
        protect: _,
    } = step;
    match action {
        StackAction::Create => writeln!(f, "+ {what}: create")?,
        StackAction::Replace { id: _, status, reason } => {
            let why = match (reason, status.as_str()) {
                (ReplaceReason::AskedFor, _) => "that was asked for",
                (ReplaceReason::Begun, _) => "an earlier run has begun to",
                (ReplaceReason::Stuck, "DELETE_FAILED") => "its deletion was begun and failed",
                (ReplaceReason::Stuck, "REVIEW_IN_PROGRESS") => {
                    "an earlier run of pipetrail was interrupted before it created it"
                }
                (ReplaceReason::Stuck, "IMPORT_ROLLBACK_FAILED") => "no update leads out of that",
                (ReplaceReason::Stuck, _) => "its creation failed",
            };
            writeln!(f, "! {what}: delete and create, it is {status}: {why}")?;
        }
        StackAction::ContinueUpdateRollback => writeln!(
            f,
            "! {what}: continue its rollback and update, it is UPDATE_ROLLBACK_FAILED: an update failed, and so did its rollback"
        )?,
        StackAction::RollbackStack => writeln!(
            f,
            "! {what}: roll back and update, it is UPDATE_FAILED: an update without rollback failed"
        )?,
        StackAction::Update => writeln!(f, "~ {what}: update")?,
    }
    for bucket in adopts {
        writeln!(f, "    adopt bucket {bucket} with all that is in it")?;
    }
    changes.iter().try_for_each(|change| writeln!(f, "    {change}"))
}

impl fmt::Display for DrainStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DrainStep {
            bus,
            rules,
            buffer_seconds,
            begun,
            archived,
            stack: _,
            lacking_since: _,
            flow: _,
        } = self;
        write!(
            f,
            "! rules of bus {bus}: disable {rules} and wait until their streams have drained"
        )?;
        match begun {
            Some(begun) => write!(f, " (off since {})", begun.strftime("%Y-%m-%dT%H:%M:%SZ"))?,
            None => write!(f, " ({} min or more)", (buffer_seconds * 2).div_ceil(60))?,
        }
        f.write_str(if *archived {
            "; what arrives until the new stack stands is replayed, but for heartbeats"
        } else {
            "; there is no archive: what arrives until the new stack stands is LOST, but for decisions"
        })
    }
}

impl fmt::Display for ReplayStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ReplayStep {
            archive,
            until,
            state,
            flow: _,
        } = self;
        let Some(archive) = archive else {
            return f.write_str("~ replay: none, there is no archive; write down when the bus had rules again");
        };
        write!(f, "~ replay of archive {archive}: ")?;
        match (until, state) {
            (_, Some(state)) if matches!(state.as_str(), "FAILED" | "CANCELLED") => {
                write!(f, "start another one, the last one is {state}")
            }
            (_, Some(state)) if state == "COMPLETED" => f.write_str("it has ended, write that down"),
            (_, Some(state)) => write!(f, "wait for its end, it is {state}"),
            (Some(until), None) => write!(
                f,
                "still due, for the bus without rules until {}",
                until.strftime("%Y-%m-%dT%H:%M:%SZ")
            ),
            (None, None) => f.write_str("from 45 minutes before the rules went off, 10 minutes after they are back"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Template(diff) => write!(f, "{diff}"),
            Change::Parameter { name, from: None, to } => write!(f, "{name} = {to}"),
            Change::Parameter {
                name,
                from: Some(from),
                to,
            } => write!(f, "{name}: {from:?} -> {to}"),
            Change::Tag { key, to } => write!(f, "tag {key} = {to:?}"),
            Change::TerminationProtection => f.write_str("termination protection on"),
            Change::AutoDeployment { on: true } => {
                f.write_str("auto-deployment on, stacks go with accounts that leave")
            }
            Change::AutoDeployment { on: false } => f.write_str("auto-deployment off, no OU is enrolled as a whole"),
        }
    }
}

impl fmt::Display for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Upload { key: _, bytes, zip: _ } = self;
        write!(f, "+ {}: {bytes} bytes", self.id())
    }
}

impl fmt::Display for AccessStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self {
            AccessStep::Activate => "activate",
            AccessStep::EnableServiceAccess => {
                "enable through Organizations, since this endpoint has no ActivateOrganizationsAccess"
            }
        };
        write!(f, "+ {}: {how}", StepId::TrustedAccess)
    }
}

impl fmt::Display for SetStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SetStep {
            name: _,
            action,
            changes,
            template: _,
            operation_id: _,
            accounts: _,
            auto_deployment: _,
            region_order,
            parameters: _,
            tags: _,
        } = self;
        let id = self.id();
        match action {
            SetAction::Create => writeln!(f, "+ {id}: create")?,
            SetAction::Update => writeln!(f, "~ {id}: update, and all its instances")?,
        }
        changes.iter().try_for_each(|change| writeln!(f, "    {change}"))?;
        match region_order.first() {
            Some(first) => writeln!(
                f,
                "    one region after another, {first} first: the reader's role moves there"
            ),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ManagementStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ManagementStep {
            account,
            region,
            action,
        } = self;
        let place = format!("stack {STACK} in management account {account}, {region}");
        match action {
            ManagementAction::Deploy { stack } => stack_lines(f, &place, stack),
            ManagementAction::Delete { id: _, status: _ } => writeln!(f, "- {place}: delete"),
            ManagementAction::Blocked { status } => {
                writeln!(f, "! {place}: is {status}, nothing can be applied to it")
            }
        }
    }
}

fn sign(action: InstancesAction) -> char {
    match action {
        InstancesAction::Create => '+',
        InstancesAction::Update => '~',
        InstancesAction::Delete => '-',
    }
}

/// As results name it too: without the sign.
impl fmt::Display for InstancesStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InstancesStep {
            action,
            units,
            accounts,
            excluded,
            regions,
            retain_stacks,
            instances,
            operation_id: _,
        } = self;
        let verb = match action {
            InstancesAction::Create => "create",
            InstancesAction::Update => "try again",
            InstancesAction::Delete => "delete",
        };
        write!(f, "stack instances: {verb} {instances} in {}", units.join(", "))?;
        if let Some(accounts) = accounts {
            write!(f, " (accounts {})", some(accounts))?;
        }
        if !excluded.is_empty() {
            write!(f, " (all but accounts {})", some(excluded))?;
        }
        write!(f, " / {}", regions.join(", "))?;
        if *retain_stacks {
            f.write_str("; their stacks stay behind")?;
        }
        Ok(())
    }
}

/// The first few of what may be thousands; the JSON has them all.
pub(crate) fn some(items: &[impl fmt::Display]) -> String {
    const SHOWN: usize = 12;
    let shown = items.iter().take(SHOWN).map(ToString::to_string);
    let shown = shown.collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        format!("{shown} and {} more", items.len() - SHOWN)
    } else {
        shown
    }
}
