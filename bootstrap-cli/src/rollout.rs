//! Carrying out a plan for people: ask, show the steps, read what stands afterwards, hint.

use pipetrail_stacksets::apply::apply;
use pipetrail_stacksets::{Clients, Coverage, InstanceResult, Organization, Plan, Scope, StepResult, chain};

use crate::cli::UsageError;
use crate::exit::Outcome;
use crate::printer::{self, Steps};

/// Whether the plan that was shown may be applied: `--yes`, or a yes on the terminal.
///
/// # Errors
/// Without `--yes` and without a terminal; `hint` says how to run the command then.
pub async fn confirmed(yes: bool, question: &'static str, hint: &'static str) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !printer::can_ask() {
        let message = "applying needs a yes, and there is no terminal to ask on";
        return Err(UsageError { message, hint }.into());
    }
    // On a thread of its own: a read from the terminal cannot be interrupted, and Ctrl-C must be seen.
    let yes = tokio::task::spawn_blocking(move || printer::ask(question)).await?;
    if !yes {
        printer::say("nothing was applied");
    }
    Ok(yes)
}

/// Applies the plan and shows its steps.
pub async fn carry_out(plan: &Plan, clients: &Clients) -> Vec<StepResult> {
    let mut steps = Steps::new(plan.steps());
    apply(plan, clients, &mut |progress| steps.show(progress)).await
}

/// What stands afterwards; `None`, and an error that is told, when it cannot be read: what was applied
/// is reported all the same.
pub async fn coverage(
    clients: &Clients,
    organization: &Organization,
    scope: &Scope,
    results: &[StepResult],
) -> Option<Coverage> {
    let failed: Vec<InstanceResult> = results.iter().flat_map(|result| result.failed.clone()).collect();
    let coverage = Coverage::read(clients, organization, scope, &failed).await;
    coverage
        .inspect_err(|error| printer::error(&chain(error), error.hint().as_deref()))
        .ok()
}

/// Says what to try next, each once.
pub fn hint(result: Outcome, steps: &[StepResult]) {
    let mut hints: Vec<&str> = Vec::new();
    for hint in steps.iter().filter_map(|step| step.hint.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if hints.is_empty() && matches!(result, Outcome::PartlyApplied | Outcome::Failed) {
        hints.push("see the reasons above, then run `pipetrail apply` again: it does what is left");
    }
    hints.into_iter().for_each(printer::hint);
}
