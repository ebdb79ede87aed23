//! The Python environment of the emulators, made under `target/` on first use.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::printer::Step;

const REQUIREMENTS: &str = include_str!("../../requirements.txt");

/// The environment's `python`, installed first where it is not there yet.
///
/// Its folder is named by a hash of the requirements, so an upgrade makes a new one; a lock file
/// lets only one process install.
///
/// # Errors
/// When there is no Python 3.10 or newer with `venv`, or when `pip` fails.
pub fn environment(target: &Path) -> Result<PathBuf> {
    let hash = hex::encode(&Sha256::digest(REQUIREMENTS)[..6]);
    let home = target.join(format!("emulators-{hash}"));
    let python = home.join("bin").join("python");
    let stamp = home.join("installed");
    if stamp.exists() {
        return Ok(python);
    }
    fs::create_dir_all(target)?;
    let lock = File::create(target.join("emulators.lock"))?;
    lock.lock().context("cannot lock the emulators' folder")?;
    if stamp.exists() {
        return Ok(python);
    }
    let step = Step::begin("installing moto and MiniStack (once)");
    if home.exists() {
        fs::remove_dir_all(&home).context("cannot remove a half-made environment")?;
    }
    let system = system_python()?;
    run(Command::new(&system).args(["-m", "venv"]).arg(&home))?;
    let requirements = home.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        // Most modules are never imported: those that are compile then.
        "--no-compile",
        "-r",
    ];
    run(Command::new(&python).args(pip).arg(&requirements))?;
    fs::write(&stamp, &hash)?;
    step.done("");
    Ok(python)
}

fn system_python() -> Result<String> {
    let candidates = [
        "python3",
        "python3.14",
        "python3.13",
        "python3.12",
        "python3.11",
        "python3.10",
        "python",
    ];
    let check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    for candidate in candidates {
        let mut command = Command::new(candidate);
        let command = command.args(["-c", check]).stdout(Stdio::null()).stderr(Stdio::null());
        if command.status().is_ok_and(|status| status.success()) {
            return Ok(candidate.to_owned());
        }
    }
    bail!("no Python 3.10 or newer with venv found\nhint: install python3 and python3-venv")
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{:?} failed: {}", command, errors.trim());
    Ok(())
}
