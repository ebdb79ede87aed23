//! The same with real events, where a folder of captures lies beside the repository.

use std::fs;
use std::path::Path;

use pipetrail_tests::organization::{HOME, SECOND};
use pipetrail_tests::printer;
use pipetrail_tests::wire::Envelope;
use serde_json::{Value, json};

use super::fixtures::found_once;
use crate::org;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "000000000000";

/// Envelopes of CodePipeline in a folder, and its CloudTrail write records wrapped in envelopes.
fn captured(folder: &Path) -> Vec<String> {
    let read = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries
            .filter(|path| path.extension().is_some_and(|e| e == "json"))
            .collect();
        files.sort();
        files
            .into_iter()
            .map(|file| fs::read_to_string(file).unwrap())
            .collect::<Vec<_>>()
    };
    let mut events = read(folder);
    for text in read(&folder.join("cloudtrail")) {
        let record: Value = serde_json::from_str(&text).unwrap();
        let is_write = record["readOnly"] == false && record["eventSource"] == "codepipeline.amazonaws.com";
        if is_write {
            // `time` is the record's, and `id` another than the record's (real capture).
            let envelope = json!({"version": "0", "id": pipetrail_tests::ids::uuid_of(&text),
                "detail-type": "AWS API Call via CloudTrail", "source": "aws.codepipeline", "account": ACCOUNT,
                "time": record["eventTime"], "region": REGION, "resources": [], "detail": record});
            events.push(envelope.to_string());
        }
    }
    events
}

#[test]
fn every_real_capture_is_found_in_two_accounts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/captures/events");
    if !folder.is_dir() {
        printer::progress("no captures beside the repository: skipped");
        return;
    }
    org::with(|organization| async move {
        let texts = captured(&folder);
        let members = org::CAPTURES.map(|member| organization.members[member].id.clone());
        let mut all = Vec::new();
        for (member, region) in members.iter().zip([HOME, SECOND]) {
            let moved = texts
                .iter()
                .map(|text| org::moved(text, (ACCOUNT, member), (REGION, region)));
            all.push((member.clone(), moved.collect::<Vec<Envelope>>()));
        }
        printer::progress(&format!("{} real captures", texts.len()));
        found_once(&organization, &all).await
    });
}
