//! `pipetrail report`: files of every format, and the page in a browser.

mod browser;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::built::built;

const DECISION: &str = include_str!("../../fixtures/cloudtrail/put-approval-approved-sso-console.json");
const REFUSED: &str = include_str!("../../fixtures/cloudtrail/put-approval-access-denied.json");
/// The day after the last event.
const NOW: &str = "2026-11-21T00:00:00Z";

/// A lake in a folder of its own, and room for reports.
pub struct Place(tempfile::TempDir);

impl Place {
    /// With these events in its lake, a line each.
    pub fn new(lines: &[String]) -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        let events = place.file("events.ndjson");
        fs::write(&events, lines.join("\n")).unwrap();
        place.ingest(&events);
        place
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn ingest(&self, events: &Path) {
        let mut command = Command::new(&built().pipetrail);
        let ran = command.arg("ingest").arg(events).arg("--lake").arg(self.file("lake"));
        let ran = ran.env_clear().output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }

    /// Runs `pipetrail report` here. It needs neither home nor AWS.
    fn report(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&built().pipetrail);
        command.args(["report", "--lake", "lake"]).args(arguments);
        command.current_dir(self.0.path()).env_clear().env("PIPETRAIL_NOW", NOW);
        command.output().unwrap()
    }

    /// A report that succeeds.
    pub fn written(&self, name: &str) -> Vec<u8> {
        let ran = self.report(&["--out", name]);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        fs::read(self.file(name)).unwrap()
    }
}

fn said(ran: &Output) -> (Option<i32>, String) {
    (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
}

/// A fixture on one line, with an identity of its own.
fn line(fixture: &str, number: usize) -> String {
    let value: Value = serde_json::from_str(fixture).unwrap();
    let id = value["detail"]["eventID"].as_str().unwrap().to_owned();
    value
        .to_string()
        .replace(&id, &format!("{number:08x}-0000-4000-8000-000000000000"))
}

/// The decision with another comment, pipeline and approver.
fn decision(number: usize, text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let quoted = quoted.trim_matches('"');
    line(DECISION, number)
        .replace("CAB-118 ok", quoted)
        .replace("payments-api", quoted)
        .replace("dana@example.com", quoted)
}

#[test]
fn one_lake_gives_every_format_and_the_figures_agree() {
    let lines = [
        line(DECISION, 1),
        line(DECISION, 1),
        decision(2, "second"),
        line(REFUSED, 3),
    ];
    let place = Place::new(&lines);

    let json: Value = serde_json::from_slice(&place.written("report.json")).unwrap();
    assert_eq!(
        (&json["summary"]["decisions"], &json["summary"]["refused"]),
        (&2.into(), &1.into())
    );
    assert_eq!(
        (&json["from"], &json["to"]),
        (&"2026-08-23T00:00:00Z".into(), &NOW.into())
    );
    let audits: Vec<_> = json["audits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["audit"].as_str().unwrap())
        .collect();
    assert_eq!((audits[0], audits.len()), ("decisions", 9));

    let csv = String::from_utf8(place.written("report.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.starts_with("event_time,account_id,region,pipeline,"), "{csv}");

    let page = String::from_utf8(place.written("report.html")).unwrap();
    assert!(page.contains("2 approvers made 2 decisions in 2 pipelines of 1 account: 2 approved, 0 rejected."));
    assert!(page.contains("Content-Security-Policy") && page.contains("SQL: decisions"));
    // Calls alone do not say which gates wait, and the report does not make that up.
    assert_eq!(json["summary"]["open_gates"], Value::Null);
    assert!(!page.contains("No gate waits") && !page.contains("No gate was passed"));
    assert_eq!(page.matches("<p>Not known: the lake holds no gate").count(), 2);
    assert!(page.contains("2 of 2 decisions have no gate opening in the lake"));

    assert!(place.written("report.xlsx").starts_with(b"PK"));

    // What is written says so, and only that.
    let ran = place.report(&["--out", "again.data", "--format", "csv", "--output", "json"]);
    let written: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        (&written["command"], &written["format"]),
        (&"report".into(), &"csv".into())
    );
    assert_eq!(fs::read_to_string(place.file("again.data")).unwrap(), csv);
}

#[test]
fn a_report_of_other_accounts_or_another_time_is_empty_and_says_so() {
    let place = Place::new(&[line(DECISION, 1)]);
    for (name, arguments) in [
        ("account.html", ["--account", "000000000001"]),
        ("time.html", ["--to", "2026-11-01"]),
    ] {
        let ran = place.report(&[arguments.as_slice(), &["--out", name]].concat());
        assert_eq!(said(&ran).0, Some(0), "{}", said(&ran).1);
        let page = fs::read_to_string(place.file(name)).unwrap();
        assert!(
            page.contains("The lake holds no decision for this window and these filters."),
            "{name}"
        );
        let is_warned = said(&ran).1.contains("warning: account 000000000001 has no row");
        assert_eq!(is_warned, name == "account.html", "{}", said(&ran).1);
    }
}

#[test]
fn a_window_that_is_not_over_ends_now_and_says_so() {
    let place = Place::new(&[line(DECISION, 1)]);
    let ran = place.report(&["--out", "r.html", "--to", "2026-12-01"]);
    assert!(said(&ran).1.contains("still to come"), "{}", said(&ran).1);
    let page = fs::read_to_string(place.file("r.html")).unwrap();
    assert!(page.contains("asked for up to 2026-12-01 00:00 UTC"));
    assert!(page.contains("up to, and without, 2026-11-21 00:00 (UTC)"));
    // Days that are not whole are no days.
    let ran = place.report(&["--out", "part.html", "--to", "2026-11-20T12:00:00.250Z"]);
    assert_eq!(said(&ran).0, Some(0), "{}", said(&ran).1);
    let page = fs::read_to_string(place.file("part.html")).unwrap();
    assert!(page.contains("<span>2026-11-20 12:00:00.250 UTC</span></h1>"));
}

#[test]
fn hostile_text_is_text_in_every_format() {
    let long = "x".repeat(10_000);
    let texts = [
        "</script><script>alert(1)</script>",
        "=HYPERLINK(\"http://example.com\")",
        "a\u{202E}b\u{0}c",
        "<img src=x onerror=alert(1)>",
        &long,
    ];
    let lines: Vec<_> = texts.iter().enumerate().map(|(at, text)| decision(at, text)).collect();
    let place = Place::new(&lines);

    let page = String::from_utf8(place.written("report.html")).unwrap();
    assert_eq!((page.matches("<script").count(), page.matches("<img").count()), (3, 0));
    assert!(!page.contains(['\u{202E}', '\0']));

    let csv = String::from_utf8(place.written("report.csv")).unwrap();
    assert!(csv.contains("'=HYPERLINK"), "{csv}");
    assert!(!csv.contains(",=") && !csv.contains("\"="), "{csv}");

    // Exact, but for the line's own kind of NUL, which no event carries.
    let json: Value = serde_json::from_slice(&place.written("report.json")).unwrap();
    let rows = json["audits"][0]["rows"].as_array().unwrap();
    let mut summaries: Vec<_> = rows.iter().map(|row| row["summary"].as_str().unwrap()).collect();
    let mut expected = texts.to_vec();
    summaries.sort_unstable();
    expected.sort_unstable();
    assert_eq!(summaries, expected);
}

#[test]
fn what_cannot_be_written_is_said_and_nothing_half_stays() {
    let place = Place::new(&[line(DECISION, 1)]);
    place.written("report.html");
    let before = fs::read(place.file("report.html")).unwrap();
    for (arguments, code, words) in [
        (
            vec!["--out", "report.html"],
            2,
            ["report.html exists already", "hint: `--force`"],
        ),
        (
            vec!["--out", "-", "--format", "csv"],
            2,
            ["standard output", "hint: name a file"],
        ),
        (vec!["--out", "report.pdf"], 2, ["report.pdf", "hint: end it in .html"]),
        (
            vec!["--out", "none/report.html"],
            1,
            ["cannot write none/report.html", ""],
        ),
        (
            vec!["--out", "r.html", "--from", "2026-11-20", "--to", "2026-11-19"],
            2,
            ["holds nothing", ""],
        ),
        (vec!["--out", "r.html", "--account", "'; DROP"], 2, ["12 digits", ""]),
        (vec!["--out", "r.html", "--from", "yesterday"], 2, ["yesterday", ""]),
    ] {
        let (found, text) = said(&place.report(&arguments));
        assert_eq!(found, Some(code), "{arguments:?}: {text}");
        assert!(words.iter().all(|word| text.contains(word)), "{arguments:?}: {text}");
    }
    assert_eq!(fs::read(place.file("report.html")).unwrap(), before);
    let names: Vec<_> = fs::read_dir(place.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let ran = place.report(&["--out", "report.html", "--force", "--to", "2026-11-01"]);
    assert_eq!(said(&ran).0, Some(0));
    assert_ne!(fs::read(place.file("report.html")).unwrap(), before);
}
