//! Carrying out a plan for people: show the steps, read what stands afterwards, hint.

use pipetrail_names::chain;
use pipetrail_stacksets::apply::apply;
use pipetrail_stacksets::{Clients, Coverage, InstanceResult, Organization, Plan, Scope};

use crate::deploy::step::Step;
use crate::failure::remedy::Again;
use crate::failure::{Exit, Explain};
use crate::terminal::printer;
use crate::terminal::progress::Steps;

/// Applies the plan and shows its steps.
pub(crate) async fn carry_out(plan: &Plan, clients: &Clients) -> Vec<Step> {
    let mut steps = Steps::new(plan.steps());
    let results = apply(plan, clients, &mut |progress| steps.show(progress)).await;
    let ended = results.into_iter().map(|result| Step::new(result, Again::Apply));
    ended.collect()
}

/// What stands afterwards; `None`, and an error that is told, when it cannot be read: what was applied
/// is reported all the same.
pub(crate) async fn coverage(
    clients: &Clients,
    organization: &Organization,
    scope: &Scope,
    steps: &[Step],
) -> Option<Coverage> {
    let failed: Vec<InstanceResult> = steps.iter().flat_map(|step| step.result.failed.clone()).collect();
    let coverage = Coverage::read(clients, organization, scope, &failed).await;
    coverage
        .inspect_err(|error| printer::error(&chain(error), error.hint().as_deref()))
        .ok()
}

/// Says what to try next, each once.
pub(crate) fn hint(exit: Exit, steps: &[Step]) {
    let mut hints: Vec<&str> = Vec::new();
    for hint in steps.iter().filter_map(|step| step.hint.as_deref()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if hints.is_empty() && exit != Exit::Ok {
        hints.push("see the reasons above, then run the same command again: it does what is left");
    }
    hints.into_iter().for_each(printer::hint);
}
