//! A large set of events: ingested, ingested again, and killed on the way.
//!
//! 12,000 events and the heartbeats in the plain test command; a million with `PIPETRAIL_MILLION=1`, which takes minutes
//! without optimisation.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use pipetrail_tests::generate::{self, Days, Recipe};
use pipetrail_tests::printer;

use super::{OF_THE_WAY, ingest, ingested, without};
use crate::lake::Row;
use crate::{computed, folder_lake};

/// Longer than any ingest of this size takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// Table and key: fingerprints of the rows that any delivery of the event may become.
type Wanted = BTreeMap<(String, String), Vec<u64>>;

#[test]
fn a_large_set_becomes_what_the_cloud_path_computes_once_twice_and_after_kills() {
    let million = std::env::var_os("PIPETRAIL_MILLION").is_some();
    let (accounts, events) = if million { (100, 1_000_000) } else { (8, 12_000) };
    let recipe = Recipe::new(accounts, 40, 2, events);
    let folder = tempfile::tempdir().unwrap();
    let (from, lake, broken) = (
        folder.path().join("events"),
        folder.path().join("lake"),
        folder.path().join("broken"),
    );
    let written = generate::write(recipe.clone(), &from).unwrap();
    assert!(written.events > events);
    let wanted = wanted(recipe);

    // Not what building it takes.
    crate::built::built();
    let since = Instant::now();
    ingested(&from, &lake);
    let took = since.elapsed();
    let rows = compare(&lake, &wanted);
    printer::progress(&format!(
        "{} events, {rows} rows, {:.1} s",
        written.events,
        took.as_secs_f64()
    ));

    let before = bytes(&lake);
    ingested(&from, &lake);
    assert!(bytes(&lake) == before, "the second time changes nothing");

    // Killed before anything stands there, and with more and more of it.
    let files = before.len();
    for until in [0, 1, files / 3, files * 2 / 3] {
        kill(&from, &broken, until);
        let found = folder_lake::files(&broken).len();
        assert!((until..files).contains(&found), "killed with {found} of {files} files");
        // Whatever is there is whole.
        folder_lake::each_row(&broken, |_, _, _| {});
    }
    ingested(&from, &broken);
    assert_eq!(compare(&broken, &wanted), rows, "as if it had never been killed");
}

fn wanted(recipe: Recipe) -> Wanted {
    let mut wanted = Wanted::new();
    for event in Days::new(recipe).flatten() {
        let (table, row) = computed::row(&event.text);
        let fingerprint = fingerprint(&row);
        let all = wanted.entry((table, row["event_key"].clone())).or_default();
        if !all.contains(&fingerprint) {
            all.push(fingerprint);
        }
    }
    wanted
}

/// Compares a whole lake; gives back its rows.
fn compare(lake: &Path, wanted: &Wanted) -> usize {
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut rows = 0;
    folder_lake::each_row(lake, |table, partition, row| {
        rows += 1;
        let key = (table.to_owned(), row["event_key"].clone());
        let all = wanted.get(&key).unwrap_or_else(|| panic!("no event gives {key:?}"));
        assert!(
            all.contains(&fingerprint(&row)),
            "another row than the cloud path's: {row:?}"
        );
        // A late second delivery across Regions may lie in another month; one partition has it once.
        let partitions = found.entry(key).or_default();
        assert!(
            !partitions.iter().any(|known| known == partition),
            "twice in {partition}: {row:?}"
        );
        partitions.push(partition.to_owned());
        for of_an_arrival in ["time_in_doubt", "covered_hour"] {
            assert!(!row.contains_key(of_an_arrival), "{row:?}");
        }
    });
    assert!(
        found.keys().eq(wanted.keys()),
        "{} keys, not {}",
        found.len(),
        wanted.len()
    );
    rows
}

fn fingerprint(row: &Row) -> u64 {
    let mut hasher = DefaultHasher::new();
    without(row, &OF_THE_WAY).hash(&mut hasher);
    hasher.finish()
}

/// Every data file with what is in it.
fn bytes(lake: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = folder_lake::files(lake).into_iter();
    files.map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

/// Begins an ingest and kills it as soon as so many data files stand in the lake.
fn kill(from: &Path, lake: &Path, until: usize) {
    fs::create_dir_all(lake).unwrap();
    let mut child = ingest(from, lake)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Not what building it takes.
    crate::built::built();
    let since = Instant::now();
    while folder_lake::files(lake).len() < until && child.try_wait().unwrap().is_none() {
        assert!(since.elapsed() < PATIENCE, "{until} files never stood there");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
