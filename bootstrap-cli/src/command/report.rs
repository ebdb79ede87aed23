//! `pipetrail report`

mod file;

use std::path::{Path, PathBuf};

use clap::ValueHint;
use jiff::Timestamp;
use serde::Serialize;

use pipetrail_lake::audits::{self, Parameters};
use pipetrail_lake::engine::Engine;
use pipetrail_lake::store::Location;
use pipetrail_names::audit::DATABASE;
use pipetrail_report::{AUDITS, Asked, Format, Question, Report, Window, counted, render};

use self::file::Target;
use crate::command::select::Select;
use crate::context::Context;
use crate::failure::{Exit, Result, UsageError};
use crate::lake::{self, Source};
use crate::terminal::printer::{self, Output};

/// Write a report that people read: who approved and rejected what, in all accounts
///
/// One page that needs no network: figures, charts, a table of all decisions that can be searched and
/// sorted, open gates, refused calls, what is covered, and the SQL behind every figure. Or the same
/// for spreadsheets (a workbook) and for programs (JSON; the decisions alone as CSV, of which a
/// spreadsheet would spoil account ids that begin with zeros). The file names approvers and what they
/// wrote, and only its owner may read it: hand it on accordingly.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail report --from 2026-07-01 --to 2026-10-01 --out q3.html\n  pipetrail report --account 111122223333 --out payments.xlsx\n  pipetrail report --lake ./lake --from 2026-07-01 --to 2026-10-01 --out q3.csv"
)]
pub(crate) struct Args {
    #[command(flatten)]
    select: Select,
    /// The lake: a folder, or s3://bucket/prefix; without it Athena is asked
    #[arg(long, value_name = "PLACE")]
    lake: Option<Location>,
    /// File to write
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: PathBuf,
    /// Its format, instead of the one that its name ends in
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// What `report --output json` writes.
#[derive(Serialize)]
struct Written<'a> {
    command: &'static str,
    file: &'a Path,
    format: &'static str,
    bytes: usize,
    decisions: usize,
    #[serde(flatten)]
    question: &'a Question,
}

/// Ends a window that reaches into the future at this moment, and gives the end that was asked for:
/// hours to come are no gap, and a gate has not waited through them.
fn ended(parameters: &mut Parameters, now: Timestamp) -> Option<Timestamp> {
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    if parameters.to <= now {
        return None;
    }
    if parameters.from >= now {
        printer::say("warning: the window begins in the future: no event can be in it yet");
        return None;
    }
    printer::say(&format!(
        "warning: the end of the window is still to come; the report ends now, at {now}"
    ));
    Some(std::mem::replace(&mut parameters.to, now))
}

/// Runs the command.
///
/// # Errors
/// The file may not be written, the lake cannot be opened, or an audit is refused.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    // What can be wrong without a query is said before one.
    if args.out.as_os_str() == "-" {
        let message = "a report is written to a file, not to standard output";
        let hint = "name a file, for example `--out report.html`; `pipetrail audit decisions --output csv` writes rows to standard output";
        return Err(UsageError::new(message, hint).into());
    }
    let format = args.format.map_or_else(|| Format::of(&args.out), Ok)?;
    let target = Target::new(&args.out, args.force)?;
    let mut parameters = args.select.parameters()?;
    let generated_at = args.select.now.unwrap_or_else(Timestamp::now);
    let asked_to = ended(&mut parameters, generated_at);
    let source = lake::source(context, args.lake.as_ref()).await?;
    let question = Question {
        window: Window {
            from: parameters.from,
            to: parameters.to,
        },
        asked_to,
        accounts: parameters.accounts.clone(),
        pipelines: parameters.pipelines.clone(),
        lake: match &args.lake {
            Some(place) => place.to_string(),
            None => format!("Athena's database {DATABASE}"),
        },
        engine: match source.engine {
            Engine::Embedded(_) => "Apache DataFusion, in pipetrail itself",
            Engine::Athena(_) => "Amazon Athena",
        },
        version: env!("CARGO_PKG_VERSION"),
        generated_at,
    };
    let report = gather(&source, question, &parameters).await?;
    for account in report.unseen() {
        printer::say(&format!(
            "warning: account {account} has no row in this report; the lake may not hold it, or its number is mistyped"
        ));
    }
    let contents = render(&report, format)?;
    target.write(&contents)?;
    let (decisions, bytes) = (report.of("decisions").len(), contents.len());
    match context.output {
        Output::Json => printer::json(&Written {
            command: "report",
            file: &args.out,
            format: format.name(),
            bytes,
            decisions,
            question: &report.question,
        })?,
        _ => {
            let decisions = counted(decisions, "decision", "decisions");
            printer::data(&format!("{}: {decisions}, {bytes} bytes", args.out.display()));
        }
    }
    Ok(Exit::Ok)
}

/// Asks all audits, one after the other: each keeps the engine busy by itself.
async fn gather(source: &Source, question: Question, parameters: &Parameters) -> Result<Report> {
    let mut asked = Vec::with_capacity(AUDITS.len());
    for (name, columns) in AUDITS {
        let audit = audits::find(name)?;
        let mut bound = parameters.clone();
        // What an audit does not know it shows whole: a heartbeat has no pipeline.
        if !audit.takes("pipeline") {
            bound.pipelines.clear();
        }
        let sql = source.sql(audit, &bound).await?;
        let answer = source.engine.ask(&sql).await?.collect().await?;
        let one = Asked {
            name: (*name).to_owned(),
            title: audit.answers.clone(),
            sql: source.engine.text(&sql).into_owned(),
            answer,
        };
        asked.push(one.require(columns)?);
    }
    Ok(Report {
        question,
        audits: asked,
    })
}
