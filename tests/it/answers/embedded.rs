//! The embedded engine over lakes as they are found: files of other ages and other makers, wrong
//! files, wrong queries. Through the command, without AWS and without a configuration.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use pipetrail_tests::environment::{Ran, TestEnvironment};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::built::built;

/// Writes a file of text columns, and of whatever else is in `more`.
fn write(lake: &Path, key: &str, texts: &[(&str, &[&str])], more: Vec<(&str, ArrayRef)>) {
    let text = |values: &[&str]| Arc::new(StringArray::from_iter_values(values)) as ArrayRef;
    let columns = texts.iter().map(|(name, values)| (*name, text(values))).chain(more);
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = lake.join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn query(lake: &Path, sql: &str) -> Ran {
    let home = tempfile::tempdir().unwrap();
    let lake = lake.to_str().unwrap();
    TestEnvironment::new(home.path())
        .run(&built().pipetrail, &["query", sql, "--output", "json", "--lake", lake])
        .unwrap()
}

fn rows(lake: &Path, sql: &str) -> Value {
    let ran = query(lake, sql);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.json().unwrap()
}

fn refused(lake: &Path, sql: &str, error: &str, hint: &str) {
    let ran = query(lake, sql);
    let said = &ran.stderr;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{said}");
    assert!(said.starts_with(&format!("error: {error}")), "{said}");
    assert!(said.contains(&format!("\nhint: {hint}")), "{said}");
}

/// Two accounts, files of three ages, a copy of an event in a later file.
fn lake() -> TempDir {
    let lake = tempfile::tempdir().unwrap();
    let mine = "approval_calls/account_id=000011112222/month=2026-11";
    let early = [
        ("event_key", &["k1", "k2"][..]),
        ("event_id", &["i1", "i2"]),
        ("event_time", &["2026-11-20T09:00:00.000Z", "2026-11-20T10:00:00.000Z"]),
        ("ingested_at", &["2026-11-20T09:00:30.000Z", "2026-11-20T10:00:30.000Z"]),
        ("decision", &["Approved", "Rejected"]),
    ];
    write(
        lake.path(),
        &format!("{mine}/2026/11/20/09/old.parquet"),
        &early,
        Vec::new(),
    );
    let late = [
        ("risk", &["high", "low"][..]),
        ("decision", &["Approved", "Approved"]),
        ("event_time", &["2026-11-20T09:00:00.000Z", "2026-11-21T09:00:00.000Z"]),
        ("ingested_at", &["2026-11-22T00:00:00.000Z", "2026-11-21T09:00:30.000Z"]),
        ("event_id", &["i9", "i3"]),
        ("event_key", &["k1", "k3"]),
    ];
    let more: Vec<(&str, ArrayRef)> = vec![
        ("event_ms", Arc::new(Int64Array::from(vec![1, 2]))),
        ("mfa", Arc::new(BooleanArray::from(vec![None, Some(true)]))),
    ];
    write(lake.path(), &format!("{mine}/new"), &late, more);
    let other = [
        ("event_key", &["k4"][..]),
        ("event_id", &["i4"]),
        ("event_time", &["2026-10-01T00:00:00.000Z"]),
    ];
    write(
        lake.path(),
        "approval_calls/account_id=999988887777/month=2026-10/a.parquet",
        &other,
        Vec::new(),
    );
    fs::write(lake.path().join(mine).join("_SUCCESS"), "").unwrap();
    fs::write(lake.path().join(mine).join(".old.parquet.crc"), "crc").unwrap();
    lake
}

const FIRST: &str = "SELECT account_id, month, event_key, event_id, decision, mfa, event_ms FROM (SELECT *, row_number() OVER \
                     (PARTITION BY event_key ORDER BY event_time, ingested_at, event_id) AS copy FROM approval_calls \
                     WHERE month >= '2026-10') AS copies WHERE copy = 1 ORDER BY event_key";

#[test]
fn files_of_every_age_are_read_as_one_table_and_each_event_once() {
    let lake = lake();
    let row = |account: &str,
               month: &str,
               key: &str,
               id: &str,
               decision: Option<&str>,
               mfa: Option<bool>,
               ms: Option<i64>| {
        json!({
            "account_id": account, "month": month, "event_key": key, "event_id": id, "decision": decision,
            "mfa": mfa, "event_ms": ms,
        })
    };
    let (mine, other) = ("000011112222", "999988887777");
    let expected = json!([
        row(mine, "2026-11", "k1", "i1", Some("Approved"), None, None),
        row(mine, "2026-11", "k2", "i2", Some("Rejected"), None, None),
        row(mine, "2026-11", "k3", "i3", Some("Approved"), Some(true), Some(2)),
        row(other, "2026-10", "k4", "i4", None, None, None),
    ]);
    assert_eq!(rows(lake.path(), FIRST), expected);
    let none = "SELECT count(*) AS n FROM pipetrail.heartbeats WHERE day = '2026-11-20'";
    assert_eq!(rows(lake.path(), none), json!([{"n": 0}]));
}

#[test]
fn a_wrong_file_is_named_unless_the_query_needs_none_of_its_partition() {
    let lake = lake();
    let wrong = "approval_calls/account_id=999988887777/month=2026-10/export.parquet";
    write(lake.path(), wrong, &[("id", &["1"]), ("name", &["x"])], Vec::new());
    let hint = "take the file out of the table's folder";
    let error = format!("cannot read {wrong}: no column event_key, so no rows of approval_calls\n");
    refused(lake.path(), "SELECT count(*) AS n FROM approval_calls", &error, hint);
    refused(lake.path(), FIRST, &error, hint);
    fs::write(lake.path().join(wrong), "PAR1").unwrap();
    refused(
        lake.path(),
        FIRST,
        &format!("cannot read {wrong}: not a whole Parquet file"),
        hint,
    );
    let without = "SELECT count(*) AS n FROM approval_calls WHERE month = '2026-11'";
    assert_eq!(rows(lake.path(), without), json!([{"n": 4}]));
    let without = "SELECT count(*) AS n FROM approval_calls WHERE account_id IN ('000011112222', '1')";
    assert_eq!(rows(lake.path(), without), json!([{"n": 4}]));
}

#[test]
fn what_is_no_lake_and_what_is_no_column_is_said_with_the_next_thing_to_try() {
    let empty = tempfile::tempdir().unwrap();
    let error = format!("{} holds no table of a lake\n", empty.path().display());
    refused(
        empty.path(),
        "SELECT count(*) FROM approval_calls",
        &error,
        "`pipetrail ingest <PATHS> --lake ",
    );
    let lake = lake();
    let wrong = "SELECT event_key,\n       desicion FROM approval_calls";
    refused(
        lake.path(),
        wrong,
        "no column desicion at line 2, column 8\n",
        "did you mean decision?",
    );
    let wrong = "SELECT event_key FROM aprovals";
    refused(
        lake.path(),
        wrong,
        "no table aprovals at line 1, column 23\n",
        "the tables are ",
    );
}

#[test]
fn a_query_nested_deep_and_wide_is_answered_or_refused_but_never_kills() {
    let lake = lake();
    let mut nested = "SELECT event_key, decision FROM approval_calls".to_owned();
    for level in 0..30 {
        nested = format!("SELECT event_key, decision FROM ({nested}) AS t{level} WHERE decision IS NOT NULL");
    }
    let count = |sql: &str| rows(lake.path(), &format!("SELECT count(*) AS n FROM ({sql}) AS t"));
    assert_eq!(count(&nested), json!([{"n": 4}]));
    let wide: Vec<String> = (0..1_500).map(|i| format!("event_key = 'k{i}'")).collect();
    let wide = format!("SELECT event_key FROM approval_calls WHERE {}", wide.join(" OR "));
    assert_eq!(count(&wide), json!([{"n": 5}]));
    let deep = format!("SELECT {}1{} AS n", "(".repeat(5_000), ")".repeat(5_000));
    refused(
        lake.path(),
        &deep,
        "the query is nested too deep\n",
        "a long chain of OR",
    );
}
