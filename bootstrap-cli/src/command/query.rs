//! `pipetrail query`

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::ValueHint;

use crate::context::Context;
use crate::failure::{Exit, Result, UsageError};
use crate::lake;
use crate::terminal::{answer, printer, prompt};
use pipetrail_lake::engine::{EngineError, reading};
use pipetrail_lake::store::Location;

/// Ask the lake in SQL
///
/// Athena answers, by pipetrail.toml; or, with --lake, this command itself: a folder needs neither
/// configuration nor AWS. Only what reads is sent. Without SQL it is a prompt.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail query 'SELECT pipeline, count(*) FROM approval_calls GROUP BY pipeline' --lake ./lake\n  pipetrail query --file question.sql --output csv > answer.csv\n  pipetrail query --lake ./lake"
)]
pub(crate) struct Args {
    /// The query: one statement
    #[arg(value_name = "SQL")]
    sql: Option<String>,
    /// File with the query instead, or - for standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "sql")]
    file: Option<PathBuf>,
    /// The lake to read here, without Athena: a folder, or s3://bucket/prefix
    #[arg(long, value_name = "PLACE", value_hint = ValueHint::DirPath)]
    lake: Option<Location>,
}

impl Args {
    /// Whether it is a prompt.
    pub(crate) fn prompts(&self) -> bool {
        self.sql.is_none() && self.file.is_none()
    }
}

/// Runs the command.
///
/// # Errors
/// The lake cannot be opened, there is no way to Athena, or the query is refused.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let sql = match (&args.sql, &args.file) {
        (Some(sql), _) => sql.clone(),
        (None, Some(file)) => read(file)?,
        (None, None) if printer::can_ask() => {
            let engine = lake::engine(context, args.lake.as_ref()).await?;
            return prompt::run(engine, context.output).await;
        }
        (None, None) => {
            let hint = "give one: pipetrail query 'SELECT …', or --file <FILE>, or --file - for standard input";
            return Err(UsageError::new("there is no query, and no terminal to ask for one", hint).into());
        }
    };
    // Before anybody signs in for it.
    reading::statement(&sql).map_err(EngineError::from)?;
    let engine = lake::engine(context, args.lake.as_ref()).await?;
    answer::ask(&engine, &sql, context.output).await?;
    Ok(Exit::Ok)
}

fn read(file: &Path) -> Result<String, UsageError> {
    let (name, text) = if file == Path::new("-") {
        ("standard input".into(), text(io::stdin().lock()))
    } else {
        (file.to_string_lossy(), File::open(file).and_then(text))
    };
    let hint = "name a file of SQL in UTF-8, or - for standard input";
    text.map_err(|cause| UsageError::new(format!("cannot read the query from {name}: {cause}"), hint))
}

/// The text of a query, up to a little more than may be sent.
fn text(source: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(reading::LONGEST).unwrap_or(u64::MAX);
    source.take(most.saturating_add(4)).read_to_end(&mut bytes)?;
    // What was cut off in the middle of a letter is too long anyway.
    if bytes.len() > reading::LONGEST {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text))
}
