//! `pipetrail plan`

use std::path::PathBuf;

use pipetrail_stacksets::Plan;
use serde::Serialize;

use crate::context::Context;
use crate::deploy::losses::losses;
use crate::deploy::named_queries::Changes;
use crate::deploy::plan_file::PlanFile;
use crate::deploy::prepare::{Busy, Prepared, Replacing, UNREGISTERED, prepare};
use crate::failure::{Exit, Result};
use crate::terminal::printer::{self, Output};

/// Show what apply would do, and write nothing
///
/// Reads what stands, compares it with pipetrail.toml, and shows every difference: stacks with their
/// parameters and templates, zips, trusted access, the stack set, its instances by organizational
/// unit, account and region.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail plan\n  pipetrail plan --check --output json\n  pipetrail plan --out pipetrail.plan"
)]
pub(crate) struct Args {
    /// Exit with 3 when there is something to do
    #[arg(long)]
    check: bool,
    /// Save the plan, for `pipetrail apply <FILE>`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder of transform.zip, settle.zip, approval.zip and watch.zip, instead of those in this binary
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    function_zips: Option<PathBuf>,
    #[command(flatten)]
    replacing: Replacing,
}

/// What `plan --output json` writes.
#[derive(Serialize)]
struct Report<'a> {
    command: &'static str,
    /// `unchanged` or `changes-pending`.
    result: &'static str,
    /// Whether an interrupted run has left the partitions of an adopted lake to be registered.
    unregistered_lake: bool,
    /// What has to change of the published audits, by name.
    named_queries: &'a Changes,
    fingerprint: &'a str,
    plan: &'a Plan,
}

/// Runs the command.
///
/// # Errors
/// Wrong configuration, a read that AWS refuses, what no plan leads out of, or a file that cannot be
/// written.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let prepared = prepare(context, args.function_zips.as_deref(), args.replacing, Busy::Refuse).await?;
    let (plan, pending) = (&prepared.plan, is_pending(&prepared));
    if let Some(path) = &args.out {
        PlanFile::new(plan)?.write(path)?;
    }
    match context.output {
        Output::Json => printer::json(&Report {
            command: "plan",
            result: if pending { "changes-pending" } else { "unchanged" },
            unregistered_lake: prepared.unregistered,
            named_queries: &prepared.queries,
            fingerprint: &plan.fingerprint(),
            plan,
        })?,
        _ => show(&prepared, printer::data),
    }
    let losses = losses(plan, &prepared.actual, &context.configuration()?);
    if !losses.is_empty() {
        printer::say(&format!(
            "apply refuses this without --allow-loss, because it loses {}",
            losses.join("; ")
        ));
    }
    if let Some(path) = &args.out {
        printer::advice(&format!(
            "apply exactly this plan with `pipetrail apply {}`",
            path.display()
        ));
    }
    Ok(if args.check && pending { Exit::Pending } else { Exit::Ok })
}

/// Whether there is anything to do.
pub(crate) fn is_pending(prepared: &Prepared) -> bool {
    prepared.unregistered || !prepared.queries.is_empty() || !prepared.plan.is_empty()
}

/// Shows what would be done.
pub(crate) fn show(prepared: &Prepared, write: fn(&str)) {
    write(&prepared.plan.to_string());
    if prepared.unregistered {
        write(UNREGISTERED);
    }
    if !prepared.queries.is_empty() {
        write(&prepared.queries.to_string());
    }
}
