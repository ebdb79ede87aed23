//! Builds what is under test: the `pipetrail` binary and the functions' zips.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::python;
use crate::printer;

/// What was built, and where.
#[derive(Clone, Debug)]
pub struct Built {
    pub root: PathBuf,
    pub target: PathBuf,
    pub pipetrail: PathBuf,
    pub zips: PathBuf,
}

/// How the functions are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Functions {
    /// In the dev profile: the same code with the same features, a tenth of the time.
    Quick,
    /// As they are released, and inside of the binary too.
    Released,
}

/// What cargo calls the selection of `cargo all-tests` and `cargo local-org`: with `-p` the dependencies
/// would have other features, and be built twice.
const FEATURES: &str = "pipetrail-collector/aws,pipetrail-lake/lambda";

/// Builds the functions and the binary, as optimised as this process, and installs the emulators
/// meanwhile; once in a process.
///
/// # Errors
/// When a build fails.
pub async fn prepare(functions: Functions) -> Result<Built> {
    static QUICK: OnceCell<Built> = OnceCell::const_new();
    static RELEASED: OnceCell<Built> = OnceCell::const_new();
    let built = match functions {
        Functions::Quick => &QUICK,
        Functions::Released => &RELEASED,
    };
    built.get_or_try_init(|| build_all(functions)).await.cloned()
}

async fn build_all(functions: Functions) -> Result<Built> {
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
    let target = PathBuf::from(target);

    printer::progress("building pipetrail and its functions; the first time takes minutes");
    let environment = {
        let target = target.clone();
        tokio::task::spawn_blocking(move || python::environment(&target))
    };
    let (pipetrail, zips) = match functions {
        // One build: no processor waits at the end of the first for the second.
        Functions::Quick => {
            let pipetrail = build(
                &root,
                &cargo,
                &["pipetrail", "transform", "settle", "approval", "watch"],
            )
            .await?;
            lambda_zips(&root, &cargo, &["--quick"]).await?;
            (pipetrail, target.join("lambda-quick"))
        }
        // The zips first: the binary embeds them.
        Functions::Released => {
            lambda_zips(&root, &cargo, &[]).await?;
            (build(&root, &cargo, &["pipetrail"]).await?, target.join("lambda"))
        }
    };
    environment.await??;
    Ok(Built {
        pipetrail,
        zips,
        target,
        root,
    })
}

async fn lambda_zips(root: &Path, cargo: &OsString, options: &[&str]) -> Result<()> {
    let mut zips = Command::new(root.join(".ci").join("lambda-zips"));
    run(zips.args(options).env("CARGO", cargo).current_dir(root)).await?;
    Ok(())
}

/// Builds binaries, and gives the path of `pipetrail`.
async fn build(root: &Path, cargo: &OsString, binaries: &[&str]) -> Result<PathBuf> {
    let mut build = Command::new(cargo);
    build.args(["build", "--locked", "--features", FEATURES]);
    for binary in binaries {
        build.args(["--bin", binary]);
    }
    build.args(["--message-format", "json-render-diagnostics"]);
    if cfg!(not(debug_assertions)) {
        build.arg("--release");
    }
    let messages = run(build.current_dir(root)).await?;
    let mut artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let pipetrail =
        artifacts.find(|message| message["target"]["name"] == "pipetrail" && message["executable"].is_string());
    let pipetrail = pipetrail.context("cargo built no pipetrail")?;
    Ok(pipetrail["executable"].as_str().unwrap_or_default().into())
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
