//! Every fixture, played in two member accounts, is in the lake with its values, once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use pipetrail_tests::organization::{HOME, Organization, SECOND};
use pipetrail_tests::player::Given;
use pipetrail_tests::wire::Envelope;

use crate::expected::{Expected, TABLES, expected};
use crate::lake::{self, Row};
use crate::org;

const FOLDERS: [&str; 4] = ["pipeline", "stage", "action", "cloudtrail"];
const ACCOUNT: &str = "111122223333";

fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folders = FOLDERS
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let mut files: Vec<_> = folders.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

#[test]
fn every_fixture_is_found_in_two_accounts_and_a_second_playing_changes_nothing() {
    org::with(|organization| async move {
        let texts = texts();
        assert!(texts.len() >= 79, "{} fixtures", texts.len());
        let members = org::FIXTURES.map(|member| organization.members[member].id.clone());
        let regions = [HOME, SECOND];
        let mut all = Vec::new();
        for (member, region) in members.iter().zip(regions) {
            let moved = texts
                .iter()
                .map(|text| org::moved(text, (ACCOUNT, member), (HOME, region)));
            all.push((member.clone(), moved.collect::<Vec<_>>()));
        }
        found_once(&organization, &all).await?;
        // Two pairs of fixtures are one happening each.
        for (_, events) in &all {
            let happenings: BTreeSet<_> = events.iter().map(|event| expected(event, HOME).happening).collect();
            assert_eq!(happenings.len(), events.len() - 2);
        }
        Ok(())
    });
}

/// Plays the events of every account, asks Athena for each, plays them again, and compares.
pub(super) async fn found_once(organization: &Arc<Organization>, all: &[(String, Vec<Envelope>)]) -> Result<()> {
    let given: Vec<Given> = all
        .iter()
        .flat_map(|(_, events)| events.iter().map(org::emit))
        .collect();
    org::play_all(organization, given).await?;
    for (account, events) in all {
        let wanted: Vec<_> = events.iter().map(|event| expected(event, HOME)).collect();
        in_lake(organization, account, &wanted).await?;
    }
    let before = snapshot(organization, all).await?;
    // A hop gives another time, and an event without attempt and action execution id has nothing
    // else to be known by: a second one is another happening.
    let known = |event: &&Envelope| event.text("region").unwrap() == HOME || is_told_apart(event);
    let again = all
        .iter()
        .flat_map(|(_, events)| events.iter().filter(known).map(org::emit));
    org::play_all(organization, again.collect()).await?;
    assert_eq!(
        snapshot(organization, all).await?,
        before,
        "a second playing changes nothing"
    );
    Ok(())
}

fn is_told_apart(event: &Envelope) -> bool {
    let detail = event.value("detail").unwrap();
    ["pipeline-execution-attempt", "action-execution-id", "eventID"]
        .iter()
        .any(|key| detail.get(key).is_some())
}

type Snapshot = BTreeMap<String, (BTreeMap<String, BTreeSet<String>>, Vec<String>, usize)>;

async fn snapshot(organization: &Organization, all: &[(String, Vec<Envelope>)]) -> Result<Snapshot> {
    let mut snapshot = BTreeMap::new();
    for (account, _) in all {
        let alerts = lake::alerts(organization, account, account).await?.len();
        let kept = (
            lake::keys(organization, account).await?,
            lake::evidence(organization, account).await?,
            alerts,
        );
        snapshot.insert(account.clone(), kept);
    }
    Ok(snapshot)
}

/// Every expected row is there, of the month of its event, under one key per happening, and no other row is.
async fn in_lake(organization: &Organization, account: &str, wanted: &[Expected]) -> Result<()> {
    for table in TABLES {
        let rows = lake::rows(organization, table, account).await?;
        let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for wanted in wanted.iter().filter(|wanted| wanted.table == table) {
            let found: Vec<&Row> = rows.iter().filter(|row| wanted.is(row)).collect();
            assert!(!found.is_empty(), "{table}: {}", wanted.difference(&rows));
            for row in found {
                keys.entry(&wanted.happening).or_default().insert(&row["event_key"]);
                assert_eq!(row["month"], row["event_time"][..7], "the month is the event's");
                if let Some(secret) = &wanted.secret {
                    assert!(
                        row.values().all(|value| !value.contains(secret.as_str())),
                        "{table}: a token in clear"
                    );
                }
            }
        }
        for (happening, keys) in &keys {
            assert_eq!(keys.len(), 1, "{table}: one key for {happening}");
        }
        let distinct: BTreeSet<_> = rows.iter().map(|row| row["event_key"].as_str()).collect();
        assert_eq!(distinct.len(), keys.len(), "{table} of {account}: a key per happening");
    }
    Ok(())
}
