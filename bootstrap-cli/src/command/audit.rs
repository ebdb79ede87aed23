//! `pipetrail audit`

use crate::audits::AuditError;
use crate::cli::Global;
use crate::exit::Exit;

/// Not built yet
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// Always, until it is built.
pub async fn run(_global: &Global, _args: &Args) -> anyhow::Result<Exit> {
    Err(AuditError::NotBuilt.into())
}
