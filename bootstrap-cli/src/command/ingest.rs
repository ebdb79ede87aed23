//! `pipetrail ingest`

use crate::cli::Global;
use crate::exit::Exit;
use crate::ingest::IngestError;

/// Not built yet
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// Always, until it is built.
pub async fn run(_global: &Global, _args: &Args) -> anyhow::Result<Exit> {
    Err(IngestError::NotBuilt.into())
}
