//! A folder with a lake in it, and `pipetrail` there: without a configuration, without AWS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pipetrail_tests::environment::{Ran, TestEnvironment};
use serde_json::Value;
use tempfile::TempDir;

use crate::built::built;

/// The folder is the home of its commands too; its lake is `lake`.
pub(crate) struct LakeFolder {
    pub environment: TestEnvironment,
    folder: TempDir,
}

impl LakeFolder {
    /// There is no lake yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = TestEnvironment::new(folder.path());
        Self { environment, folder }
    }

    /// The lake has these tables, without rows.
    pub(crate) fn with_tables(tables: &[&str]) -> Self {
        let made = Self::new();
        for table in tables {
            fs::create_dir_all(made.lake().join(table)).unwrap();
        }
        made
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn lake(&self) -> PathBuf {
        self.path("lake")
    }

    /// Writes a file; its path.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Makes a folder; its path.
    pub(crate) fn folder(&self, name: &str) -> String {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// `pipetrail` here, not started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.environment.command(&built().pipetrail);
        command.args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.environment.run(&built().pipetrail, arguments).unwrap()
    }

    /// The arguments that bring paths into the lake.
    pub(crate) fn arguments<'a>(&self, paths: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
        [&["ingest", "--lake", "lake", "--output", "json"], paths, more].concat()
    }

    pub(crate) fn ingest(&self, paths: &[&str], more: &[&str]) -> Ran {
        self.run(&self.arguments(paths, more))
    }

    pub(crate) fn query(&self, sql: &str) -> Vec<Value> {
        let ran = self.run(&["query", sql, "--lake", "lake", "--output", "json"]);
        ran.json().unwrap().as_array().unwrap().clone()
    }

    /// Every file of the lake that an engine reads, sorted; one that is half-written is a failure.
    pub(crate) fn files(&self) -> Vec<String> {
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
