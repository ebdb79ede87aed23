//! `pipetrail query`

use crate::cli::Global;
use crate::engine::{Embedded, Engine};
use crate::exit::Exit;
use crate::lake::{Lake, Location};
use crate::printer;

/// Ask the lake in SQL
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The query
    sql: String,
    /// The lake: a folder, or s3://bucket/prefix
    #[arg(long, value_name = "PLACE")]
    lake: Location,
}

/// Runs the command.
///
/// # Errors
/// The lake cannot be opened, or the query is refused.
pub async fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let lake = Lake::open(&args.lake, global).await?;
    let engine = Engine::Embedded(Embedded::over(&lake)?);
    let answer = engine.ask(&args.sql).await?.collect().await?;
    for row in answer.rows {
        printer::data(&serde_json::to_string(&row)?);
    }
    Ok(Exit::Ok)
}
