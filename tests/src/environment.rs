//! The environment of every process that is tested: empty but for what is set here.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

/// Where a process under test runs: in a folder that is its home too, without colours, 100 columns
/// wide, and without credentials but those of an AWS config file that it is given. Of the caller's
/// environment it sees `PATH` alone.
#[derive(Clone, Debug)]
pub struct TestEnvironment {
    folder: PathBuf,
    variables: BTreeMap<&'static str, OsString>,
}

impl TestEnvironment {
    /// With `folder` as home and current folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let variables = BTreeMap::from([
            ("HOME", folder.into()),
            ("AWS_SHARED_CREDENTIALS_FILE", folder.join("no-credentials").into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("COLUMNS", "100".into()),
            ("NO_COLOR", "1".into()),
            // Emulators listen on loopback.
            ("NO_PROXY", "127.0.0.1".into()),
        ]);
        Self {
            folder: folder.to_owned(),
            variables,
        }
    }

    /// With the profiles of that file instead of none.
    #[must_use]
    pub fn aws_config(self, path: &Path) -> Self {
        self.with("AWS_CONFIG_FILE", path)
    }

    /// With one more variable, or another value of one.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    /// Without a variable that is set here otherwise.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// A program in this environment, not started; nothing comes from its standard input.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = cleared(program, &["PATH"]);
        command.envs(&self.variables).current_dir(&self.folder);
        command.stdin(Stdio::null());
        command
    }

    /// Runs a program in this environment to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run<A: AsRef<OsStr>>(&self, program: impl AsRef<OsStr>, arguments: &[A]) -> Result<Ran> {
        let mut command = self.command(program);
        let output = command.args(arguments).output();
        let output = output.with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Ran::from(output))
    }
}

/// A program that sees these of the caller's variables and no others.
pub(crate) fn cleared(program: impl AsRef<OsStr>, kept: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in kept {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Exit code; `None` when it was killed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ran {
    /// Standard output as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("no JSON: {}{}", self.stdout, self.stderr))
    }
}
