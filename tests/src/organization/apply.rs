//! Runs the real CLI against the organization.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::process::Command;

use super::accounts::Made;
use super::{HOME, Scope};
use crate::emulators::prepare::Built;

/// Writes `pipetrail.toml`.
pub(super) fn write_settings(folder: &Path, made: &Made, scope: &Scope) -> Result<PathBuf> {
    // A JSON list of strings is a TOML list of strings.
    let (units, regions) = (Value::from(made.units.clone()), Value::from(scope.regions.clone()));
    let topics = scope
        .account_topics
        .iter()
        .filter_map(|member| made.members.get(*member));
    let topics: Value = topics.map(|member| member.id.clone()).collect();
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let text = format!(
        "[organization]\nprofile = \"management\"\norganizational_units = {units}\nregions = {regions}\n\n\
         [audit]\naccount = \"{}\"\nprofile = \"audit\"\nregion = \"{HOME}\"\narchitecture = \"{architecture}\"\n\n\
         [alerts]\naccount_topics = {topics}\n",
        made.audit
    );
    let path = folder.join("pipetrail.toml");
    fs::write(&path, text)?;
    Ok(path)
}

/// What a run of `pipetrail` came to.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub data: String,
    /// Standard error.
    pub said: String,
}

impl Ran {
    /// Standard output as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.data).with_context(|| format!("no JSON: {}{}", self.data, self.said))
    }
}

/// `pipetrail` with these arguments, as a user would start it.
pub(crate) fn command(built: &Built, arguments: &[&str], settings: &Path, aws_config: &Path, folder: &Path) -> Command {
    let mut command = Command::new(&built.pipetrail);
    command.args(arguments).arg("--config").arg(settings);
    if arguments.first() == Some(&"apply") {
        command.arg("--yes");
    }
    if matches!(arguments.first(), Some(&("apply" | "plan"))) {
        command.arg("--zips").arg(&built.zips);
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
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(super) async fn run(mut command: Command) -> Result<Ran> {
    let output = command.output().await;
    let output = output.with_context(|| format!("cannot start {}", command.as_std().get_program().display()))?;
    Ok(Ran {
        code: output.status.code(),
        data: String::from_utf8_lossy(&output.stdout).into_owned(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
