//! `pipetrail audit`

use pipetrail_lake::audits::{self, Audit, AuditError};
use pipetrail_lake::store::Location;
use pipetrail_lake::tiers;

use crate::command::select::Select;
use crate::context::Context;
use crate::failure::{Exit, Result, UsageError};
use crate::lake;
use crate::terminal::answer;
use crate::terminal::listing::{lines, table};
use crate::terminal::printer::{self, Output};

/// Ask an audit by its name
///
/// Audits are SQL that pipetrail brings along: `--list` names them, docs/audits.md describes them.
/// They count every event once, however often it was delivered. With --lake they are answered in this
/// process and need neither configuration nor an AWS account; without it Athena answers.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail audit --list\n  pipetrail audit decisions --lake ./lake --set decision=Rejected\n  pipetrail audit approvers --from 2026-07-01 --to 2026-10-01 --output csv > approvers.csv\n  pipetrail audit deployments --account 111122223333 --set stage=Prod --set category=Build\n  pipetrail audit open-gates --sql"
)]
pub(crate) struct Args {
    /// The audit
    #[arg(value_name = "NAME", required_unless_present = "list")]
    name: Option<String>,
    /// Name every audit, and what it answers
    #[arg(long, conflicts_with_all = ["name", "sql", "lake", "set"])]
    list: bool,
    #[command(flatten)]
    select: Select,
    /// A parameter of the audit's own; can be given more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Write the SQL with everything bound, and do not ask it
    #[arg(long)]
    sql: bool,
    /// The lake to read here, without Athena: a folder, or s3://bucket/prefix
    #[arg(long, value_name = "PLACE", value_hint = clap::ValueHint::DirPath)]
    lake: Option<Location>,
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE, for example stage=Prod"),
    }
}

/// Runs the command.
///
/// # Errors
/// An audit or a value that does not exist, a lake that cannot be opened, or what the engine says.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    if args.list {
        return list(context.output);
    }
    // Without a name clap lets nothing but --list through.
    let audit = audits::find(args.name.as_deref().unwrap_or_default())?;
    let mut parameters = args.select.parameters()?;
    for (name, value) in &args.set {
        if parameters.values.insert(name.clone(), value.clone()).is_some() {
            return Err(AuditError::Value {
                parameter: name.clone(),
                value: value.clone(),
                expected: "given once",
            }
            .into());
        }
    }
    let sql = audit.sql(&parameters)?;
    if args.sql {
        // As the engine gets it that would be asked: the one here knows both tiers of a lake.
        match args.lake {
            Some(_) => printer::verbatim(&sql),
            None => printer::verbatim(&tiers::over_glue(&sql)),
        }
        return Ok(Exit::Ok);
    }
    let source = lake::source(context, args.lake.as_ref()).await?;
    let sql = source.sql(audit, &parameters).await?;
    answer::ask(&source.engine, &sql, context.output).await?;
    Ok(Exit::Ok)
}

fn list(output: Output) -> Result<Exit> {
    match output {
        Output::Json => printer::json(&audits::all())?,
        Output::Csv => {
            return Err(UsageError::new("the list of audits is not rows of csv", "use --output json").into());
        }
        Output::Table => printer::data(&listing(audits::all())),
    }
    Ok(Exit::Ok)
}

/// The audits that there are.
fn listing(audits: &[Audit]) -> String {
    let mut all = table(&["AUDIT", "ANSWERS", "OWN PARAMETERS"]);
    for audit in audits {
        let own = audit.parameters.iter().filter(|parameter| parameter.own);
        let own: Vec<&str> = own.map(|parameter| parameter.name).collect();
        // The first sentence: docs/audits.md and JSON have all of it.
        let answers = audit.answers.split(". ").next().unwrap_or_default();
        all.add_row([audit.name, answers.trim_end_matches('.'), &own.join(", ")]);
    }
    lines(&all)
}
