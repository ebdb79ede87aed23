//! `pipetrail report`: files of every format, and the page in a browser.

mod browser;

use std::fs;

use pipetrail_tests::environment::Ran;
use serde_json::Value;

use crate::lake_folder::LakeFolder;

const DECISION: &str = include_str!("../../fixtures/cloudtrail/put-approval-approved-sso-console.json");
const REFUSED: &str = include_str!("../../fixtures/cloudtrail/put-approval-access-denied.json");
/// The day after the last event.
const NOW: &str = "2026-11-21T00:00:00Z";

/// A folder whose lake holds these events, a line each.
pub(super) fn lake_of(lines: &[String]) -> LakeFolder {
    let mut folder = LakeFolder::new();
    folder.environment = folder.environment.with("PIPETRAIL_NOW", NOW);
    let events = folder.write("events.ndjson", lines.join("\n").as_bytes());
    let ran = folder.ingest(&[&events], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    folder
}

fn report(folder: &LakeFolder, arguments: &[&str]) -> Ran {
    folder.run(&[&["report", "--lake", "lake"], arguments].concat())
}

/// A report that succeeds.
pub(super) fn written(folder: &LakeFolder, name: &str) -> Vec<u8> {
    let ran = report(folder, &["--out", name]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    fs::read(folder.path(name)).unwrap()
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
    let folder = lake_of(&lines);

    let json: Value = serde_json::from_slice(&written(&folder, "report.json")).unwrap();
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

    let csv = String::from_utf8(written(&folder, "report.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.starts_with("event_time,account_id,region,pipeline,"), "{csv}");

    let page = String::from_utf8(written(&folder, "report.html")).unwrap();
    assert!(page.contains("2 approvers made 2 decisions in 2 pipelines of 1 account: 2 approved, 0 rejected."));
    assert!(page.contains("Content-Security-Policy") && page.contains("SQL: decisions"));
    // Calls alone do not say which gates wait, and the report does not make that up.
    assert_eq!(json["summary"]["open_gates"], Value::Null);
    assert!(!page.contains("No gate waits") && !page.contains("No gate was passed"));
    assert_eq!(page.matches("<p>Not known: the lake holds no gate").count(), 2);
    assert!(page.contains("2 of 2 decisions have no gate opening in the lake"));

    assert!(written(&folder, "report.xlsx").starts_with(b"PK"));

    // What is written says so, and only that.
    let ran = report(&folder, &["--out", "again.data", "--format", "csv", "--output", "json"]);
    let written: Value = ran.json().unwrap();
    assert_eq!(
        (&written["command"], &written["format"]),
        (&"report".into(), &"csv".into())
    );
    assert_eq!(fs::read_to_string(folder.path("again.data")).unwrap(), csv);
}

#[test]
fn a_report_of_other_accounts_or_another_time_is_empty_and_says_so() {
    let folder = lake_of(&[line(DECISION, 1)]);
    for (name, arguments) in [
        ("account.html", ["--account", "000000000001"]),
        ("time.html", ["--to", "2026-11-01"]),
    ] {
        let ran = report(&folder, &[arguments.as_slice(), &["--out", name]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let page = fs::read_to_string(folder.path(name)).unwrap();
        assert!(
            page.contains("The lake holds no decision for this window and these filters."),
            "{name}"
        );
        let is_warned = ran.stderr.contains("warning: account 000000000001 has no row");
        assert_eq!(is_warned, name == "account.html", "{}", ran.stderr);
    }
}

#[test]
fn a_window_that_is_not_over_ends_now_and_says_so() {
    let folder = lake_of(&[line(DECISION, 1)]);
    let ran = report(&folder, &["--out", "r.html", "--to", "2026-12-01"]);
    assert!(ran.stderr.contains("still to come"), "{}", ran.stderr);
    let page = fs::read_to_string(folder.path("r.html")).unwrap();
    assert!(page.contains("asked for up to 2026-12-01 00:00 UTC"));
    assert!(page.contains("up to, and without, 2026-11-21 00:00 (UTC)"));
    // Days that are not whole are no days.
    let ran = report(&folder, &["--out", "part.html", "--to", "2026-11-20T12:00:00.250Z"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let page = fs::read_to_string(folder.path("part.html")).unwrap();
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
    let folder = lake_of(&lines);

    let page = String::from_utf8(written(&folder, "report.html")).unwrap();
    assert_eq!((page.matches("<script").count(), page.matches("<img").count()), (3, 0));
    assert!(!page.contains(['\u{202E}', '\0']));

    let csv = String::from_utf8(written(&folder, "report.csv")).unwrap();
    assert!(csv.contains("'=HYPERLINK"), "{csv}");
    assert!(!csv.contains(",=") && !csv.contains("\"="), "{csv}");

    // Exact, but for the line's own kind of NUL, which no event carries.
    let json: Value = serde_json::from_slice(&written(&folder, "report.json")).unwrap();
    let rows = json["audits"][0]["rows"].as_array().unwrap();
    let mut summaries: Vec<_> = rows.iter().map(|row| row["summary"].as_str().unwrap()).collect();
    let mut expected = texts.to_vec();
    summaries.sort_unstable();
    expected.sort_unstable();
    assert_eq!(summaries, expected);
}

#[test]
fn what_cannot_be_written_is_said_and_nothing_half_stays() {
    let folder = lake_of(&[line(DECISION, 1)]);
    written(&folder, "report.html");
    let before = fs::read(folder.path("report.html")).unwrap();
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
        let ran = report(&folder, &arguments);
        let text = &ran.stderr;
        assert_eq!(ran.code, Some(code), "{arguments:?}: {text}");
        assert!(words.iter().all(|word| text.contains(word)), "{arguments:?}: {text}");
    }
    assert_eq!(fs::read(folder.path("report.html")).unwrap(), before);
    let names: Vec<_> = fs::read_dir(folder.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let ran = report(&folder, &["--out", "report.html", "--force", "--to", "2026-11-01"]);
    assert_eq!(ran.code, Some(0));
    assert_ne!(fs::read(folder.path("report.html")).unwrap(), before);
}
