//! Carrying out a plan: every step is tried unless one that it needs has failed, and each leaves a
//! result. Nothing is decided here.

mod inputs;
mod management;
mod run;
#[cfg(test)]
mod tests;
mod written;

use std::fmt;

use serde::Serialize;

pub(crate) use written::Written;

use crate::management::ManagementAccount;
use crate::organization::Caller;
use crate::plan::Plan;
use crate::rollout::InstanceResult;

/// The clients of both accounts.
#[derive(Clone, Debug)]
pub struct Clients {
    /// CloudFormation in the audit account's home region.
    pub audit: aws_sdk_cloudformation::Client,
    /// S3 in the audit account's home region.
    pub s3: aws_sdk_s3::Client,
    /// CloudFormation in the account that administers the stack set, in the same region.
    pub management: aws_sdk_cloudformation::Client,
    /// Organizations, from the same account.
    pub organizations: aws_sdk_organizations::Client,
    /// In which role that account calls.
    pub caller: Caller,
    /// The management account itself: the same as `management`, unless a delegated administrator
    /// calls; `None` without credentials for it.
    pub management_account: Option<ManagementAccount>,
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepResult {
    /// What it was, for example `stack pipetrail-data`.
    pub step: String,
    /// How it ended.
    pub state: StepState,
    /// Whether it wrote anything, or may have: a failed step can have.
    pub changed: bool,
    /// Why it did not simply succeed, causes included.
    pub message: Option<String>,
    /// The next thing to try.
    pub hint: Option<String>,
    /// The accounts and regions where it failed.
    pub failed: Vec<InstanceResult>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// It is done.
    Done,
    /// It is done in some accounts and regions.
    Partial,
    /// It is not done.
    Failed,
    /// It was not tried, because a step that it needs failed.
    Skipped,
}

impl fmt::Display for StepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            StepState::Done => "done",
            StepState::Partial => "partial",
            StepState::Failed => "failed",
            StepState::Skipped => "skipped",
        })
    }
}

impl fmt::Display for StepResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StepResult {
            step,
            state,
            changed: _,
            message,
            hint: _,
            failed,
        } = self;
        write!(f, "{state:<7} {step}")?;
        if let Some(message) = message {
            write!(f, ": {message}")?;
        }
        for InstanceResult {
            account,
            region,
            status,
            reason,
            explanation,
        } in failed
        {
            write!(f, "\n        {account} {region} {status}")?;
            if let Some(reason) = reason {
                write!(f, ": {reason}")?;
            }
            if let Some(explanation) = explanation {
                write!(f, "\n            {explanation}")?;
            }
        }
        Ok(())
    }
}

/// What is going on, for people who wait.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A step begins.
    Begins {
        /// What it is.
        step: &'a str,
    },
    /// AWS is at work.
    Waits {
        /// What is waited for.
        step: &'a str,
        /// AWS's status of it.
        status: &'a str,
    },
    /// A step has ended.
    Ended(&'a StepResult),
}

/// Carries out the plan and gives one result per step, in order.
pub async fn apply(plan: &Plan, clients: &Clients, tell: &mut (dyn FnMut(Progress<'_>) + Send)) -> Vec<StepResult> {
    let mut run = run::Run::new(plan, clients, tell);
    let (first, later) = plan.around_uploads();
    for step in first {
        run.stack(step).await;
    }
    for upload in &plan.uploads {
        run.upload(upload).await;
    }
    for step in later {
        run.stack(step).await;
    }
    if let Some(step) = plan.trusted_access {
        run.access(step).await;
    }
    for id in &plan.joins {
        run.join(id).await;
    }
    if let Some(step) = &plan.stack_set {
        run.stack_set(step).await;
    }
    for step in &plan.management {
        run.management(step).await;
    }
    for step in &plan.instances {
        run.instances(step).await;
    }
    run.results
}
