//! `pipetrail report`

use std::path::PathBuf;

use clap::ValueHint;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::Global;
use crate::engine::{Embedded, Engine};
use crate::exit::Exit;
use crate::lake::{Lake, Location};
use crate::printer::{self, Output};
use crate::report::{self, Format, Scope, Target, Window};

/// Write a report that people read: who approved and rejected what, in all accounts
///
/// One page that needs no network: figures, charts, a table of all decisions that can be searched and
/// sorted, open gates, refused calls, what is covered, and the SQL behind every figure. Or the same
/// as CSV (the decisions), JSON or a workbook. The file names approvers; treat it accordingly.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail report --from 2026-07-01 --to 2026-10-01 --out q3.html\n  pipetrail report --account 111122223333 --out payments.xlsx\n  pipetrail report --lake ./lake --from 2026-07-01 --to 2026-10-01 --out q3.csv"
)]
pub struct Args {
    /// First moment: a day or a time, UTC [default: 90 days before the end]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// Moment after the last: a day or a time, UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<Timestamp>,
    /// Only this account (repeatable)
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<String>,
    /// The lake: a folder, or s3://bucket/prefix
    #[arg(long, value_name = "PLACE")]
    lake: Location,
    /// File to write
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: PathBuf,
    /// Its form, instead of the one that its name says
    #[arg(long, value_name = "FORMAT", value_enum)]
    format: Option<Format>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
    /// The time, for tests
    #[arg(long, hide = true, env = "PIPETRAIL_NOW")]
    now: Option<Timestamp>,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let at = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    at.parse().map_err(|_| "expected a day or a time".to_owned())
}

/// What `--output json` writes.
#[derive(Serialize)]
struct Written<'a> {
    command: &'static str,
    file: &'a std::path::Path,
    format: &'static str,
    bytes: usize,
    #[serde(flatten)]
    scope: &'a Scope,
    decisions: usize,
}

/// Runs the command.
///
/// # Errors
/// The file may not be written, the lake cannot be opened, or an audit is refused.
pub async fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let format = args.format.map_or_else(|| Format::of(&args.out), Ok)?;
    let target = Target::new(&args.out, args.force)?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    let to = args.to.unwrap_or(now);
    let from = args.from.unwrap_or(to - jiff::SignedDuration::from_hours(24 * 90));
    let lake = Lake::open(&args.lake, global).await?;
    let engine = Engine::Embedded(Embedded::over(&lake)?);
    let scope = Scope {
        window: Window { from, to },
        accounts: args.accounts.clone(),
        lake: args.lake.to_string(),
        engine: "Apache DataFusion, in pipetrail itself",
        version: env!("CARGO_PKG_VERSION"),
        generated_at: now,
    };
    let report = report::gather(&engine, scope).await?;
    let contents = report::render(&report, format)?;
    target.write(&contents)?;
    let decisions = report.of("decisions").len();
    match global.output {
        Output::Json => printer::json(&Written {
            command: "report",
            file: &args.out,
            format: format.name(),
            bytes: contents.len(),
            scope: &report.scope,
            decisions,
        })?,
        _ => printer::data(&format!(
            "{}: {decisions} decisions, {} bytes",
            args.out.display(),
            contents.len()
        )),
    }
    Ok(Exit::Ok)
}
