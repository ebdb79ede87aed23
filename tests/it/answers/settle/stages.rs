//! The same answers in landing alone, after settlement, after deletion and after the close.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pipetrail_tests::generate::{self, Recipe};
use serde_json::Value;

use super::super::query::prompt::typed;
use crate::lake_folder::LakeFolder;
use crate::{folder_lake, landed};

const WINDOW: [&str; 4] = ["--from", "2026-10-01", "--to", "2026-12-01"];

/// Every audit as JSON, the report, and what somebody asks in SQL, of a lake.
fn answers(place: &LakeFolder) -> BTreeMap<String, String> {
    let listed = place.run(&["audit", "--list", "--output", "json"]).json().unwrap();
    let mut answers = BTreeMap::new();
    let mut ask = |name: &str, arguments: &[&str]| {
        let ran = place.run(&[arguments, &["--lake", "lake", "--output", "json"]].concat());
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        answers.insert(name.to_owned(), ran.stdout);
    };
    for audit in listed.as_array().unwrap() {
        let name = audit["name"].as_str().unwrap();
        ask(name, &[&["audit", name][..], &WINDOW].concat());
    }
    for sql in [
        "SELECT count(*) AS events, count(DISTINCT account_id || event_key) AS keys FROM action_executions",
        "SELECT account_id, month, count(*) AS n, min(event_time) AS first FROM approval_calls GROUP BY account_id, month ORDER BY account_id, month",
        "SELECT day, count(*) AS n FROM heartbeats GROUP BY day ORDER BY day",
        "WITH failed AS (SELECT * FROM pipeline_executions WHERE state = 'FAILED') SELECT event_key, event_id FROM failed ORDER BY event_key",
        "SELECT * FROM api_calls ORDER BY account_id, event_key LIMIT 20",
    ] {
        ask(sql, &["query", sql]);
    }
    answers
}

/// How many decisions the prompt shows, where somebody types that question.
fn at_the_prompt(place: &LakeFolder) -> u64 {
    let prompt = place.command(&["query", "--lake", "lake"]);
    let question = "SELECT 'n=' || CAST(count(*) AS varchar) AS n FROM approval_calls;\r";
    let (shown, code) = typed(&place.environment, &prompt, &[question, "exit\r"]);
    assert_eq!(code, 0, "{shown}");
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    let counts = shown.split("n=").skip(1).filter_map(|rest| digits(rest).parse().ok());
    counts.last().unwrap_or_else(|| panic!("{shown}"))
}

fn settle(place: &LakeFolder, now: &str) -> BTreeMap<String, Value> {
    let ran = place.run(&["settle", "--lake", "lake", "--now", now, "--output", "json"]);
    assert_eq!(ran.code, Some(0), "{now}: {}", ran.stderr);
    let tables = ran.json().unwrap()["tables"].as_array().unwrap().clone();
    tables
        .into_iter()
        .map(|table| (table["table"].as_str().unwrap().to_owned(), table["done"].clone()))
        .collect()
}

fn sum(done: &BTreeMap<String, Value>, of: &str) -> u64 {
    let numbers = done
        .values()
        .map(|done| done.pointer(of).and_then(Value::as_u64).unwrap());
    numbers.sum()
}

fn files_below(lake: &Path, folder: &str) -> usize {
    folder_lake::files(lake)
        .iter()
        .filter(|file| file.starts_with(lake.join(folder)))
        .count()
}

fn same(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>, when: &str) {
    for (name, answer) in before {
        assert_eq!(answer, &after[name], "{name} {when}");
    }
}

#[test]
fn answers_are_the_same_in_landing_settled_deleted_and_closed() {
    let place = LakeFolder::new();
    let (events, made) = (place.path("events"), place.path("made"));
    let written = generate::write(Recipe::new(5, 40, 12, 3_000), &events).unwrap();
    assert!(written.events > 3_000);
    let ran = place.run(&[
        "ingest",
        events.to_str().unwrap(),
        "--lake",
        made.to_str().unwrap(),
        "--output",
        "json",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let (rows, again) = landed::land(&made, &place.lake());
    let landing = files_below(&place.lake(), "landing");
    assert!(again > 500, "{again} rows come again");
    let before = answers(&place);
    let decisions = at_the_prompt(&place);
    assert!(decisions > 100, "{decisions}");
    assert!(before["conflicts"].contains("event_key"), "{}", before["conflicts"]);

    // Nothing is due before a day is over.
    let early = settle(&place, "2026-11-22T01:59:59Z");
    assert_eq!(sum(&early, "/settled/rows_in"), 0);
    // The three days, and what came again within one of them.
    let settled = settle(&place, "2026-11-24T02:00:00Z");
    assert_eq!(sum(&settled, "/settled/rows_in"), (rows + again) as u64);
    assert!(sum(&settled, "/settled/duplicates") > 0, "{settled:?}");
    assert!(sum(&settled, "/settled/conflicts") > 0, "{settled:?}");
    assert_eq!(
        files_below(&place.lake(), "landing"),
        landing,
        "nothing goes before six hours"
    );
    same(&before, &answers(&place), "after settlement");
    assert_eq!(at_the_prompt(&place), decisions, "after settlement");

    let deleted = settle(&place, "2026-11-24T08:00:00Z");
    // What was closed on the way goes too.
    assert!(sum(&deleted, "/deleted") >= landing as u64, "{deleted:?}");
    assert_eq!(files_below(&place.lake(), "landing"), 0);
    same(&before, &answers(&place), "after deletion");

    // Weeks later everything is one file per partition.
    let closed = settle(&place, "2026-12-09T00:00:00Z");
    assert!(sum(&closed, "/closes") > 0, "{closed:?}");
    same(&before, &answers(&place), "after the close");
    settle(&place, "2026-12-09T06:00:00Z");
    same(&before, &answers(&place), "after the close's deletion");
    assert_eq!(at_the_prompt(&place), decisions, "after the close's deletion");
    let mut partitions: BTreeMap<String, usize> = BTreeMap::new();
    let mut left = 0;
    for file in folder_lake::files(&place.lake()) {
        let below = file.strip_prefix(place.lake()).unwrap().to_owned();
        if !below.starts_with("copies") {
            *partitions
                .entry(below.parent().unwrap().to_str().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    folder_lake::each_row(&place.lake(), |table, _, _| left += usize::from(table != "copies"));
    assert!(partitions.values().all(|files| *files == 1), "{partitions:?}");
    assert_eq!(left, rows, "every event once");

    // And again: there is nothing to do, and nothing changes.
    let log = |place: &LakeFolder| {
        fs::read_dir(place.lake().join("settlement/action_executions"))
            .unwrap()
            .count()
    };
    let entries = log(&place);
    let idle = settle(&place, "2026-12-10T06:00:00Z");
    assert_eq!(sum(&idle, "/settled/rows_in") + sum(&idle, "/deleted"), 0);
    assert_eq!(log(&place), entries);
}

#[test]
fn what_cannot_be_read_is_set_aside_and_nothing_waits_for_it() {
    let place = LakeFolder::new();
    let file = place.write(
        "events.ndjson",
        super::super::ingest::made::events(2, 1, 5).join("\n").as_bytes(),
    );
    let made = place.path("made");
    let ran = place.run(&["ingest", &file, "--lake", made.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    landed::land(&made, &place.lake());
    let landing = place.lake().join("landing/pipeline_executions");
    let damaged = landing.join("2026-11-21-damaged.parquet");
    fs::write(&damaged, b"no parquet").unwrap();
    // It makes every query of its table fail until it is set aside; that waits for no day to be over.
    let sql = "SELECT count(*) AS n FROM pipeline_executions";
    assert_ne!(place.run(&["query", sql, "--lake", "lake"]).code, Some(0));
    let ran = place.run(&[
        "settle",
        "--lake",
        "lake",
        "--now",
        "2026-11-21T12:00:00Z",
        "--output",
        "json",
    ]);
    assert!(ran.stderr.contains("2026-11-21-damaged.parquet"), "{}", ran.stderr);
    let kept = place
        .lake()
        .join("errors/pipeline_executions/damaged/2026-11-21-damaged.parquet");
    assert_eq!(fs::read(kept).unwrap(), b"no parquet");
    settle(&place, "2026-11-24T12:00:00Z");
    settle(&place, "2026-11-24T18:00:00Z");
    assert!(!damaged.exists());
    assert_eq!(place.query(sql)[0]["n"], 10);
}

#[test]
fn an_entry_that_was_changed_stops_its_table_and_deletes_nothing() {
    let place = LakeFolder::new();
    let file = place.write(
        "events.ndjson",
        super::super::ingest::made::events(2, 1, 5).join("\n").as_bytes(),
    );
    let made = place.path("made");
    place.run(&["ingest", &file, "--lake", made.to_str().unwrap()]);
    let (rows, _) = landed::land(&made, &place.lake());
    settle(&place, "2026-11-24T12:00:00Z");
    let entry = place.lake().join("settlement/pipeline_executions/0000000001.json");
    let text = fs::read_to_string(&entry).unwrap();
    let landing = files_below(&place.lake(), "landing");
    // Somebody wants files of another table to go.
    let forged = text.replacen("landing/pipeline_executions/", "landing/api_calls/", 1);
    assert_ne!(text, forged);
    fs::write(&entry, forged).unwrap();
    let ran = place.run(&["settle", "--lake", "lake", "--now", "2026-11-25T12:00:00Z"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("entry 1 of the settlement log of pipeline_executions"),
        "{}",
        ran.stderr
    );
    assert_eq!(files_below(&place.lake(), "landing"), landing);
    assert_eq!(
        place.query("SELECT count(*) AS n FROM pipeline_executions")[0]["n"],
        rows
    );
    // As it was, it goes on.
    fs::write(&entry, text).unwrap();
    settle(&place, "2026-11-25T12:00:00Z");
    assert_eq!(files_below(&place.lake(), "landing"), 0);
    assert_eq!(
        place.query("SELECT count(*) AS n FROM pipeline_executions")[0]["n"],
        rows
    );
}

/// A disk without room, for one process: no file may become longer than a kilobyte.
#[test]
fn a_temporary_folder_without_room_is_named_and_nothing_is_lost() {
    let place = LakeFolder::new();
    let file = place.write(
        "events.ndjson",
        super::super::ingest::made::events(4, 1, 100).join("\n").as_bytes(),
    );
    let made = place.path("made");
    place.run(&["ingest", &file, "--lake", made.to_str().unwrap()]);
    let (rows, _) = landed::land(&made, &place.lake());
    let temp = place.folder("temp");
    let arguments = [
        "settle",
        "--lake",
        "lake",
        "--now",
        "2026-11-24T12:00:00Z",
        "--memory",
        "20000",
        "--temp-dir",
        &temp,
    ];
    let mut full = place.environment.command(std::path::Path::new("/bin/sh"));
    full.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "sh"])
        .arg(&crate::built::built().pipetrail)
        .args(arguments);
    let ran = full.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(4), "{said}");
    assert!(
        said.contains(&format!("cannot write the temporary file in {temp}")),
        "{said}"
    );
    let log = place.lake().join("settlement/pipeline_executions/0000000001.json");
    assert!(!log.exists());
    let count = "SELECT count(*) AS n FROM pipeline_executions";
    assert_eq!(place.query(count)[0]["n"], rows);

    settle(&place, "2026-11-24T12:00:00Z");
    assert!(log.exists());
    assert_eq!(place.query(count)[0]["n"], rows);
    assert_eq!(fs::read_dir(&temp).unwrap().count(), 0);
}
