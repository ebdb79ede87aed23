use jiff::Timestamp;
use pipetrail_collector::layout::landing;

use super::*;

const TABLE: Table = Table::ApprovalCalls;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn file(key: &str, size: u64) -> Listed {
    Listed {
        key: key.to_owned(),
        etag: "etag".to_owned(),
        size,
        written: time("2026-11-02T00:00:00Z"),
    }
}

fn arrived(names: &[&str]) -> Vec<Listed> {
    names
        .iter()
        .map(|name| file(&format!("{}{name}.parquet", landing(TABLE)), 10))
        .collect()
}

fn chosen(files: &[Listed], now: &str, bytes: u64) -> Vec<String> {
    let log = Log::empty("lake", TABLE);
    let chosen = day(TABLE, &log, files, time(now), bytes);
    let name = |file: &&Listed| file.key.rsplit('/').next().unwrap_or_default().replace(".parquet", "");
    chosen.iter().map(name).collect()
}

#[test]
fn a_day_is_settled_two_hours_after_its_end_the_oldest_first() {
    let files = arrived(&[
        "2026-11-03-a",
        "2026-11-02-b",
        "2026-11-02-a",
        "2026-11-04-a",
        "hand-made",
    ]);
    assert!(chosen(&files, "2026-11-03T01:59:59Z", 100).is_empty());
    assert_eq!(
        chosen(&files, "2026-11-03T02:00:00Z", 100),
        ["2026-11-02-a", "2026-11-02-b"]
    );
    assert_eq!(
        chosen(&files, "2026-11-09T00:00:00Z", 100),
        ["2026-11-02-a", "2026-11-02-b"]
    );
    // A unit of less is one of one file at least.
    assert_eq!(chosen(&files, "2026-11-09T00:00:00Z", 19), ["2026-11-02-a"]);
    assert_eq!(chosen(&files, "2026-11-09T00:00:00Z", 1), ["2026-11-02-a"]);
    assert_eq!(chosen(&files[..1], "2026-11-09T00:00:00Z", 1), ["2026-11-03-a"]);
}

fn closing(files: &[(&str, u64)], now: &str, bytes: u64) -> Vec<String> {
    let files: Vec<Listed> = files.iter().map(|(key, size)| file(key, *size)).collect();
    let log = Log::empty("lake", TABLE);
    let chosen = close(&log, &files, time(now), bytes, &BTreeSet::new(), Some("2026-09"));
    chosen.into_iter().map(|file| file.key.clone()).collect()
}

const A: &str = "approval_calls/account_id=111111111111/month=2026-10/run-a.parquet";
const B: &str = "approval_calls/account_id=111111111111/month=2026-10/run-b.parquet";
const C: &str = "approval_calls/account_id=111111111111/month=2026-10/closed-c.parquet";
const D: &str = "approval_calls/account_id=222222222222/month=2026-10/run-d.parquet";
const E: &str = "approval_calls/account_id=222222222222/month=2026-10/run-e.parquet";

#[test]
fn a_partition_of_several_files_is_closed_a_week_after_its_end() {
    assert!(closing(&[(A, 1), (B, 1)], "2026-11-07T23:59:59Z", 10).is_empty());
    assert_eq!(closing(&[(A, 1), (B, 1)], "2026-11-08T00:00:00Z", 10), [A, B]);
    // One file is closed as it is.
    assert!(closing(&[(A, 1), (D, 1)], "2026-12-08T00:00:00Z", 10).is_empty());
    // What is kept no longer is not worth it.
    let old = |key: &str| key.replace("2026-10", "2026-08");
    assert!(closing(&[(&old(A), 1), (&old(B), 1)], "2026-12-08T00:00:00Z", 10).is_empty());
    let beat = |name: &str| format!("heartbeats/day=2026-10-31/run-{name}.parquet");
    let (a, b) = (beat("a"), beat("b"));
    assert!(closing(&[(&a, 1), (&b, 1)], "2026-11-07T00:00:00Z", 10).is_empty());
    assert_eq!(closing(&[(&a, 1), (&b, 1)], "2026-11-08T00:00:00Z", 10), [a, b]);
}

#[test]
fn late_rows_wait_a_month_for_another_close() {
    assert!(closing(&[(A, 1), (C, 1)], "2026-12-01T00:00:00Z", 10).is_empty());
    assert_eq!(closing(&[(A, 1), (C, 1)], "2026-12-02T00:00:00Z", 10), [A, C]);
}

#[test]
fn a_close_takes_whole_partitions_up_to_its_bytes() {
    let files = [(A, 5), (B, 5), (D, 5), (E, 5)];
    assert_eq!(closing(&files, "2026-11-08T00:00:00Z", 20), [A, B, D, E]);
    assert_eq!(closing(&files, "2026-11-08T00:00:00Z", 19), [A, B]);
    assert_eq!(closing(&files, "2026-11-08T00:00:00Z", 1), [A, B]);
}

#[test]
fn a_month_is_kept_for_so_many_days_after_its_end() {
    let now = "2026-11-30T12:00:00Z";
    assert_eq!(kept_from(time(now), 29), "2026-11");
    assert_eq!(kept_from(time(now), 30), "2026-10");
    assert_eq!(kept_from(time(now), 61), "2026-09");
    let log = Log::empty("lake", TABLE);
    let files = [file(A, 1), file(&A.replace("2026-10", "2026-09"), 1)];
    let (before, gone) = expired(TABLE, &log, files.iter(), time(now), 30);
    assert_eq!((before.as_str(), gone), ("2026-10", vec![&files[1]]));
}
