//! Builds what is under test: the `pipetrail` binary and the functions' zips.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;

use crate::printer;

/// What was built, and where.
#[derive(Clone, Debug)]
pub struct Built {
    /// The repository.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// The `pipetrail` binary.
    pub pipetrail: PathBuf,
    /// Folder of the zips.
    pub zips: PathBuf,
}

/// Builds the zips, and the binary with them in it, as optimised as this process. Quick when nothing
/// changed.
///
/// # Errors
/// When a build fails.
pub async fn prepare() -> Result<Built> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the package has no parent")?
        .to_owned();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let described = run(Command::new(&cargo)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(&root))
    .await?;
    let described: Value = serde_json::from_str(&described)?;
    let target = described["target_directory"]
        .as_str()
        .context("cargo names no target folder")?;

    printer::progress("building pipetrail and its functions; the first time takes minutes");
    // The zips first: the binary embeds them.
    run(Command::new(root.join(".ci").join("lambda-zips"))
        .env("CARGO", &cargo)
        .current_dir(&root))
    .await?;
    let mut build = Command::new(&cargo);
    // The selection of `cargo all-tests` and `cargo local-org`: with `-p` the dependencies would have
    // other features, and be built twice.
    build.args([
        "build",
        "--locked",
        "--bin",
        "pipetrail",
        "--features",
        "pipetrail-collector/aws,pipetrail-lake/lambda",
    ]);
    build.args(["--message-format", "json-render-diagnostics"]);
    if cfg!(not(debug_assertions)) {
        build.arg("--release");
    }
    let messages = run(build.current_dir(&root)).await?;
    let mut artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let pipetrail =
        artifacts.find(|message| message["target"]["name"] == "pipetrail" && message["executable"].is_string());
    let pipetrail = pipetrail.context("cargo built no pipetrail")?;
    Ok(Built {
        pipetrail: pipetrail["executable"].as_str().unwrap_or_default().into(),
        zips: Path::new(target).join("lambda"),
        target: target.into(),
        root,
    })
}

/// Runs a command whose progress goes where this process's goes; gives back its standard output.
async fn run(command: &mut Command) -> Result<String> {
    // What cargo told this process is not for a cargo below it: ring's build script would run again.
    for (name, _) in env::vars_os() {
        let told = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_"];
        if told.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    let program = command.as_std().get_program().display().to_string();
    // Not `output()`: tokio's captures standard error whatever was said before.
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn();
    let child = child.with_context(|| format!("cannot start {program}"))?;
    let output = child.wait_with_output().await?;
    ensure!(output.status.success(), "{program} failed: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
