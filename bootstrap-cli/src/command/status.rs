//! `pipetrail status`

use std::ffi::OsString;
use std::time::Duration;

use clap::ArgAction;
use jiff::{SignedDuration, Timestamp};

use crate::aws::Session;
use crate::context::Context;
use crate::failure::{Exit, Result};
use crate::status::listing::listing;
use crate::status::reader::{Judgement, LakeAnswer, Questions, Reader};
use crate::status::select::Select;
use crate::status::trail::{self, OwnChanges};
use crate::status::verdict::{Judged, Verdict};
use crate::terminal::printer::{self, Output};

/// Show what is covered: every account and region, and the stacks of the audit account
///
/// Joins what StackSets says of every stack with what stands in the account, seen from outside, and what the lake has
/// heard: an account and region is covered when its stack is current, what the stack made is as the template says, and
/// a heartbeat arrived lately. Accounts without any stack are listed too. With `--trail` the log files of a trail are
/// searched for calls that changed what the stacks made. Only reads.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail status\n  pipetrail status --verdict silent --verdict failed\n  pipetrail status --account 111122223333 --region eu-central-1\n  pipetrail status --check --output json > coverage.json\n  pipetrail status --trail 'AWSLogs/**/*.json.gz'\n  pipetrail status --no-lake --output json | jq '.coverage.instances[] | select(.state != \"current\")'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    select: Select,
    /// Show every row, however many there are
    #[arg(long)]
    all: bool,
    /// Exit with 4 when an account and region in scope, or named with --account, is not covered
    #[arg(long, conflicts_with_all = ["no_lake", "no_compare", "watch"])]
    check: bool,
    /// Read again and again, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60", value_parser = clap::value_parser!(u64).range(1..))]
    watch: Option<u64>,
    /// Do not ask the lake for events and heartbeats
    #[arg(long)]
    no_lake: bool,
    /// Do not look into members: what their stacks made is not compared with the template
    #[arg(long)]
    no_compare: bool,
    /// Have AWS compare every stack with the stack set first
    #[arg(long)]
    detect_drift: bool,
    /// Log files of a trail: a file, a folder, a pattern in quotes or s3://bucket/prefix; may be given several times
    #[arg(long, value_name = "PLACE", conflicts_with = "watch")]
    trail: Vec<OsString>,
    /// After how long without a heartbeat an account and region is silent, for example "6h"
    /// [default: three intervals of the schedule, but at least an hour, and the delivery's buffer]
    #[arg(long, value_name = "DURATION", value_parser = positive)]
    silent_after: Option<SignedDuration>,
    /// The time, for tests
    #[arg(long, hide = true, env = "PIPETRAIL_NOW", action = ArgAction::Set)]
    now: Option<Timestamp>,
}

impl Args {
    /// Whether it goes on until Ctrl-C.
    pub(crate) fn watches(&self) -> bool {
        self.watch.is_some()
    }
}

fn positive(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration.is_positive() => Ok(duration),
        _ => Err("expected a length of time, for example \"90m\" or \"6h\"".to_owned()),
    }
}

/// Runs the command.
///
/// # Errors
/// Wrong configuration, or a read that AWS refuses; a lake that cannot be asked is none.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let config = context.configuration()?;
    let session = Session::connect(&config, context).await?;
    let questions = Questions {
        select: &args.select,
        asks_the_lake: !args.no_lake,
        compares: !args.no_compare,
        silent_after: args.silent_after,
        now: args.now,
    };
    // What is wrong with its place is said before AWS is asked for all the rest.
    let own_changes = match args.trail.as_slice() {
        [] => None,
        trail => Some(trail::read(context, trail).await?),
    };
    let mut reader = Reader::new(&config, &session, questions);
    if args.detect_drift {
        reader.detect_drift().await?;
    }
    if let Some(seconds) = args.watch {
        return watch(&mut reader, context.output, args, Duration::from_secs(seconds)).await;
    }
    let mut report = reader.read().await?;
    report.own_changes = own_changes.map(|mut changes| {
        if !args.select.is_empty() {
            changes.retain(&report.coverage.instances);
        }
        changes
    });
    show(context.output, args, &report)?;
    let rows = &report.coverage.instances;
    for hint in hints(rows) {
        printer::hint(hint);
    }
    let whole = report.own_changes.as_ref().is_none_or(told);
    let covered = rows.iter().all(|row| row.is_good(args.select.names(&row.row.account)));
    Ok(if args.check && !covered || !whole {
        Exit::Partly
    } else {
        Exit::Ok
    })
}

/// Says what of a trail could not be read; gives whether all could.
fn told(changes: &OwnChanges) -> bool {
    for failed in &changes.failed {
        printer::error(&failed.to_string(), failed.hint.as_deref());
    }
    if changes.rejected > 0 {
        printer::error(
            &format!("{} records of the trail's files could not be read", changes.rejected),
            Some("`pipetrail ingest` of the same files says which, and why"),
        );
    }
    if changes
        .changes
        .iter()
        .any(|change| change.error.is_none() && !change.by_stack_sets)
    {
        printer::hint("`pipetrail export scp` prints a policy that forbids such changes");
    }
    changes.failed.is_empty() && changes.rejected == 0
}

/// Shows report after report; only the first one must be readable.
async fn watch(reader: &mut Reader<'_>, output: Output, args: &Args, pause: Duration) -> Result<Exit> {
    show(output, args, &reader.read().await?)?;
    while printer::has_reader() {
        tokio::time::sleep(pause).await;
        match reader.read().await {
            Ok(report) => show(output, args, &report)?,
            // What AWS refuses now it may grant the next time.
            Err(failure) => printer::error(&failure.to_string(), None),
        }
    }
    Ok(Exit::Ok)
}

/// What to try next, each once.
fn hints(rows: &[Judged]) -> Vec<&'static str> {
    let is_bad = |row: &Judged| matches!(row.verdict, Verdict::Failed | Verdict::Outdated | Verdict::NotEnrolled);
    let apply = "`pipetrail apply` tries again what failed, is outdated or lacks its stack";
    let look = "where it is silent, look at the rule pipetrail-forward, the schedule pipetrail-heartbeat and the queue pipetrail-forward-dlq";
    let restore =
        "where it differs, ask whoever changed it; deleting the stack's instance and `pipetrail apply` make it anew";
    let trail = "where the trail is silent, `pipetrail doctor` looks at the organization's trail";
    let hints = [
        (trail, rows.iter().any(|row| row.verdict == Verdict::NoTrail)),
        (restore, rows.iter().any(|row| row.verdict == Verdict::Differs)),
        (apply, rows.iter().any(|row| row.row.state.is_in_scope() && is_bad(row))),
        (look, rows.iter().any(|row| row.verdict == Verdict::Silent)),
    ];
    hints
        .into_iter()
        .filter_map(|(hint, helps)| helps.then_some(hint))
        .collect()
}

fn show(output: Output, args: &Args, report: &Judgement) -> Result<()> {
    match output {
        Output::Json => printer::json(report)?,
        _ => {
            if args.watch.is_some() {
                printer::clear();
            }
            printer::data(&listing(report, args.all));
        }
    }
    // After the screen was cleared, or nobody would see it.
    match &report.lake {
        LakeAnswer::Failed { message, hint } => {
            printer::error(&format!("the lake was not read: {message}"), Some(hint));
        }
        LakeAnswer::Answered {
            unreadable_rows: rows @ 1..,
            ..
        } => printer::say(&format!("{rows} rows of the lake's answer could not be read")),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pipetrail_stacksets::{CoverageRow, CoverageState};

    use super::*;

    #[test]
    fn a_hint_is_given_once_and_only_for_what_can_be_mended() {
        let row = |state, verdict| Judged {
            row: CoverageRow {
                state,
                ..CoverageRow::new(&"000000000001".parse().unwrap(), None)
            },
            verdict,
            explanation: String::new(),
            last_event: None,
            last_heartbeat: None,
            differences: None,
        };
        assert!(hints(&[row(CoverageState::Unenrolled, Verdict::NotEnrolled)]).is_empty());
        let bad = [
            row(CoverageState::Missing, Verdict::NotEnrolled),
            row(CoverageState::Outdated, Verdict::Failed),
            row(CoverageState::Current, Verdict::Silent),
        ];
        assert_eq!(hints(&bad).len(), 2);
    }

    #[test]
    fn a_silence_is_a_positive_length_of_time() {
        assert_eq!(positive("90m"), Ok(SignedDuration::from_mins(90)));
        assert_eq!(positive("1h 30m"), Ok(SignedDuration::from_mins(90)));
        for text in ["", "0s", "-1h", "6", "soon"] {
            assert!(positive(text).is_err(), "{text}");
        }
    }
}
