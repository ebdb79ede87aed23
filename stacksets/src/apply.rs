//! Carrying out a plan: every step is tried unless one that it needs has failed, and each leaves a
//! result. Nothing is decided here.

mod inputs;
mod management;
mod run;
#[cfg(test)]
mod tests;

use crate::clients::Clients;
use crate::journal::{Progress, StepResult};
use crate::plan::Plan;

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
