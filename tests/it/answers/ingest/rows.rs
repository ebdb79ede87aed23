//! `pipetrail ingest --rows`: rows that were finished once, out of error files and out of Parquet.

use std::fs;

use aws_smithy_types::base64;
use serde_json::{Map, Value, json};

use super::{APPROVAL, FIXTURES};
use crate::lake_folder::LakeFolder;

const TABLES: [&str; 7] = [
    "pipeline_executions",
    "stage_executions",
    "action_executions",
    "approval_calls",
    "api_calls",
    "heartbeats",
    "other_events",
];

/// All rows but for what tells of the file they came from.
fn rows(place: &LakeFolder) -> Vec<Value> {
    let mut found = Vec::new();
    for table in TABLES {
        for mut row in place.query(&format!(
            "SELECT * FROM {table} ORDER BY account_id, event_key, content_sha256"
        )) {
            let columns = row.as_object_mut().unwrap();
            columns.retain(|name, _| !["source", "source_file", "ingested_at"].contains(&name.as_str()));
            columns.insert("table".to_owned(), table.into());
            found.push(row);
        }
    }
    found
}

#[test]
fn rows_whose_key_follows_from_what_they_keep_of_their_event_come_back_as_they_were() {
    let (first, second) = (LakeFolder::new(), LakeFolder::new());
    first.ingest(&[FIXTURES], &[]);
    // Not what was rejected, which lies there too.
    let folders = TABLES
        .map(|table| first.lake().join(table))
        .into_iter()
        .filter(|folder| folder.exists());
    let folders: Vec<String> = folders.map(|folder| folder.to_str().unwrap().to_owned()).collect();
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let report = second.ingest(&folders, &["--rows"]).json().unwrap();
    let (before, after) = (rows(&first), rows(&second));
    let of = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(of("rows"), after.len() as u64, "{report}");
    assert_eq!(
        of("rows") + of("rejected") + of("duplicates"),
        before.len() as u64,
        "{report}"
    );
    assert_eq!(of("duplicates"), 0, "{report}");
    assert!(after.iter().all(|row| before.contains(row)));

    // What is left out is what redaction changed: no decision is.
    let left: Vec<&Value> = before.iter().filter(|row| !after.contains(row)).collect();
    assert!(
        !left.is_empty() && left.len() * 2 < before.len(),
        "{} of {}",
        left.len(),
        before.len()
    );
    for row in left {
        let table = row["table"].as_str().unwrap();
        assert!(!["approval_calls", "api_calls", "heartbeats"].contains(&table), "{row}");
        let raw = row["raw"].as_str().unwrap();
        let id = row["action_execution_id"].as_str().unwrap_or_default();
        assert!(raw.contains("REDACTED") || id.len() == 64, "{row}");
    }
    let sources = second.query("SELECT DISTINCT source FROM approval_calls");
    assert_eq!(sources, [json!({"source": "backfill:rows"})]);
    let rejects = fs::read_to_string(second.path(report["reject_file"].as_str().unwrap())).unwrap();
    for line in rejects.lines() {
        let reject: Value = serde_json::from_str(line).unwrap();
        assert!(
            reject["reason"].as_str().unwrap().contains("cannot be checked"),
            "{reject}"
        );
    }
}

/// The row of [`APPROVAL`], as λ transform hands it to Firehose.
fn approval() -> Map<String, Value> {
    let place = LakeFolder::new();
    let file = place.write("approval.json", APPROVAL.as_bytes());
    place.ingest(&[&file], &[]);
    let row = place.query("SELECT * FROM approval_calls").remove(0);
    row.as_object().unwrap().clone()
}

fn firehose_error(row: &Map<String, Value>) -> String {
    let data = base64::encode(Value::from(row.clone()).to_string());
    format!(
        r#"{{"attemptsMade":4,"arrivalTimestamp":1795,"errorCode":"DataFormatConversion.ParseError","errorMessage":"x","rawData":"{data}"}}"#
    )
}

#[test]
fn a_row_that_firehose_could_not_convert_is_refused_without_the_flag_and_read_with_it() {
    let row = approval();
    let place = LakeFolder::new();
    let file = place.write("errors.json", firehose_error(&row).as_bytes());
    let ran = place.ingest(&[&file], &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let rejects = ran.json().unwrap()["reject_file"].as_str().unwrap().to_owned();
    assert!(
        fs::read_to_string(place.path(&rejects))
            .unwrap()
            .contains("`--rows` reads it")
    );

    let ran = place.ingest(&[&file], &["--rows"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mut again = place.query("SELECT * FROM approval_calls").remove(0);
    assert_eq!(again["source"], "backfill:rows");
    for (name, value) in row {
        if !["source", "source_file", "ingested_at"].contains(&name.as_str()) {
            assert_eq!(again[&name].take(), value, "{name}");
        }
    }
    // A second run, and the event itself, are the same happening.
    let event = place.write("approval.json", APPROVAL.as_bytes());
    let report = place.ingest(&[&file, &event], &["--rows"]).json().unwrap();
    assert_eq!(
        (&report["rows"], &report["duplicates"]),
        (&json!(0), &json!(2)),
        "{report}"
    );
}

#[test]
fn a_row_that_says_other_than_its_event_is_refused_or_follows_the_event() {
    let row = approval();
    let with = |name: &str, value: Value| {
        let mut row = row.clone();
        row.insert(name.to_owned(), value);
        Value::from(row).to_string()
    };
    let raw = row["raw"].as_str().unwrap();
    let unredacted: Value = serde_json::from_str(APPROVAL).unwrap();
    let token = unredacted["detail"]["requestParameters"]["token"].as_str().unwrap();
    for (line, reason) in [
        (with("event_key", "0".repeat(32).into()), "cannot be checked"),
        (with("event_key", Value::Null), "without texts in `event_key` and `raw`"),
        (with("raw", Value::Null), "without texts in `event_key` and `raw`"),
        (with("raw", "{".into()), "`raw` is no event"),
        (
            with("raw", raw.replace("\"account\":\"", "\"account\":\"9").into()),
            "`raw` is no event",
        ),
    ] {
        let place = LakeFolder::new();
        let file = place.write("row.json", line.as_bytes());
        let ran = place.ingest(&[&file], &["--rows"]);
        assert_eq!(ran.code, Some(1), "{line}: {}", ran.stderr);
        let rejects = ran.json().unwrap()["reject_file"].as_str().unwrap().to_owned();
        let rejects = fs::read_to_string(place.path(&rejects)).unwrap();
        assert!(rejects.contains(reason), "{reason}: {rejects}");
    }
    let place = LakeFolder::new();
    let lines = [
        // Whoever made this row wrote another decision into its column, and another account.
        with("decision", "Rejected".into()),
        with("account_id", "999999999999".into()),
        // And whoever made this one did not redact it.
        with("raw", APPROVAL.into()),
    ];
    let file = place.write("rows.ndjson", lines.join("\n").as_bytes());
    let report = place.ingest(&[&file], &["--rows"]).json().unwrap();
    assert_eq!(
        (&report["rows"], &report["duplicates"]),
        (&json!(1), &json!(2)),
        "{report}"
    );
    let kept = place.query("SELECT * FROM approval_calls").remove(0);
    for name in ["decision", "account_id", "token_sha256", "content_sha256"] {
        assert_eq!(kept.get(name), row.get(name), "{name}");
    }
    assert!(!kept["raw"].as_str().unwrap().contains(token), "{kept}");
}

#[test]
fn damaged_files_are_named_and_stop_no_other() {
    let source = LakeFolder::new();
    let file = source.write("approval.json", APPROVAL.as_bytes());
    source.ingest(&[&file], &[]);
    let good = fs::read(source.lake().join(&source.files()[0])).unwrap();
    let place = LakeFolder::new();
    let folder = place.folder("damaged");
    let put = |name: &str, bytes: &[u8]| fs::write(format!("{folder}/{name}"), bytes).unwrap();
    put("good.parquet", &good);
    put("cut.parquet", &good[..good.len() / 2]);
    put("empty.parquet", b"");
    put("other.parquet", include_bytes!("other-schema.parquet"));
    let ran = place.ingest(&[&folder], &["--rows"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let report = ran.json().unwrap();
    assert_eq!(
        (&report["rows"], &report["rejected"]),
        (&json!(1), &json!(3)),
        "{report}"
    );
    let rejects = fs::read_to_string(place.path(report["reject_file"].as_str().unwrap())).unwrap();
    for (file, reason) in [
        ("cut", "no Parquet file"),
        ("empty", "no Parquet file"),
        ("other", "no column event_key"),
    ] {
        let mut lines = rejects.lines();
        assert!(
            lines.any(|line| line.contains(&format!("{file}.parquet")) && line.contains(reason)),
            "{file}: {rejects}"
        );
    }
    // Without the flag such files are passed over.
    let report = place.ingest(&[&folder], &[]).json().unwrap();
    assert_eq!(
        (&report["passed_over"], &report["files"]),
        (&json!(4), &json!(0)),
        "{report}"
    );
}
