//! `pipetrail apply`

use std::cell::Cell;
use std::path::PathBuf;

use pipetrail_stacksets::apply::apply;
use pipetrail_stacksets::{Actual, Coverage, InstanceResult, Organization, Plan, StepResult, chain, plan};
use serde::Serialize;

use crate::aws::Session;
use crate::cli::{Global, UsageError};
use crate::exit::{Exit, Outcome};
use crate::printer::{self, Output, Steps};
use crate::{desired, tables, zips};

/// Bring the audit account and every enrolled account to the state that pipetrail.toml describes
///
/// Reads what stands, shows the plan, asks, and applies that very plan: the stacks of the audit
/// account, the Lambda zips, the stack set, its instances. What fails in one account does not stop
/// the others. Running it again does only what is left, and nothing when nothing is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pipetrail apply\n  pipetrail apply --yes --output json > applied.json")]
pub struct Args {
    /// Apply without asking
    #[arg(long)]
    yes: bool,
    /// Folder of transform.zip, partition.zip and approval.zip, instead of those in this binary
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    zips: Option<PathBuf>,
}

/// What `apply --output json` writes.
#[derive(Serialize)]
struct Report<'a> {
    command: &'static str,
    result: Outcome,
    plan: &'a Plan,
    steps: &'a [StepResult],
    /// `None` when it could not be read after the plan was applied.
    coverage: Option<&'a Coverage>,
}

/// Runs the command; `begun` becomes true when it begins to apply.
///
/// # Errors
/// Wrong configuration or usage, or a read that AWS refuses. What fails later is in the report.
pub async fn run(global: &Global, args: &Args, begun: &Cell<bool>) -> anyhow::Result<Exit> {
    let config = global.configuration()?;
    let zips = zips::find(args.zips.as_deref(), config.audit.architecture)?;
    let scope = desired::scope(&config);
    let session = Session::connect(&config, global).await?;
    let (organization, caller) = Organization::read(&session.organizations(), &session.caller, &scope.units).await?;
    let clients = session.clients(caller);
    let desired = desired::desired(&config, &organization.id, zips);
    let actual = Actual::read(&clients, organization, &desired).await?;
    let plan = plan::plan(&desired, &actual)?;
    printer::say(&plan.to_string());

    if plan.is_empty() {
        let coverage = Coverage::of(&actual, &scope);
        return report(global.output, &plan, &[], Some(&coverage));
    }
    if !args.yes {
        if !printer::can_ask() {
            let message = "applying needs a yes, and there is no terminal to ask on";
            return Err(UsageError {
                message,
                hint: "read the plan above, then run `pipetrail apply --yes`",
            }
            .into());
        }
        // On a thread of its own: a read from the terminal cannot be interrupted, and Ctrl-C must be seen.
        let yes = tokio::task::spawn_blocking(|| printer::ask("apply this plan?")).await?;
        if !yes {
            printer::say("nothing was applied");
            return Ok(Exit::Failed);
        }
    }
    begun.set(true);
    let mut steps = Steps::new(plan.steps());
    let results = apply(&plan, &clients, &mut |progress| steps.show(progress)).await;
    drop(steps);
    let failed: Vec<InstanceResult> = results.iter().flat_map(|result| result.failed.clone()).collect();
    // What was applied is reported even when what stands afterwards cannot be read.
    let coverage = Coverage::read(&clients, &actual.organization, &scope, &failed).await;
    let coverage = coverage
        .inspect_err(|error| printer::error(&chain(error), error.hint().as_deref()))
        .ok();
    report(global.output, &plan, &results, coverage.as_ref())
}

fn report(output: Output, plan: &Plan, steps: &[StepResult], coverage: Option<&Coverage>) -> anyhow::Result<Exit> {
    let result = Outcome::of(steps, coverage);
    match output {
        Output::Json => printer::json(&Report {
            command: "apply",
            result,
            plan,
            steps,
            coverage,
        })?,
        // The steps were told on standard error while they went on.
        Output::Table => coverage
            .iter()
            .for_each(|coverage| printer::data(&tables::coverage(coverage))),
    }
    for hint in hints(result, steps) {
        printer::hint(&hint);
    }
    Ok(result.exit())
}

/// What to try next, each once.
fn hints(result: Outcome, steps: &[StepResult]) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    for hint in steps.iter().filter_map(|step| step.hint.clone()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if hints.is_empty() && matches!(result, Outcome::PartlyApplied | Outcome::Failed) {
        hints.push("see the reasons above, then run `pipetrail apply` again: it does what is left".to_owned());
    }
    hints
}
