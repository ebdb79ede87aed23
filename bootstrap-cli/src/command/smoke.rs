//! `pipetrail smoke`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pipetrail_names::AccountId;
use serde::Serialize;

use crate::aws::{Captures, Profiles, Session};
use crate::context::Context;
use crate::deploy::function_zips;
use crate::doctor;
use crate::failure::{Exit, Problem, Result, UsageError};
use crate::smoke::clean::{Cleaned, clean};
use crate::smoke::findings::{Finding, Findings, lines};
use crate::smoke::ground::{Ground, Member};
use crate::smoke::guard;
use crate::smoke::records::Kept;
use crate::smoke::{scratch, steps};
use crate::terminal::confirm::confirmed;
use crate::terminal::printer::{self, Output};

/// Try pipetrail in an audit account that nobody uses yet, and say what that proves
///
/// Deploys the audit account's stacks without a member, puts a record into each stream and a decision into its
/// queue, tries what must be refused, and with --member deploys the member template there as plain stacks. Each
/// claim is then proven, refuted or not possible here. Every raw answer of AWS is kept in a folder, without
/// credentials, approval tokens and addresses. At the end everything is taken away but records under Object Lock,
/// which are listed with the date from which they can go; where a run was interrupted, the next one takes away
/// what it left.
///
/// Refuses an account with enrolled members, with an installation, or with rows that no run of smoke made. Exits
/// with 1 when a claim was refuted, with 4 when something could not be taken away. docs/first-account.md is the
/// guide.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail smoke --captures smoke --member 111122223333 --yes\n  pipetrail smoke --captures smoke --yes --output json > smoke.json\n  pipetrail smoke --captures smoke --clean-up --yes"
)]
pub(crate) struct Args {
    /// Folder of the raw answers, made where there is none
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    captures: PathBuf,
    /// Member that gets the member template as plain stacks while it lasts; without it that is not tried
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "clean_up")]
    member: Option<AccountId>,
    /// Role to assume in the member
    #[arg(
        long,
        value_name = "NAME",
        default_value = "OrganizationAccountAccessRole",
        requires = "member"
    )]
    member_role: String,
    /// Only take away what an earlier run has left
    #[arg(long)]
    clean_up: bool,
    /// Begin without asking
    #[arg(long)]
    yes: bool,
    /// Folder of transform.zip, settle.zip, approval.zip and watch.zip, instead of those in this binary
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath, conflicts_with = "clean_up")]
    function_zips: Option<PathBuf>,
    /// Seconds to wait for what must arrive
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    wait: u64,
}

/// What `smoke --output json` writes, and a file in the folder.
#[derive(Serialize)]
struct Report<'a> {
    command: &'static str,
    result: Outcome,
    findings: &'a [Finding],
    /// What Object Lock holds, each with the date from which it can go.
    records: &'a [Kept],
    /// What could not be taken away, and why.
    left: &'a [String],
    /// Raw answers in the folder.
    answers: u32,
}

/// The file of a run, and that of a clean-up, which leaves the run's as it is.
const REPORT: &str = "report.json";
const CLEAN_UP: &str = "clean-up.json";

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// Nothing was refuted, and everything is taken away.
    Passed,
    /// A claim was refuted.
    Refuted,
    /// Something could not be taken away.
    LeftBehind,
    /// What an earlier run had left is taken away.
    CleanedUp,
}

impl Outcome {
    fn of(refutes: bool, left: bool, cleans: bool) -> Self {
        match (refutes, left, cleans) {
            (true, ..) => Outcome::Refuted,
            (_, true, _) => Outcome::LeftBehind,
            (_, _, true) => Outcome::CleanedUp,
            _ => Outcome::Passed,
        }
    }

    fn exit(self) -> Exit {
        match self {
            Outcome::Passed | Outcome::CleanedUp => Exit::Ok,
            Outcome::Refuted => Exit::Failed,
            Outcome::LeftBehind => Exit::Partly,
        }
    }
}

/// Runs the command; `begun` becomes true when it begins to change anything.
///
/// # Errors
/// Wrong configuration or usage, an account in use, or a read that AWS refuses. What fails later is in the report.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let config = context.configuration()?;
    if args.member.as_ref() == Some(&config.audit.account) {
        let message = format!("--member names the audit account {}", config.audit.account);
        return Err(UsageError::new(message, "name an account whose events go to another one's bus").into());
    }
    let zips = match args.clean_up {
        true => vec![],
        false => function_zips::find(args.function_zips.as_deref(), config.audit.architecture)?,
    };
    let captures = Captures::open(&args.captures).map_err(|cause| Problem {
        message: format!("cannot keep answers in {}: {cause}", args.captures.display()),
        hint: Some("name a folder that can be written with --captures".to_owned()),
    })?;
    let captures = Arc::new(captures);
    // Nothing has connected yet.
    let _ = context.captures.set(Arc::clone(&captures));
    let member = args.member.clone().map(|account| Member {
        account,
        role: args.member_role.clone(),
    });
    let session = Session::connect(&config, context).await?;
    let ground = Ground::of(config, session, member, Duration::from_secs(args.wait)).await?;
    captures.hide(ground.token());
    let earlier = guard::check(&ground).await?;
    if args.clean_up && !earlier.leaves {
        let (account, home) = (&ground.config.audit.account, &ground.config.audit.region);
        printer::say(&format!(
            "no run of smoke has left anything in account {account}, {home}"
        ));
        return report(
            context.output,
            &captures,
            CLEAN_UP,
            Outcome::CleanedUp,
            &[],
            &Cleaned::default(),
        );
    }
    if !agreed(&ground, args).await? {
        return Ok(Exit::Failed);
    }
    context.begin();
    let mut cleaned = Cleaned::default();
    if earlier.leaves {
        printer::say("taking away what an earlier run has left");
        cleaned = clean(&ground, earlier.member().as_ref(), earlier.stack.as_ref()).await?;
    }
    if args.clean_up || !cleaned.left.is_empty() {
        let outcome = Outcome::of(false, !cleaned.left.is_empty(), true);
        return report(context.output, &captures, CLEAN_UP, outcome, &[], &cleaned);
    }
    let (examination, _) = doctor::examine(&ground.config, Profiles::load(&ground.config, context).await, None).await;
    let mut findings = Findings::default();
    let begun = scratch::create(&ground).await;
    if begun.is_ok() {
        steps::run(&ground, zips, &examination.checks, &mut findings).await;
    }
    let cleaned = match guard::check(&ground).await {
        Ok(earlier) => clean(&ground, ground.member.as_ref(), earlier.stack.as_ref()).await,
        // Somebody has begun to use the account meanwhile.
        Err(failure) => Err(failure),
    };
    let cleaned = cleaned.unwrap_or_else(|failure| Cleaned {
        left: vec![failure.to_string()],
        ..Cleaned::default()
    });
    if begun.is_err() {
        tell_left(&cleaned.left);
    }
    begun?;
    let outcome = Outcome::of(findings.refutes(), !cleaned.left.is_empty(), false);
    report(context.output, &captures, REPORT, outcome, &findings.sorted(), &cleaned)
}

/// Says what would be done, and asks.
async fn agreed(ground: &Ground, args: &Args) -> Result<bool> {
    let account = &ground.config.audit.account;
    let home = &ground.config.audit.region;
    let question = if args.clean_up {
        format!("take away what a run of smoke has left in account {account}, {home}?")
    } else {
        let member = ground.member.as_ref().map_or_else(String::new, |member| {
            let regions: Vec<&str> = ground.scope.regions.iter().map(AsRef::as_ref).collect();
            format!(" and account {} ({})", member.account, regions.join(", "))
        });
        format!("deploy pipetrail into account {account}, {home}{member}, try it, and take it away again?")
    };
    let hint = "read what `pipetrail smoke --help` says of it, then run it again with --yes";
    confirmed(args.yes, &question, hint, "nothing was changed").await
}

fn tell_left(left: &[String]) {
    for left in left {
        printer::error(&format!("left behind: {left}"), None);
    }
}

fn report(
    output: Output,
    captures: &Captures,
    file: &str,
    result: Outcome,
    findings: &[Finding],
    cleaned: &Cleaned,
) -> Result<Exit> {
    let Cleaned { records, left } = cleaned;
    let report = Report {
        command: "smoke",
        result,
        findings,
        records,
        left,
        answers: captures.count(),
    };
    captures.write(file, &serde_json::to_string_pretty(&report)?)?;
    match output {
        Output::Json => printer::json(&report)?,
        _ => {
            if !findings.is_empty() {
                printer::data(&lines(findings));
            }
            for Kept {
                bucket,
                key,
                retained_until,
                ..
            } in records
            {
                printer::data(&format!("stays until {retained_until}: s3://{bucket}/{key}"));
            }
        }
    }
    tell_left(left);
    if !left.is_empty() {
        printer::hint("fix the reason, then run `pipetrail smoke` with `--clean-up` and the same `--captures`");
    }
    match result {
        Outcome::LeftBehind => {}
        Outcome::Refuted => {
            printer::hint("send the folder of --captures; docs/first-account.md says what is masked in it");
        }
        _ if !records.is_empty() => {
            printer::advice(
                "run `pipetrail smoke` with `--clean-up` after that date: it deletes the records and their bucket",
            );
        }
        _ => {}
    }
    Ok(result.exit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refuted_is_said_before_what_was_left() {
        assert_eq!(Outcome::of(true, true, false).exit(), Exit::Failed);
        assert_eq!(Outcome::of(false, true, true).exit(), Exit::Partly);
        assert_eq!(Outcome::of(false, false, false), Outcome::Passed);
        assert_eq!(Outcome::of(false, false, true).exit(), Exit::Ok);
    }
}
