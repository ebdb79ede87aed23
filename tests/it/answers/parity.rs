//! What `ingest` writes, beside what the cloud path writes for the same events.

mod large;
mod played;
mod trail;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pipetrail_tests::environment::{Ran, TestEnvironment};

use crate::built::built;
use crate::lake::Row;

pub(super) const FOLDERS: [&str; 4] = ["pipeline", "stage", "action", "cloudtrail"];
/// Where and for whom the fixtures were written.
pub(super) const FIXTURES: (&str, &str) = ("111122223333", "eu-central-1");
/// What says how and when a row came, not what happened; a file knows no arrival, so nothing follows from it.
const OF_THE_WAY: [&str; 5] = ["source", "source_file", "ingested_at", "time_in_doubt", "covered_hour"];

pub(super) fn fixtures(folders: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// `pipetrail ingest` with a lake in a folder, not started.
fn ingest(from: &Path, lake: &Path) -> Command {
    let mut command = TestEnvironment::new(lake.parent().unwrap()).command(&built().pipetrail);
    command.arg("ingest").arg(from).arg("--lake").arg(lake);
    command
}

fn ingested(from: &Path, lake: &Path) {
    let ran = Ran::from(ingest(from, lake).output().unwrap());
    assert_eq!(ran.code, Some(0), "{}{}", ran.stderr, ran.stdout);
}

fn without(row: &Row, columns: &[&str]) -> Row {
    let mut row = row.clone();
    row.retain(|name, _| !columns.contains(&name.as_str()));
    row
}

/// Which columns of the first row have another value in the second.
fn difference(first: &Row, second: &Row) -> BTreeMap<String, [Option<String>; 2]> {
    let names = first.keys().chain(second.keys());
    let pairs = names.map(|name| (name.clone(), [first.get(name).cloned(), second.get(name).cloned()]));
    pairs.filter(|(_, [first, second])| first != second).collect()
}
