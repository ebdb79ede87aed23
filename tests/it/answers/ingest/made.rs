//! A folder with a lake in it, and events that were made up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::built::built;

/// A folder with the lake `lake`.
pub struct Place(pub TempDir);

/// What a command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Standard output as JSON.
    pub fn report(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }
}

impl Place {
    pub fn new() -> Self {
        Place(tempfile::tempdir().unwrap())
    }

    pub fn lake(&self) -> PathBuf {
        self.0.path().join("lake")
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn folder(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        fs::create_dir(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&built().pipetrail);
        command.args(arguments).current_dir(self.0.path()).env_clear();
        command
            .env("HOME", self.0.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The arguments that bring paths into the lake.
    pub fn arguments<'a>(&self, paths: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
        [&["ingest", "--lake", "lake", "--output", "json"], paths, more].concat()
    }

    pub fn ingest(&self, paths: &[&str], more: &[&str]) -> Said {
        self.run(&self.arguments(paths, more))
    }

    pub fn query(&self, sql: &str) -> Vec<Value> {
        let said = self.run(&["query", sql, "--lake", "lake", "--output", "json"]);
        let rows: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
        rows.as_array().unwrap().clone()
    }

    /// Every file of the lake that an engine reads, sorted; one that is half-written is a failure.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.lake(), &self.lake(), &mut found);
        found.sort();
        found
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "errors" {
            walk(root, &path, found);
        } else if name.ends_with(".parquet") {
            found.push(name);
        } else {
            assert!(!name.contains('#'), "{name} is half-written");
        }
    }
}

/// State changes of so many accounts, months and executions in each.
pub fn events(accounts: usize, months: usize, executions: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for account in 0..accounts {
        for month in 1..=months {
            for execution in 0..executions {
                let (day, minute) = (execution / 60 % 28 + 1, execution % 60);
                lines.push(format!(
                    r#"{{"version":"0","id":"{account}-{month}-{execution}","detail-type":"CodePipeline Pipeline Execution State Change","source":"aws.codepipeline","account":"{account:012}","time":"2026-{month:02}-{day:02}T09:{minute:02}:00Z","region":"eu-central-1","resources":["arn:aws:codepipeline:eu-central-1:{account:012}:shop"],"detail":{{"pipeline":"shop","execution-id":"{execution:08}-{month:04}-4000-8000-{account:012}","state":"STARTED","version":3.0,"pipeline-execution-attempt":1.0}}}}"#
                ));
            }
        }
    }
    lines
}
