//! Hostile copies: what one account sends changes no answer about another, and a copy that says something
//! else never goes unseen.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::parity::{FIXTURES, FOLDERS, fixtures};
use crate::lake_folder::LakeFolder;

const PAIRS: u64 = 10_000;
/// Accounts that something happened in, and as many that send copies of it.
const ACCOUNTS: u64 = 40;
const WINDOW: [&str; 4] = ["--from", "2026-11-01", "--to", "2026-12-01"];

/// A number below `limit`, always the same for the same pair and question.
fn pick(pair: u64, question: &str, limit: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (pair, question).hash(&mut hasher);
    hasher.finish() % limit
}

/// The text with its UUIDs made those of the pair.
fn of_pair(text: &str, pair: u64) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let digits = format!("{pair:08x}");
    for at in 0..bytes.len().saturating_sub(35) {
        let is_uuid = (0..36).all(|i| match i {
            8 | 13 | 18 | 23 => bytes[at + i] == b'-',
            _ => bytes[at + i].is_ascii_hexdigit(),
        });
        if is_uuid {
            bytes[at..at + 8].copy_from_slice(digits.as_bytes());
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn victim(pair: u64) -> String {
    format!("1{:011}", pair % ACCOUNTS)
}

/// What happened, and the copy that somebody else sends: as an envelope, or as the record of a trail.
fn pair(fixtures: &[String], pair: u64) -> (Value, Value) {
    let fixture = &fixtures[usize::try_from(pick(pair, "fixture", fixtures.len() as u64)).unwrap()];
    let (victim, attacker) = (victim(pair), format!("2{:011}", pick(pair, "attacker", ACCOUNTS)));
    let a: Value = serde_json::from_str(&of_pair(&fixture.replace(FIXTURES.0, &victim), pair)).unwrap();
    let mut b = a.clone();
    b["account"] = attacker.clone().into();
    let id = b["detail"]["eventID"].clone();
    let way = pick(pair, "way", 4);
    // One of four keeps the victim's recipient.
    if id.is_string() && way > 0 {
        b["detail"]["recipientAccountId"] = attacker.into();
    }
    for (change, field, value) in [
        ("earlier", "eventTime", json!("2026-11-20T09:00:00Z")),
        ("refused", "errorCode", json!("AccessDenied")),
        ("state", "state", json!("FAILED")),
        ("gone", "requestParameters", Value::Null),
        (
            "addendum",
            "addendum",
            json!({"reason": "UPDATED_DATA", "originalEventID": id}),
        ),
        (
            "action",
            "action-execution-id",
            json!("0b6c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3"),
        ),
    ] {
        if pick(pair, change, 3) == 0 {
            b["detail"][field] = value;
        }
    }
    if pick(pair, "time", 2) == 0 {
        b["time"] = "2026-11-20T08:59:59Z".into();
    }
    if pick(pair, "replayed", 4) == 0 {
        b["replay-name"] = "forged".into();
    }
    if id.is_string() && way == 3 {
        b = b["detail"].take();
    }
    (a, b)
}

fn lines(values: &[Value]) -> String {
    values.iter().map(|value| format!("{value}\n")).collect()
}

/// What every audit answers about the victims.
fn answers(place: &LakeFolder) -> BTreeMap<String, Vec<Value>> {
    let listed = place.run(&["audit", "--list", "--output", "json"]).json().unwrap();
    let victims: Vec<String> = (0..ACCOUNTS).map(victim).collect();
    let only: Vec<&str> = victims.iter().flat_map(|victim| ["--account", victim]).collect();
    let mut answers = BTreeMap::new();
    for audit in listed.as_array().unwrap() {
        let name = audit["name"].as_str().unwrap();
        let by_account = audit["columns"]
            .as_array()
            .unwrap()
            .iter()
            .any(|column| column["name"] == "account_id");
        // An answer about all accounts at once is asked about the victims alone.
        let more: &[&str] = if by_account { &[] } else { &only };
        let ran = place.run(
            &[
                &["audit", name, "--lake", "lake", "--output", "json"],
                &WINDOW[..],
                more,
            ]
            .concat(),
        );
        let mut rows = ran
            .json()
            .unwrap_or_else(|error| panic!("{name}: {error:#}"))
            .as_array()
            .unwrap()
            .clone();
        rows.retain(|row| !by_account || victims.iter().any(|victim| row["account_id"] == victim.as_str()));
        answers.insert(name.to_owned(), rows);
    }
    answers
}

#[test]
fn no_copy_from_another_account_changes_an_answer() {
    let fixtures = fixtures(&FOLDERS);
    let (happened, forged): (Vec<Value>, Vec<Value>) = (0..PAIRS).map(|number| pair(&fixtures, number)).unzip();
    let place = LakeFolder::new();
    let events = place.write("events.ndjson", lines(&happened).as_bytes());
    let report = place.ingest(&[&events], &[]).json().unwrap();
    assert_eq!(
        (&report["rejected"], &report["conflicts"]),
        (&json!(0), &json!(0)),
        "{report}"
    );
    let before = answers(&place);
    assert!(
        before.values().filter(|rows| !rows.is_empty()).count() > 12,
        "{before:?}"
    );

    let copies = place.write("forged.ndjson", lines(&forged).as_bytes());
    let report = place.ingest(&[&copies], &[]).json().unwrap();
    // The record of one account in the envelope of another is refused, and the others are rows.
    let [rows, rejected] = ["rows", "rejected"].map(|number| report[number].as_u64().unwrap());
    assert!(rejected > PAIRS / 20 && rows > PAIRS / 2, "{report}");
    for (name, rows) in answers(&place) {
        assert_eq!(before[&name], rows, "{name}");
    }
}

#[test]
fn a_copy_that_says_something_else_is_kept_counted_and_named() {
    let approved = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/cloudtrail/put-approval-approved-iam-user.json"
    );
    let approved = fs::read_to_string(approved).unwrap();
    let commented = approved.replace("CAB-118 ok", "never asked for");
    let place = LakeFolder::new();
    let first = place.write("first.json", approved.as_bytes());
    let second = place.write("second.json", commented.as_bytes());
    let of = |report: &Value| ["rows", "duplicates", "conflicts"].map(|number| report[number].as_u64().unwrap());
    let report = place.ingest(&[&first], &[]).json().unwrap();
    assert_eq!(of(&report), [1, 0, 0], "{report}");
    // Both are there once it is told, also when the same file comes again, and as well in one run.
    for run in [[1, 0, 1], [0, 1, 1]] {
        let report = place.ingest(&[&second], &[]).json().unwrap();
        assert_eq!(of(&report), run, "{report}");
        let named = &report["conflicting"][0];
        assert_eq!(
            (&named["table"], &named["account_id"]),
            (&"approval_calls".into(), &FIXTURES.0.into()),
            "{report}"
        );
    }
    let told = place.run(&["ingest", &second, "--lake", "lake"]).stdout;
    assert!(
        told.contains("1 event with copies that say different things; `pipetrail audit conflicts` shows them"),
        "{told}"
    );
    let fresh = LakeFolder::new();
    let report = fresh.ingest(&[&first, &second], &[]).json().unwrap();
    assert_eq!(of(&report), [2, 0, 1], "{report}");

    let listed = place.run(
        &[
            &["audit", "conflicts", "--lake", "lake", "--output", "json"],
            &WINDOW[..],
        ]
        .concat(),
    );
    let listed = listed.json().unwrap();
    let files: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["source_file"].as_str().unwrap())
        .collect();
    assert_eq!(files.len(), 2, "{listed}");
    assert!(
        files.contains(&first.as_str()) && files.contains(&second.as_str()),
        "{listed}"
    );
    assert_eq!(listed[0]["event_key"], listed[1]["event_key"]);

    // Of a state event only the time can be forged.
    let succeeded =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pipeline/succeeded.json")).unwrap();
    let mut moved: Value = serde_json::from_str(&succeeded).unwrap();
    moved["time"] = "2026-11-10T09:00:00Z".into();
    let (state, moved) = (
        place.write("state.json", succeeded.as_bytes()),
        place.write("moved.json", moved.to_string().as_bytes()),
    );
    assert_eq!(of(&place.ingest(&[&moved], &[]).json().unwrap()), [1, 0, 0]);
    assert_eq!(of(&place.ingest(&[&state], &[]).json().unwrap()), [1, 0, 1]);
    let times = place.query("SELECT event_time FROM pipeline_executions ORDER BY event_time");
    assert_eq!(times.len(), 2, "{times:?}");

    // What CloudTrail corrects is no conflict.
    let mut addendum: Value = serde_json::from_str(&commented).unwrap();
    addendum["detail"]["addendum"] =
        json!({"reason": "UPDATED_DATA", "originalEventID": addendum["detail"]["eventID"]});
    addendum["detail"]["eventID"] = "1a2b3c6c-0000-406c-92f4-00a1b2c3d54c".into();
    let corrected = LakeFolder::new();
    let third = corrected.write("third.json", addendum.to_string().as_bytes());
    let first = corrected.write("first.json", approved.as_bytes());
    let report = corrected.ingest(&[&first, &third], &[]).json().unwrap();
    assert_eq!(of(&report), [2, 0, 0], "{report}");
    let decisions = corrected.run(
        &[
            &["audit", "decisions", "--lake", "lake", "--output", "json"],
            &WINDOW[..],
        ]
        .concat(),
    );
    let decisions = decisions.json().unwrap();
    assert_eq!(
        (decisions.as_array().unwrap().len(), &decisions[0]["summary"]),
        (1, &"CAB-118 ok".into()),
        "{decisions}"
    );
}
