//! `pipetrail doctor`

use pipetrail_names::chain;
use serde::Serialize;

use crate::aws::Profiles;
use crate::context::Context;
use crate::doctor::check::{Check, Grade, lines};
use crate::doctor::{self, Fix};
use crate::failure::{Exit, Explain, Result};
use crate::terminal::confirm::confirmed;
use crate::terminal::printer::{self, Output};

/// Check every precondition and say how to fix what is missing
///
/// Only reads, unless --fix is given. Each precondition is a line with a verdict (ok, warning, failed,
/// unknown, skipped), what it rests on, and a remedy. Exits with 1 when one of them failed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail doctor\n  pipetrail doctor --members\n  pipetrail doctor --fix --yes\n  pipetrail doctor --output json | jq '.checks[] | select(.verdict != \"ok\")'"
)]
pub(crate) struct Args {
    /// Fix what is safe to fix: trusted access for StackSets
    #[arg(long)]
    fix: bool,
    /// Fix without asking
    #[arg(long, requires = "fix")]
    yes: bool,
    /// Also look into members: what has a stack is compared with the template; where there is none yet, resources of
    /// pipetrail's names are looked for
    #[arg(long)]
    members: bool,
    /// Role to assume in members
    #[arg(
        long,
        value_name = "NAME",
        default_value = "OrganizationAccountAccessRole",
        requires = "members"
    )]
    member_role: String,
}

/// What `doctor --output json` writes.
#[derive(Serialize)]
struct Report<'a> {
    command: &'static str,
    result: &'static str,
    checks: &'a [Check],
    fixed: &'a [String],
}

/// Runs the command; `begun` becomes true when it begins to fix.
///
/// # Errors
/// Wrong configuration or usage. What AWS refuses is a line of the report.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let config = context.configuration()?;
    let profiles = Profiles::load(&config, context).await;
    let role = args.members.then_some(args.member_role.as_str());
    let (mut examination, session) = doctor::examine(&config, profiles, role).await;
    let mut fixed = Vec::new();
    if args.fix {
        let fixes = doctor::fixes(&examination);
        if agreed(&fixes, args.yes).await? {
            for fix in fixes {
                context.begin();
                match fix.take(&session, &mut examination.checks).await {
                    Ok(done) => {
                        printer::say(&done);
                        fixed.push(done);
                    }
                    Err(error) => printer::error(&chain(&error), error.hint().as_deref()),
                }
            }
        }
    }
    let checks = &examination.checks;
    let failed = checks.iter().any(|check| check.verdict == Grade::Failed);
    match context.output {
        Output::Json => printer::json(&Report {
            command: "doctor",
            result: if failed { "not-ready" } else { "ready" },
            checks,
            fixed: &fixed,
        })?,
        _ => printer::data(&lines(checks)),
    }
    if failed {
        printer::hint("fix the failed checks, then rerun `pipetrail doctor`");
        Ok(Exit::Failed)
    } else {
        printer::advice("run `pipetrail plan` to see what would be done");
        Ok(Exit::Ok)
    }
}

async fn agreed(fixes: &[Fix], yes: bool) -> Result<bool> {
    if fixes.is_empty() {
        printer::say("there is nothing that can be fixed from here");
        return Ok(false);
    }
    for fix in fixes {
        printer::say(&fix.to_string());
    }
    let hint = "run `pipetrail doctor --fix --yes`";
    confirmed(yes, "do this?", hint, "nothing was fixed").await
}
