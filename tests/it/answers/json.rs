//! The JSON of the commands that answer, as they print it: programs read it, so it changes only on
//! purpose. Each is held to a file of `json/`, down to the order of its keys.

use pipetrail_unit::documents;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::lake_folder::LakeFolder;

/// A gate that opens, is approved, rejected and refused, a deployment, and what is no event.
const EVENTS: [&str; 7] = [
    "action/approval-started.json",
    "action/approval-succeeded-with-comment.json",
    "action/deploy-succeeded-cross-region.json",
    "cloudtrail/put-approval-access-denied.json",
    "cloudtrail/put-approval-approved-sso-console.json",
    "cloudtrail/put-approval-rejected-sso-console.json",
    "plumbing/s3-native-test-event.json",
];
/// The day after the last event.
const NOW: &str = "2026-11-21T00:00:00Z";
/// Keys whose values differ between two runs or two versions. The SQL is in the audits' own files, and
/// a report's length follows from it.
const VARYING: [&str; 5] = ["bytes", "reject_file", "seconds", "sql", "version"];

/// The text with the values of [`VARYING`] left out.
fn steady(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    let steady = lines.map(|line| match line.split_once(": ") {
        Some((key, value)) if VARYING.contains(&key.trim().trim_matches('"')) => {
            let end = &value[value.trim_end_matches([',', '\n']).len()..];
            format!("{key}: \"…\"{end}")
        }
        _ => line.to_owned(),
    });
    steady.collect()
}

#[track_caller]
fn hold(name: &str, text: &str) {
    documents::whole(&format!("tests/it/answers/json/{name}.json"), &steady(text));
}

#[test]
fn the_json_of_every_command_that_answers_is_what_is_written_down() {
    let mut folder = LakeFolder::new();
    folder.environment = folder.environment.with("PIPETRAIL_NOW", NOW);
    let events = EVENTS.map(|name| format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR")));
    let ran = folder.ingest(&events.each_ref().map(String::as_str), &[]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    hold("ingest", &ran.stdout);

    let answer = |arguments: &[&str]| {
        let ran = folder.run(&[arguments, &["--output", "json"]].concat());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        ran.stdout
    };
    let sql = "SELECT event_time, pipeline, action, state, attempt, start_time, event_ms \
               FROM action_executions ORDER BY event_time, event_key";
    hold("query", &answer(&["query", sql, "--lake", "lake"]));
    for audit in ["decisions", "dora"] {
        hold(&format!("audit-{audit}"), &answer(&["audit", audit, "--lake", "lake"]));
    }
    hold("report", &answer(&["report", "--lake", "lake", "--out", "report.json"]));
    let report = std::fs::read_to_string(folder.path("report.json")).unwrap();
    hold("report-file", &report);

    // One of the list stands for all: docs/audits.md says the same of the others.
    let list = answer(&["audit", "--list"]);
    let list: Vec<&RawValue> = serde_json::from_str(&list).unwrap();
    let is_dora = |text: &&&RawValue| serde_json::from_str::<Value>(text.get()).unwrap()["name"] == "dora";
    hold("audit-list-dora", list.iter().find(is_dora).unwrap().get());
}
