//! The same events played through the deployed rules, streams and functions, and ingested from a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::primitives::Blob;
use jiff::{SignedDuration, Timestamp};
use pipetrail_tests::generate::Recipe;
use pipetrail_tests::organization::{HOME, Organization, SECOND};
use pipetrail_tests::wire::Envelope;
use pipetrail_tests::{aws, names, printer};
use serde_json::{Value, json};

use super::{FIXTURES, FOLDERS, OF_THE_WAY, difference, fixtures, ingested, without};
use crate::expected::TABLES;
use crate::lake::Row;
use crate::{folder_lake, lake, org};

type Rows = BTreeMap<(String, String), Vec<Row>>;

#[test]
fn events_from_a_file_become_the_rows_that_the_cloud_path_makes_of_them() {
    org::with(|shared| async move {
        // One of its own: so many events would keep the queues of the shared one from ever being empty.
        let organization = Arc::new(org::fresh(&shared, 2).await?);
        organization.apply().await?;
        let members = [0, 1].map(|member| organization.members[member].id.clone());
        let mut events: Vec<Envelope> = Vec::new();
        for (member, region) in members.iter().zip([HOME, SECOND]) {
            let moved = fixtures(&FOLDERS);
            let moved = moved
                .iter()
                .map(|text| org::moved(text, (FIXTURES.0, member), (FIXTURES.1, region)));
            // A hop gives another time, and these have nothing else to be known by.
            events.extend(moved.filter(|event| region == HOME || is_told_apart(event)));
        }
        let fixtures = events.len();
        let recipe = Recipe {
            accounts: members.to_vec(),
            regions: vec![HOME.to_owned(), SECOND.to_owned()],
            heartbeats: false,
            delivered: false,
            ..Recipe::new(2, 4, 11, 100)
        };
        let generated = recipe.all();
        events.extend(
            generated
                .iter()
                .map(|event| Envelope::parse(event.text.as_bytes()).unwrap()),
        );
        printer::progress(&format!(
            "{fixtures} fixtures, {} generated events",
            events.len() - fixtures
        ));

        org::play_all(&organization, events.iter().map(org::emit).collect()).await?;
        let mut cloud = Rows::new();
        for table in TABLES {
            for member in &members {
                for row in lake::rows(&organization, table, member).await? {
                    cloud
                        .entry((table.to_owned(), row["event_key"].clone()))
                        .or_default()
                        .push(row);
                }
            }
        }

        let folder = tempfile::tempdir()?;
        let (file, lake) = (folder.path().join("events.ndjson"), folder.path().join("lake"));
        fs::write(
            &file,
            events.iter().map(|event| format!("{event}\n")).collect::<String>(),
        )?;
        ingested(&file, &lake);
        let local = folder_lake::rows(&lake);

        let keys = |rows: &Rows| rows.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&local), keys(&cloud));
        assert!(local.len() > 200, "{} rows", local.len());
        for (key, rows) in &local {
            assert_eq!(rows.len(), 1, "{key:?} once");
            let same = cloud[key]
                .iter()
                .map(|other| difference(&comparable(&rows[0]), &comparable(other)));
            let nearest = same.min_by_key(BTreeMap::len).unwrap();
            assert!(nearest.is_empty(), "{key:?}: {nearest:?}");
        }
        let before = answers(&organization).await?;
        settled_alike(&organization, &members, &cloud).await?;
        assert_eq!(answers(&organization).await?, before, "in both tiers");
        forget_landing(&organization).await?;
        assert_eq!(answers(&organization).await?, before, "in partitions alone");
        Ok(())
    });
}

/// What Athena answers to audits that between them read every table of state changes and calls.
async fn answers(organization: &Organization) -> Result<BTreeMap<&'static str, Value>> {
    let to = Timestamp::now().checked_add(SignedDuration::from_hours(24))?;
    let to = to.strftime("%Y-%m-%d").to_string();
    let mut answers = BTreeMap::new();
    for audit in ["decisions", "executions", "gate-waits", "account-activity", "conflicts"] {
        let arguments = ["audit", audit, "--from", "2026-01-01", "--to", &to, "--output", "json"];
        let ran = organization.run(&arguments, &organization.aws_config).await?;
        ensure!(ran.code == Some(0), "{audit}: {}", ran.stderr);
        let answer: Value = serde_json::from_str(&ran.stdout)?;
        let is_empty = answer.as_array().is_none_or(Vec::is_empty);
        ensure!(!is_empty || audit == "conflicts", "{audit}: no rows prove nothing");
        answers.insert(audit, answer);
    }
    Ok(answers)
}

/// As if the function had deleted what it took, which it does hours later.
async fn forget_landing(organization: &Organization) -> Result<()> {
    let s3 = aws::s3(&organization.audit().await?);
    let bucket = names::bucket("lake", &organization.relay.cloud.audit, HOME);
    let keys = aws::object_keys(&s3, &bucket, "landing/").await?;
    ensure!(!keys.is_empty(), "landing is there until then");
    for key in keys {
        s3.delete_object().bucket(&bucket).key(key).send().await?;
    }
    Ok(())
}

/// The deployed function settles what has landed: one row of each event, and one of those that had landed.
async fn settled_alike(organization: &Organization, members: &[String], landed: &Rows) -> Result<()> {
    let config = organization.audit().await?;
    land_earlier(organization).await?;
    let lambda = aws_sdk_lambda::Client::new(&config);
    for table in TABLES {
        let call = json!({"table": table, "time": Timestamp::now().to_string()});
        let invoke = lambda.invoke().function_name("pipetrail-settle");
        let answer = invoke.payload(Blob::new(call.to_string())).send().await?;
        let said = answer
            .payload
            .map(|bytes| String::from_utf8_lossy(bytes.as_ref()).into_owned());
        ensure!(answer.function_error.is_none(), "{table}: {said:?}");
    }
    let mut settled = Rows::new();
    for table in TABLES {
        for member in members {
            for row in lake::settled(organization, table, member).await? {
                let key = (table.to_owned(), row["event_key"].clone());
                settled.entry(key).or_default().push(row);
            }
        }
    }
    assert_eq!(settled.keys().collect::<Vec<_>>(), landed.keys().collect::<Vec<_>>());
    for (key, rows) in &settled {
        assert!(rows.len() == 1 && landed[key].contains(&rows[0]), "{key:?}: {rows:?}");
    }
    Ok(())
}

/// As if all that has landed had arrived three days ago: that day is over.
async fn land_earlier(organization: &Organization) -> Result<()> {
    let s3 = aws::s3(&organization.audit().await?);
    let bucket = names::bucket("lake", &organization.relay.cloud.audit, HOME);
    let day = Timestamp::now()
        .checked_sub(SignedDuration::from_hours(72))?
        .strftime("%Y-%m-%d")
        .to_string();
    for key in aws::object_keys(&s3, &bucket, "landing/").await? {
        let (folder, name) = key.rsplit_once('/').context("a folder")?;
        let earlier = format!("{folder}/{day}{}", &name[day.len()..]);
        let copy = s3.copy_object().bucket(&bucket).copy_source(format!("{bucket}/{key}"));
        copy.key(earlier).send().await?;
        s3.delete_object().bucket(&bucket).key(key).send().await?;
    }
    Ok(())
}

/// What has to be equal. A hop across Regions replaces the envelope's `id` and `time`; of a state change
/// the columns of time come from there.
fn comparable(row: &Row) -> Row {
    let mut comparable = without(row, &OF_THE_WAY);
    if row["region"] != HOME {
        comparable.remove("event_id");
        let mut raw: Value = serde_json::from_str(&row["raw"]).unwrap();
        let fields = raw.as_object_mut().unwrap();
        fields.remove("id");
        fields.remove("time");
        comparable.insert("raw".to_owned(), raw.to_string());
        if !row.contains_key("cloudtrail_event_id") {
            for column in ["event_time", "event_ms", "day", "month"] {
                comparable.remove(column);
            }
        }
    }
    comparable
}

fn is_told_apart(event: &Envelope) -> bool {
    let detail = event.value("detail").unwrap();
    let names = ["pipeline-execution-attempt", "action-execution-id", "eventID"];
    names.iter().any(|key| detail.get(key).is_some())
}
