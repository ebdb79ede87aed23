//! Carrying out a plan: every step is tried unless one that it needs has failed, and each leaves a
//! result. Nothing is decided here.

mod inputs;
mod management;
mod run;
#[cfg(test)]
mod tests;

use crate::journal::{Progress, StepResult};
use crate::management::ManagementAccount;
use crate::organization::Caller;
use crate::plan::Plan;

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
    run.journal.into_results()
}
