//! `pipetrail ingest`: every input, every wrong input.

mod bucket;
mod killed;
pub(super) mod made;
mod rows;
mod wrong;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use made::events;
use serde_json::Value;

use crate::lake_folder::LakeFolder;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

#[test]
fn every_fixture_is_there_once_and_a_second_run_writes_nothing() {
    let place = LakeFolder::new();
    let first = place.ingest(&[FIXTURES], &[]);
    // The fixtures of queues and functions are no events, and are kept.
    assert_eq!(first.code, Some(4), "{}", first.stderr);
    let report = first.json().unwrap();
    assert_eq!(
        (&report["command"], &report["result"]),
        (&"ingest".into(), &"partly".into())
    );
    let of = |report: &Value, name: &str| report[name].as_u64().unwrap();
    let accounted = of(&report, "rows") + of(&report, "duplicates") + of(&report, "rejected");
    let skipped: u64 = report["skipped"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert!(of(&report, "rows") > 70, "{report}");
    // Every record is in one of the numbers; nothing failed to be written.
    assert_eq!(accounted + skipped, of(&report, "records"), "{report}");
    assert_eq!(of(&report, "unwritten"), 0, "{report}");
    let rejects = place.path(report["reject_file"].as_str().unwrap());
    let rejects = fs::read_to_string(rejects).unwrap();
    assert_eq!(rejects.lines().count() as u64, of(&report, "rejected"));
    for line in rejects.lines() {
        let reject: Value = serde_json::from_str(line).unwrap();
        let file = reject["file"].as_str().unwrap();
        assert!(Path::new(file).exists() && reject["line"].is_u64(), "{reject}");
        assert!(!reject["reason"].as_str().unwrap().is_empty());
    }

    let files = place.files();
    let second = place.ingest(&[FIXTURES], &[]);
    let report = second.json().unwrap();
    assert_eq!((of(&report, "rows"), of(&report, "partitions")), (0, 0), "{report}");
    assert_eq!(place.files(), files);
}

#[test]
fn only_the_owner_may_read_the_reject_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = LakeFolder::new();
    let file = place.write("events.ndjson", b"{\"token\":\"secret\"}\n");
    let rejects = place.path("mine.ndjson");
    fs::write(&rejects, "old").unwrap();
    fs::set_permissions(&rejects, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = place.ingest(&[&file], &["--rejects", rejects.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(fs::metadata(&rejects).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read_to_string(&rejects).unwrap().contains("old"));
    assert!(!ran.stdout.contains("secret") && !ran.stderr.contains("secret"));
}

#[test]
fn what_is_written_does_not_depend_on_order_memory_or_workers() {
    let mut lines = events(4, 3, 40);
    // Each twice, once with a later time, as after a hop across regions.
    let later: Vec<String> = lines.iter().map(|line| line.replace(":00Z", ":07Z")).collect();
    lines.extend(later);
    let (one, two) = (LakeFolder::new(), LakeFolder::new());
    let all = one.write("all.ndjson", lines.join("\n").as_bytes());
    let report = one.ingest(&[&all], &["--jobs", "1"]).json().unwrap();
    assert_eq!(report["rows"].as_u64(), Some(lines.len() as u64 / 2), "{report}");
    assert_eq!(report["duplicates"], report["rows"], "{report}");

    lines.reverse();
    let parts: Vec<String> = lines
        .chunks(37)
        .enumerate()
        .map(|(i, chunk)| two.write(&format!("{i}.ndjson"), chunk.join("\n").as_bytes()))
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let temp = two.folder("temp");
    // So little memory that every few rows go to the disk, and come back one by one.
    let report = two
        .ingest(&parts, &["--jobs", "3", "--memory", "20000", "--temp-dir", &temp])
        .json()
        .unwrap();
    assert_eq!(report["rows"].as_u64(), Some(lines.len() as u64 / 2), "{report}");
    assert_eq!(one.files(), two.files());
    assert_eq!(fs::read_dir(&temp).unwrap().count(), 0);
    let sql = "SELECT * FROM pipeline_executions ORDER BY account_id, event_key";
    let without_the_run = |place: &LakeFolder| -> Vec<Value> {
        let mut rows = place.query(sql);
        for row in &mut rows {
            row.as_object_mut()
                .unwrap()
                .retain(|name, _| name != "ingested_at" && name != "source_file");
        }
        rows
    };
    assert_eq!(without_the_run(&one), without_the_run(&two));
}

#[test]
fn accounts_and_months_and_days_of_heartbeats_get_folders_of_their_own() {
    let place = LakeFolder::new();
    let mut lines = events(2, 2, 1);
    for day in ["2026-11-20", "2026-11-21"] {
        lines.push(format!(
            r#"{{"version":"0","id":"x","detail-type":"pipetrail heartbeat","source":"pipetrail.heartbeat","account":"000000000012","time":"{day}T09:00:00Z","region":"eu-central-1","resources":[],"detail":{{"scheduled_time":"{day}T09:00:00Z"}}}}"#
        ));
    }
    let file = place.write("events.ndjson", lines.join("\n").as_bytes());
    let ran = place.ingest(&[&file], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let folders: Vec<String> = place
        .files()
        .into_iter()
        .map(|file| file.rsplit_once('/').unwrap().0.to_owned())
        .collect();
    assert_eq!(
        folders,
        [
            "heartbeats/day=2026-11-20",
            "heartbeats/day=2026-11-21",
            "pipeline_executions/account_id=000000000000/month=2026-01",
            "pipeline_executions/account_id=000000000000/month=2026-02",
            "pipeline_executions/account_id=000000000001/month=2026-01",
            "pipeline_executions/account_id=000000000001/month=2026-02",
        ]
    );
    let rows = place.query("SELECT account_id, day, source FROM heartbeats ORDER BY day");
    assert_eq!(rows[1]["day"], "2026-11-21");
    assert_eq!(rows[1]["account_id"], "000000000012");
    assert_eq!(rows[1]["source"], "backfill:events");
}

#[test]
fn a_dry_run_says_what_would_be_written_and_writes_nothing() {
    let place = LakeFolder::new();
    fs::create_dir(place.lake()).unwrap();
    let file = place.write("events.ndjson", events(1, 1, 5).join("\n").as_bytes());
    let report = place.ingest(&[&file], &["--dry-run"]).json().unwrap();
    assert_eq!(
        (report["rows"].as_u64(), &report["dry_run"]),
        (Some(5), &Value::Bool(true))
    );
    assert_eq!(fs::read_dir(place.lake()).unwrap().count(), 0);
}

#[test]
fn new_events_go_to_a_new_file_and_old_files_are_never_touched() {
    let place = LakeFolder::new();
    let lines = events(1, 1, 6);
    let first = place.write("first.ndjson", lines[..4].join("\n").as_bytes());
    let all = place.write("all.ndjson", lines.join("\n").as_bytes());
    place.ingest(&[&first], &[]);
    let read = |place: &LakeFolder| -> BTreeMap<String, Vec<u8>> {
        let files = place.files().into_iter();
        files
            .map(|file| (file.clone(), fs::read(place.lake().join(file)).unwrap()))
            .collect()
    };
    let before = read(&place);
    let report = place.ingest(&[&all], &[]).json().unwrap();
    assert_eq!(
        (report["rows"].as_u64(), report["duplicates"].as_u64()),
        (Some(2), Some(4))
    );
    let after = read(&place);
    assert_eq!(after.len(), 2);
    assert!(before.iter().all(|(file, bytes)| after[file] == *bytes));
}

/// CloudTrail's own record of an approval, and the event that EventBridge made of it.
const APPROVAL: &str = include_str!("../../fixtures/cloudtrail/put-approval-approved-iam-user.json");

#[test]
fn a_trails_record_and_its_event_are_one_row_and_the_event_is_kept() {
    let event: Value = serde_json::from_str(APPROVAL).unwrap();
    let mut other = event["detail"].clone();
    other["eventSource"] = "s3.amazonaws.com".into();
    let mut polling = event["detail"].clone();
    polling["eventName"] = "PollForJobs".into();
    let trail = serde_json::json!({"Records": [other, event["detail"], polling]}).to_string();
    let sql = "SELECT event_key, account_id, decision, approver, source FROM approval_calls";

    let place = LakeFolder::new();
    let trail = place.write("trail.json", trail.as_bytes());
    let envelope = place.write("envelope.json", APPROVAL.as_bytes());
    let report = place.ingest(&[&trail], &[]).json().unwrap();
    assert_eq!(
        (report["result"].as_str(), report["rows"].as_u64()),
        (Some("done"), Some(1)),
        "{report}"
    );
    let skipped = serde_json::json!({"records of other services": 1, "polling of job workers": 1});
    assert_eq!(report["skipped"], skipped);
    let of_trail = place.query(sql);
    assert_eq!(of_trail[0]["source"], "backfill:cloudtrail");
    // What the lake has stays, whichever form it came in.
    assert_eq!(place.ingest(&[&envelope], &[]).json().unwrap()["duplicates"], 1);
    assert_eq!(place.query(sql), of_trail);

    let both = LakeFolder::new();
    let report = both.ingest(&[&trail, &envelope], &[]).json().unwrap();
    assert_eq!(
        (report["rows"].as_u64(), report["duplicates"].as_u64()),
        (Some(1), Some(1))
    );
    let kept = both.query(sql);
    assert_eq!(kept[0]["source"], "backfill:events");
    for column in ["event_key", "account_id", "decision", "approver"] {
        assert_eq!(kept[0][column], of_trail[0][column], "{column}");
    }
}

#[test]
fn months_that_are_kept_no_longer_are_counted_and_not_written() {
    let place = LakeFolder::new();
    let mut lines = events(2, 1, 3);
    // This month is kept, and the one of a year ago is not.
    let now = Timestamp::now().strftime("\"time\":\"%Y-%m-").to_string();
    lines.extend(
        events(2, 1, 2)
            .iter()
            .map(|line| line.replace("\"time\":\"2026-01-", &now)),
    );
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace("\"time\":\"2026-01-", "\"time\":\"2025-01-"))
        .collect();
    let file = place.write("events.ndjson", lines.join("\n").as_bytes());
    let ran = place.ingest(&[&file], &["--retention-days", "30"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let report = ran.json().unwrap();
    let skipped = serde_json::json!({"records of months that are kept no longer": 6});
    assert_eq!(
        (report["rows"].as_u64(), &report["skipped"]),
        (Some(4), &skipped),
        "{report}"
    );
    assert_eq!(report["records"], 10);
    assert!(place.files().iter().all(|file| !file.contains("2025")));
}
