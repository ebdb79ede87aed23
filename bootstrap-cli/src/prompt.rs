//! The prompt of `pipetrail query`.

use crate::engine::Engine;
use crate::exit::Exit;
use crate::printer::Output;

/// Asks statement after statement.
///
/// # Errors
/// The terminal fails.
pub async fn run(_engine: Engine, _output: Output) -> anyhow::Result<Exit> {
    anyhow::bail!("not built yet")
}
