//! Runs the real CLI against the organization.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::Command;

use super::HOME;
use super::accounts::Made;
use crate::emulators::prepare::Built;

/// Writes `pipetrail.toml`.
pub(super) fn write_settings(folder: &Path, made: &Made, regions: &[String]) -> Result<PathBuf> {
    // A JSON list of strings is a TOML list of strings.
    let (units, regions) = (Value::from(made.units.clone()), Value::from(regions.to_vec()));
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let text = format!(
        "[organization]\nprofile = \"management\"\norganizational_units = {units}\nregions = {regions}\n\n\
         [audit]\naccount = \"{}\"\nprofile = \"audit\"\nregion = \"{HOME}\"\narchitecture = \"{architecture}\"\n",
        made.audit
    );
    let path = folder.join("pipetrail.toml");
    fs::write(&path, text)?;
    Ok(path)
}

/// Runs `pipetrail` with these arguments as a user would, and gives back what it printed.
pub(super) async fn run(
    built: &Built,
    arguments: &[&str],
    settings: &Path,
    aws_config: &Path,
    folder: &Path,
) -> Result<String> {
    let output = output(built, arguments, settings, aws_config, folder).await?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!(
            "pipetrail {} failed ({})\n{printed}{errors}",
            arguments.join(" "),
            output.status
        );
    }
    Ok(printed)
}

/// Runs `pipetrail`, however it ends.
pub(super) async fn output(
    built: &Built,
    arguments: &[&str],
    settings: &Path,
    aws_config: &Path,
    folder: &Path,
) -> Result<Output> {
    let mut command = Command::new(&built.pipetrail);
    command.args(arguments).arg("--config").arg(settings);
    if arguments.first() == Some(&"apply") {
        command.args(["--yes", "--zips"]).arg(&built.zips);
    }
    command
        .env_clear()
        .env("HOME", folder)
        .env("AWS_CONFIG_FILE", aws_config);
    command.env("AWS_SHARED_CREDENTIALS_FILE", folder.join("no-credentials"));
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_PROXY", "127.0.0.1");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
        .output()
        .await
        .with_context(|| format!("cannot start {}", built.pipetrail.display()))
}
