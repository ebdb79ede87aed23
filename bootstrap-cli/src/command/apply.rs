//! `pipetrail apply`

use std::path::PathBuf;

use pipetrail_names::audit::{DATA_STACK, PIPELINE_STACK};
use pipetrail_stacksets::{Coverage, Desired, Plan, StepId, StepState};
use serde::Serialize;

use crate::context::Context;
use crate::deploy::adopted_lake::LakeBucket;
use crate::deploy::carry_out::{self, carry_out};
use crate::deploy::outcome::Outcome;
use crate::deploy::plan_file::PlanFile;
use crate::deploy::prepare::{Busy, Prepared, UNREGISTERED, adopted_lake, prepare};
use crate::deploy::step::Step;
use crate::deploy::{listing, named_queries};
use crate::failure::{Exit, Result};
use crate::terminal::confirm::confirmed;
use crate::terminal::printer::{self, Output};

/// Bring the audit account and every enrolled account to the state that pipetrail.toml describes
///
/// Reads what stands, shows the plan, asks, and applies that very plan: the stacks of the audit
/// account, the Lambda zips, the stack set, its instances. What fails in one account does not stop
/// the others. Running it again does only what is left, and nothing when nothing is.
///
/// What an interrupted run left at work is waited for first. With a plan file it plans again, and
/// refuses when that gives another plan.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail apply\n  pipetrail apply --yes --output json > applied.json\n  pipetrail apply --yes pipetrail.plan"
)]
pub(crate) struct Args {
    /// Plan that `pipetrail plan --out` saved
    #[arg(value_name = "PLAN-FILE", conflicts_with = "plan_option")]
    plan: Option<PathBuf>,
    /// The same as an option
    #[arg(long = "plan", id = "plan_option", value_name = "PLAN-FILE")]
    plan_option: Option<PathBuf>,
    /// Apply without asking
    #[arg(long)]
    yes: bool,
    /// Folder of transform.zip, partition.zip and approval.zip, instead of those in this binary
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    function_zips: Option<PathBuf>,
}

/// What `apply --output json` writes.
#[derive(Serialize)]
struct Applied<'a> {
    command: &'static str,
    result: Outcome,
    plan: &'a Plan,
    steps: &'a [Step],
    /// `None` when it could not be read after the plan was applied.
    coverage: Option<&'a Coverage>,
}

/// Runs the command; `begun` becomes true when it begins to apply.
///
/// # Errors
/// Wrong configuration or usage, or a read that AWS refuses. What fails later is in the report.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    // What is wrong with the file is said before anything is asked.
    let saved = args.plan.as_ref().or(args.plan_option.as_ref());
    let saved = saved.map(|path| PlanFile::read(path).map(|file| (path, file)));
    let saved = saved.transpose()?;
    if let Some((path, file)) = &saved {
        let expected = context.configuration()?;
        file.belongs(
            path,
            "audit account",
            &file.audit_account,
            expected.audit.account.as_ref(),
        )?;
    }
    let Prepared {
        clients,
        lake,
        unregistered,
        athena,
        queries,
        desired: Desired { scope, .. },
        actual,
        plan,
    } = prepare(context, args.function_zips.as_deref(), Busy::Wait).await?;
    if let Some((path, file)) = &saved {
        file.compare(path, &plan)?;
    }
    printer::say(&plan.to_string());
    if unregistered {
        printer::say(UNREGISTERED);
    }
    if !queries.is_empty() {
        printer::say(&queries.to_string());
    }

    if plan.is_empty() && !unregistered && queries.is_empty() {
        let coverage = Coverage::of(&actual, &scope);
        return report(context.output, &plan, &[], Some(&coverage));
    }
    let usage = "read the plan above, then run `pipetrail apply --yes`";
    if !confirmed(args.yes, "apply this plan?", usage, "nothing was applied").await? {
        return Ok(Exit::Failed);
    }
    context.begin();
    let adopts = adopted_lake(&plan).is_some();
    if let Some(lake) = lake.as_ref().filter(|_| adopts) {
        lake.mark().await?;
    }
    let mut steps = carry_out(&plan, &clients).await;
    if let Some(lake) = lake.filter(|_| (adopts || unregistered) && stands(&steps, DATA_STACK)) {
        let step = registered(&lake).await;
        printer::say(&step.result.to_string());
        steps.push(step);
    }
    // A workgroup that was made anew has none of them.
    let makes = plan.stacks.iter().any(|step| step.name == PIPELINE_STACK);
    if (makes || !queries.is_empty()) && stands(&steps, PIPELINE_STACK) {
        let step = named_queries::publish(&athena).await;
        printer::say(&step.result.to_string());
        steps.push(step);
    }
    let coverage = carry_out::coverage(&clients, &actual.organization, &scope, &steps).await;
    report(context.output, &plan, &steps, coverage.as_ref())
}

/// Whether nothing went wrong with that stack.
fn stands(steps: &[Step], stack: &str) -> bool {
    let id = StepId::Stack(stack.to_owned());
    let mut steps = steps.iter().filter(|step| step.result.step == id);
    steps.all(|step| step.result.state == StepState::Done)
}

/// Registers what the lake holds, as one more step.
async fn registered(lake: &LakeBucket) -> Step {
    let done = match lake.register().await {
        Ok(count) => Ok(format!("{count} registered")),
        Err(error) => Err((
            error.to_string(),
            "queries miss old rows until then: run `pipetrail apply` again",
        )),
    };
    Step::own("partitions of the adopted lake", done)
}

fn report(output: Output, plan: &Plan, steps: &[Step], coverage: Option<&Coverage>) -> Result<Exit> {
    let result = Outcome::of(steps, coverage);
    match output {
        Output::Json => printer::json(&Applied {
            command: "apply",
            result,
            plan,
            steps,
            coverage,
        })?,
        // The steps were told on standard error while they went on.
        _ => coverage
            .iter()
            .for_each(|coverage| printer::data(&listing::coverage(coverage))),
    }
    carry_out::hint(result.exit(), steps);
    Ok(result.exit())
}
