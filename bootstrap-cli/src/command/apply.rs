//! `pipetrail apply`

use std::path::PathBuf;

use pipetrail_names::audit::{DATA_STACK, PIPELINE_STACK};
use pipetrail_stacksets::{Coverage, Note, Plan, StepId, StepState};
use serde::Serialize;

use crate::command::plan::{is_pending, show};
use crate::context::Context;
use crate::deploy::carry_out::{self, Outcome, carry_out};
use crate::deploy::losses::losses;
use crate::deploy::plan_file::PlanFile;
use crate::deploy::prepare::{Busy, Replacing, adopted_lake, prepare};
use crate::deploy::roster::RosterObject;
use crate::deploy::step::Step;
use crate::deploy::{listing, named_queries};
use crate::failure::{Exit, Problem, Result};
use crate::terminal::confirm::confirmed;
use crate::terminal::printer::{self, Output};

/// Bring the audit account and every enrolled account to the state that pipetrail.toml describes
///
/// Reads what stands, shows the plan, asks, and applies that very plan: the stacks of the audit
/// account, the Lambda zips, the stack set, its instances. What fails in one account does not stop
/// the others. Running it again does only what is left, and nothing when nothing is.
///
/// The pipeline stack is replaced where no update leads out of its state, or with
/// --replace-pipeline-stack: its rules are disabled, its streams drain, and what arrives until the new
/// stack stands is replayed from the archive ten minutes later. Whatever part of that a killed run left,
/// the next one does; heartbeats of that time are missing.
///
/// What would lose rows or events for good is refused without --allow-loss.
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
    /// Folder of transform.zip, settle.zip, approval.zip and watch.zip, instead of those in this binary
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    function_zips: Option<PathBuf>,
    /// Apply although events or rows are lost by it: a shorter retention.lake_days, or a replacement without an archive
    #[arg(long)]
    allow_loss: bool,
    #[command(flatten)]
    replacing: Replacing,
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
        let expected = context.configuration()?.audit.account;
        file.belongs(path, "audit account", &file.audit_account, &expected)?;
    }
    let mut replacing = args.replacing;
    replacing.replace_pipeline_stack |= saved.as_ref().is_some_and(|(_, file)| file.replaces());
    let prepared = prepare(context, args.function_zips.as_deref(), replacing, Busy::Wait).await?;
    let (clients, plan, scope) = (&prepared.clients, &prepared.plan, &prepared.desired.scope);
    if let Some((path, file)) = &saved {
        file.compare(path, plan)?;
    }
    show(&prepared, printer::say);

    let members = RosterObject::new(&clients.s3, &prepared.desired);
    let coverage = Coverage::of(&prepared.actual, scope);
    if !is_pending(&prepared) {
        // Whoever joined or left by itself, and what a killed run did not come to.
        let steps: Vec<Step> = members.after(&coverage).await.into_iter().collect();
        return report(context.output, plan, &steps, Some(&coverage));
    }
    let losses = losses(plan, &prepared.actual, &context.configuration()?);
    if !args.allow_loss {
        refuse(&losses)?;
    }
    let usage = "read the plan above, then run `pipetrail apply --yes`";
    let joined: Vec<&str> = plan
        .notes
        .iter()
        .flat_map(Note::joined_units)
        .map(AsRef::as_ref)
        .collect();
    if !confirmed(
        args.yes,
        &question(plan.drain.is_some(), &losses, &joined),
        usage,
        "nothing was applied",
    )
    .await?
    {
        return Ok(Exit::Failed);
    }
    members.before(plan, &coverage).await?;
    context.begin();
    let adopts = adopted_lake(plan).is_some();
    let lake = prepared.lake.as_ref().filter(|_| adopts || prepared.unregistered);
    if let Some(lake) = lake
        && adopts
    {
        lake.mark().await?;
    }
    let mut steps = carry_out(plan, clients).await;
    if let Some(lake) = lake
        && stands(&steps, DATA_STACK)
    {
        let done = lake.register().await.map(|count| format!("{count} registered"));
        let hint = "queries miss old rows until then: run `pipetrail apply` again";
        let step = Step::own("partitions of the adopted lake", done, hint);
        printer::say(&step.result.to_string());
        steps.push(step);
    }
    // A workgroup that was made anew has none of them.
    let makes = plan.stacks.iter().any(|step| step.name == PIPELINE_STACK);
    if (makes || !prepared.queries.is_empty()) && stands(&steps, PIPELINE_STACK) {
        let step = named_queries::publish(&prepared.athena).await;
        printer::say(&step.result.to_string());
        steps.push(step);
    }
    let coverage = carry_out::coverage(clients, &prepared.actual.organization, scope, &steps).await;
    if let Some(coverage) = &coverage {
        steps.extend(members.after(coverage).await);
    }
    report(context.output, plan, &steps, coverage.as_ref())
}

/// # Errors
/// Something would be lost.
fn refuse(losses: &[String]) -> Result<()> {
    if losses.is_empty() {
        return Ok(());
    }
    Err(Problem {
        message: format!("nothing was applied, because this would be lost: {}", losses.join("; ")),
        hint: Some("if it may be, run it again with --allow-loss".to_owned()),
    }
    .into())
}

/// What a yes will do, beside what the plan shows: whether it `drains` the bus, and units whose newcomers are let in.
fn question(drains: bool, losses: &[String], joined: &[&str]) -> String {
    let mut question = "apply this plan".to_owned();
    if drains {
        question.push_str(", and leave the bus without rules meanwhile");
    }
    if !losses.is_empty() {
        question.push_str(&format!(", and lose {}", losses.join("; ")));
    }
    if !joined.is_empty() {
        question.push_str(&format!(", and let in every account that joins {}", joined.join(", ")));
    }
    question + "?"
}

/// Whether nothing went wrong with that stack.
fn stands(steps: &[Step], stack: &str) -> bool {
    let id = StepId::Stack(stack.to_owned());
    let mut steps = steps.iter().filter(|step| step.result.step == id);
    steps.all(|step| step.result.state == StepState::Done)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_says_yes_was_told_what_the_plan_does_not_show() {
        assert_eq!(question(false, &[], &[]), "apply this plan?");
        let losses = ["months before 2026-01".to_owned(), "events of the gap".to_owned()];
        assert_eq!(
            question(true, &losses, &["ou-ab12-11111111", "ou-ab12-22222222"]),
            "apply this plan, and leave the bus without rules meanwhile, and lose months before 2026-01; events of the \
             gap, and let in every account that joins ou-ab12-11111111, ou-ab12-22222222?"
        );
    }
}
