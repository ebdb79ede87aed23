//! `pipetrail subscribe`

use crate::cli::Global;
use crate::exit::Exit;

/// Send alerts to an address
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
