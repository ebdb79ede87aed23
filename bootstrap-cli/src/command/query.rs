//! `pipetrail query`

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::ValueHint;
use thiserror::Error;

use crate::cli::{Global, UsageError};
use crate::engine::{self, reading};
use crate::exit::Exit;
use crate::lake::Location;
use crate::{printer, prompt, rows};

/// Ask the lake in SQL
///
/// Athena answers, by pipetrail.toml; or, with --lake, this command itself: a folder needs neither
/// configuration nor AWS. Only what reads is sent. Without SQL it is a prompt.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail query 'SELECT pipeline, count(*) AS n FROM approvals GROUP BY pipeline' --lake ./lake\n  pipetrail query --file question.sql --output csv > answer.csv\n  pipetrail query --lake ./lake"
)]
pub struct Args {
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
    pub fn prompts(&self) -> bool {
        self.sql.is_none() && self.file.is_none()
    }
}

/// Runs the command.
///
/// # Errors
/// The lake cannot be opened, there is no way to Athena, or the query is refused.
pub async fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let sql = match (&args.sql, &args.file) {
        (Some(sql), _) => sql.clone(),
        (None, Some(file)) => read(file)?,
        (None, None) if printer::can_ask() => {
            let engine = engine::choose(global, args.lake.as_ref()).await?;
            return prompt::run(engine, global.output).await;
        }
        (None, None) => {
            return Err(UsageError {
                message: "there is no query, and no terminal to ask for one",
                hint: "give one: pipetrail query 'SELECT …', or --file <FILE>, or --file - for standard input",
            }
            .into());
        }
    };
    // Before anybody signs in for it.
    reading::statement(&sql).map_err(engine::EngineError::from)?;
    let engine = engine::choose(global, args.lake.as_ref()).await?;
    rows::ask(&engine, &sql, global.output).await?;
    Ok(Exit::Ok)
}

/// A file of SQL that cannot be read.
#[derive(Debug, Error)]
#[error("cannot read the query from {file}: {cause}")]
pub struct FileError {
    file: String,
    cause: std::io::Error,
}

/// The text of a file, up to a little more than may be sent.
fn read(file: &Path) -> Result<String, FileError> {
    let is_stdin = file == Path::new("-");
    let of = |cause| FileError {
        file: if is_stdin {
            "standard input".to_owned()
        } else {
            file.display().to_string()
        },
        cause,
    };
    let source: Box<dyn Read> = if is_stdin {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(file).map_err(of)?)
    };
    let mut bytes = Vec::new();
    let most = u64::try_from(reading::LONGEST).unwrap_or(u64::MAX);
    source
        .take(most.saturating_add(4))
        .read_to_end(&mut bytes)
        .map_err(of)?;
    // What was cut off in the middle of a letter is too long anyway.
    if bytes.len() > reading::LONGEST {
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let text = String::from_utf8(bytes).map_err(|error| of(std::io::Error::other(error)))?;
    Ok(text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text))
}
