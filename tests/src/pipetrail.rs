//! The real `pipetrail`, started as a user would start it.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::emulators::prepare::Built;
use crate::environment::{Ran, TestEnvironment};

/// `pipetrail` with these arguments and that `pipetrail.toml`, not started; its output is piped.
/// Nothing asks for confirmation, and the zips are the ones that were built.
pub(crate) fn command(built: &Built, environment: &TestEnvironment, settings: &Path, arguments: &[&str]) -> Command {
    let mut command = environment.command(&built.pipetrail);
    command.args(arguments).arg("--config").arg(settings);
    if arguments.first() == Some(&"apply") {
        command.arg("--yes");
    }
    if matches!(arguments.first(), Some(&("apply" | "plan"))) {
        command.arg("--function-zips").arg(&built.zips);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = Command::from(command);
    command.kill_on_drop(true);
    command
}

/// Runs it to its end.
pub(crate) async fn run(mut command: Command) -> Result<Ran> {
    let output = command.output().await;
    let output = output.with_context(|| format!("cannot start {}", command.as_std().get_program().display()))?;
    Ok(Ran::from(output))
}
