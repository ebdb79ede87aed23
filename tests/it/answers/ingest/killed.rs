//! SIGKILL and Ctrl-C in the middle: the lake is never half-written, and the next run completes it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::made::events;
use crate::lake_folder::LakeFolder;

/// How many runs are killed after a part of the time that a whole one takes; as many more are killed
/// once their first file is there.
const MOMENTS: u32 = 4;

#[test]
fn a_run_that_is_killed_anywhere_leaves_a_lake_that_the_next_one_completes() {
    let lines = events(6, 4, 150);
    let text = lines.join("\n");
    let whole = LakeFolder::new();
    let file = whole.write("events.ndjson", text.as_bytes());
    // Most of it goes through the temporary file.
    let more = ["--memory", "300000", "--jobs", "2"];
    let begun = Instant::now();
    let report = whole.ingest(&[&file], &more).json().unwrap();
    let duration = begun.elapsed();
    assert_eq!(report["rows"].as_u64(), Some(lines.len() as u64), "{report}");

    let (mut killed, mut between) = (0, 0);
    for moment in 1..=2 * MOMENTS {
        let place = LakeFolder::new();
        let file = place.write("events.ndjson", text.as_bytes());
        let temp = place.folder("temp");
        let more = [&more[..], &["--temp-dir", &temp]].concat();
        let mut child = place.command(&place.arguments(&[&file], &more)).spawn().unwrap();
        if moment <= MOMENTS {
            std::thread::sleep(duration * moment / (MOMENTS + 1));
        } else {
            while data(&place.lake()) == 0 && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
        }
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().code().is_none());
        let there = data(&place.lake());
        between += usize::from(there > 0 && there < whole.files().len());
        assert_eq!(
            fs::read_dir(&temp).unwrap().count(),
            0,
            "the temporary file has no name"
        );

        let ran = place.ingest(&[&file], &more);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let report = ran.json().unwrap();
        let (rows, duplicates) = (report["rows"].as_u64().unwrap(), report["duplicates"].as_u64().unwrap());
        assert_eq!(rows + duplicates, lines.len() as u64);
        assert_eq!(place.files(), whole.files());
        let counted = place.query("SELECT COUNT(*) AS n, COUNT(DISTINCT event_key) AS d FROM pipeline_executions");
        assert_eq!(counted[0]["n"].as_u64(), Some(lines.len() as u64));
        assert_eq!(counted[0]["d"], counted[0]["n"]);
    }
    assert!(
        killed > 0 && between > 0,
        "{killed} runs were killed, {between} of them between two partitions"
    );
}

/// How many data files there are below a folder.
fn data(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries.map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => data(&entry.path()),
        _ => usize::from(entry.path().extension().is_some_and(|ending| ending == "parquet")),
    });
    below.sum()
}

#[test]
fn what_a_killed_run_left_half_written_is_no_data_and_is_removed() {
    let place = LakeFolder::new();
    let file = place.write("events.ndjson", events(1, 1, 3).join("\n").as_bytes());
    let folder = place
        .lake()
        .join("pipeline_executions/account_id=000000000000/month=2026-01");
    fs::create_dir_all(&folder).unwrap();
    let half = folder.join("ingest-0123456789abcdef0123456789abcdef.parquet#1");
    fs::write(&half, b"PAR1").unwrap();
    assert_eq!(place.query("SELECT COUNT(*) AS n FROM pipeline_executions")[0]["n"], 0);
    let ran = place.ingest(&[&file], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!half.exists());
    assert_eq!(place.query("SELECT COUNT(*) AS n FROM pipeline_executions")[0]["n"], 3);
}

#[test]
fn an_interruption_while_reading_changes_nothing_and_says_so() {
    let place = LakeFolder::new();
    let mut command = place.command(&place.arguments(&["-"], &[]));
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    // Standard input stays open until it has ended, so it waits for more.
    let input = child.stdin.take();
    let until = Instant::now() + Duration::from_secs(20);
    while !place.lake().join(".ingest.lock").exists() {
        assert!(Instant::now() < until, "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(200));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    drop(input);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("interrupted, nothing was changed"), "{said}");
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn an_interruption_while_writing_says_that_a_second_run_completes_it() {
    let lines = events(6, 4, 20);
    for _ in 0..10 {
        let place = LakeFolder::new();
        let file = place.write("events.ndjson", lines.join("\n").as_bytes());
        let mut command = place.command(&place.arguments(&[&file], &["--jobs", "1"]));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while data(&place.lake()) == 0 && Instant::now() < until {
            std::thread::yield_now();
        }
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        if output.status.code() == Some(0) {
            // It was quicker.
            continue;
        }
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(
            said.contains("run the same command again to write what is left"),
            "{said}"
        );
        let report = place.ingest(&[&file], &[]).json().unwrap();
        let (rows, duplicates) = (report["rows"].as_u64().unwrap(), report["duplicates"].as_u64().unwrap());
        assert!(rows > 0 && duplicates > 0, "{report}");
        assert_eq!(rows + duplicates, lines.len() as u64);
        return;
    }
    panic!("no run was interrupted while it wrote");
}

fn interrupt(child: &Child) {
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
}
