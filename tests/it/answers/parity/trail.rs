//! The same calls as envelopes and as a trail's log file.

use std::fs::{self, File};
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use pipetrail_tests::generate::{self, Form, Recipe};
use serde_json::{Value, json};

use super::{OF_THE_WAY, difference, fixtures, ingested, without};
use crate::folder_lake;
use crate::lake::Row;

const OWN_CHANGES: &str = include_str!("../../../fixtures/trail/own-changes.json");

/// What a record in a log file does not have: it was never in an envelope.
const OF_THE_ENVELOPE: [&str; 3] = ["event_id", "event_version", "raw"];

#[test]
fn a_call_from_a_log_file_becomes_the_row_of_its_envelope() {
    let folder = tempfile::tempdir().unwrap();
    let (envelopes, log) = (
        folder.path().join("envelopes.ndjson"),
        folder.path().join("log.json.gz"),
    );
    let generated = Recipe::new(5, 10, 5, 8000).all();
    let mut events: Vec<Value> = fixtures(&["cloudtrail"])
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let generated = generated.iter().map(|event| serde_json::from_str(&event.text).unwrap());
    events.extend(generated.filter(|event: &Value| event["detail-type"] == "AWS API Call via CloudTrail"));
    assert!(events.len() > 500, "{} calls", events.len());

    let lines = events.iter().map(|event| format!("{event}\n"));
    fs::write(&envelopes, lines.collect::<String>()).unwrap();
    let records: Vec<_> = events.iter().map(|event| &event["detail"]).collect();
    let mut file = GzEncoder::new(File::create(&log).unwrap(), Compression::fast());
    file.write_all(json!({"Records": records}).to_string().as_bytes())
        .unwrap();
    file.finish().unwrap();

    let lakes = [&envelopes, &log].map(|from| {
        let lake = from.with_extension("lake");
        ingested(from, &lake);
        folder_lake::rows(&lake)
    });
    assert!(lakes[0].keys().eq(lakes[1].keys()), "the same keys");
    for (key, of_envelope) in &lakes[0] {
        let of_record = &lakes[1][key];
        assert_eq!([of_envelope.len(), of_record.len()], [1, 1], "{key:?}");
        let comparable = |row: &Row| without(row, &[&OF_THE_WAY[..], &OF_THE_ENVELOPE[..]].concat());
        // A pair of fixtures is one call, told twice with another eventID: either may be kept.
        if of_envelope[0]["cloudtrail_event_id"] != of_record[0]["cloudtrail_event_id"] {
            continue;
        }
        let differing = difference(&comparable(&of_envelope[0]), &comparable(&of_record[0]));
        assert!(differing.is_empty(), "{key:?}: {differing:?}");
        let detail = |row: &Row| serde_json::from_str::<Value>(&row["raw"]).unwrap()["detail"].clone();
        assert_eq!(detail(&of_envelope[0]), detail(&of_record[0]), "{key:?}");
    }
}

#[test]
fn of_other_services_only_changes_of_our_own_resources_become_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (log, lake) = (folder.path().join("log.json"), folder.path().join("lake"));
    // Once as the trail's file, and once record by record.
    let trail: Value = serde_json::from_str(OWN_CHANGES).unwrap();
    let records = trail["Records"].as_array().unwrap();
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    fs::write(&log, trail.to_string()).unwrap();
    fs::write(folder.path().join("log.ndjson"), lines).unwrap();
    ingested(&log, &lake);
    let rows = folder_lake::rows(&lake);
    let found: Vec<[&str; 4]> = {
        let mut rows: Vec<&Row> = rows.values().flatten().collect();
        rows.sort_by_key(|row| &row["event_time"]);
        let columns = ["event_name", "resource_kind", "resource", "by_stack_sets"];
        rows.iter()
            .map(|row| columns.map(|column| row[column].as_str()))
            .collect()
    };
    assert_eq!(
        found,
        [
            ["PutRule", "rule", "pipetrail-forward", "false"],
            ["DisableRule", "rule", "pipetrail-forward", "false"],
            ["RemoveTargets", "rule", "pipetrail-forward", "false"],
            [
                "UpdateAssumeRolePolicy",
                "role",
                "pipetrail-reader-eu-central-1",
                "false"
            ],
            ["SetQueueAttributes", "queue", "pipetrail-forward-dlq", "false"],
            ["DeleteSchedule", "schedule", "pipetrail-heartbeat", "false"],
            ["DeleteStack", "stack", "StackSet-pipetrail-member-0a1b2c3d", "false"],
            ["PutRule", "rule", "pipetrail-forward", "true"],
            ["DeleteRole", "role", "pipetrail-forwarder-eu-central-1", "true"],
        ]
    );
    assert!(rows.keys().all(|(table, _)| table == "own_changes"));
    // The same records in another form are the same rows.
    ingested(&folder.path().join("log.ndjson"), &lake);
    assert_eq!(folder_lake::rows(&lake), rows);
    let refused = rows.values().flatten().filter(|row| row.contains_key("error_code"));
    assert_eq!(refused.map(|row| row["actor"].as_str()).collect::<Vec<_>>(), ["dana"]);
}

#[test]
fn of_an_organizations_trail_only_what_is_codepipelines_becomes_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (trail, lake) = (folder.path().join("trail"), folder.path().join("lake"));
    let recipe = Recipe {
        form: Form::Trail,
        noise: 20,
        ..Recipe::new(4, 6, 9, 300)
    };
    let written = generate::write(recipe.clone(), &trail).unwrap();
    assert_eq!(written.noise, 20 * written.events);
    ingested(&trail, &lake);
    let wanted: std::collections::BTreeSet<String> = recipe
        .all()
        .iter()
        .map(|record| {
            serde_json::from_str::<Value>(&record.text).unwrap()["eventID"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let rows = folder_lake::rows(&lake);
    let found = rows.values().flatten().map(|row| row["cloudtrail_event_id"].clone());
    assert_eq!(found.collect::<std::collections::BTreeSet<_>>(), wanted);
    assert_eq!(rows.len(), wanted.len());
}
