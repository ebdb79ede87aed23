//! `pipetrail enroll`

use crate::cli::Global;
use crate::exit::Exit;

/// Enrol accounts and organizational units now
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// Always, for now.
pub async fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let (_, Args {}) = (global, args);
    anyhow::bail!("not built yet")
}
