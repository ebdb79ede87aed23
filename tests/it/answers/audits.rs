//! Every audit on both engines, row for row: DataFusion over the lake's files, and the local
//! organization's Athena (DuckDB) over the lake itself. Athena's own Trino is unproven here; sqlglot
//! reads the same texts as Athena's SQL.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use pipetrail_tests::emulators::prepare::{Functions, prepare};
use pipetrail_tests::emulators::python;
use pipetrail_tests::environment::TestEnvironment;
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::wire::Envelope;
use pipetrail_tests::{aws, names, tally};
use serde_json::Value;

use crate::org;

const ACCOUNT: &str = "111122223333";
/// The fixtures are of 2026-11-20.
const FROM: &str = "--from=2026-11-01";
const EXECUTION: &str = "5f1c9a52-7e0b-4c3e-9a61-0d4b6a2f8e11";
const GATE: &str = "0b6c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3";
const DEPLOYED: &str = "1a2b3c27-1027-4027-9111-00a1b2c3d507";

fn fixture(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    fs::read_to_string(root.join(path)).unwrap()
}

/// Every fixture, and what no fixture tells: a gate that is still open, a deployment that fails and
/// succeeds when it is tried again, and a copy that says something else.
fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut texts = Vec::new();
    for folder in ["pipeline", "stage", "action", "cloudtrail"] {
        let mut files: Vec<_> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        texts.extend(files.iter().map(|file| fs::read_to_string(file).unwrap()));
    }
    let other = "0ddba11e-0000-4000-8000-000000000001";
    let at = |text: &str, time: &str| text.replace("2026-11-20T09:15:04Z", time).replace(EXECUTION, other);
    let id = |number: u8| format!("0ddba11e-0000-4000-8000-0000000000{number:02}");
    let started = fixture("pipeline/started-start-pipeline-execution.json");
    texts.push(at(&started, "2026-11-20T12:00:00Z"));
    let open = fixture("action/approval-started.json");
    texts.push(at(&open, "2026-11-20T12:00:30Z").replace(GATE, &id(2)));
    let deployed = fixture("action/deploy-succeeded-cross-region.json");
    let failed = deployed.replace("SUCCEEDED", "FAILED").replace(DEPLOYED, &id(3));
    texts.push(at(&failed, "2026-11-20T12:10:00Z"));
    let again = deployed
        .replace("attempt\": 1.0", "attempt\": 2.0")
        .replace(DEPLOYED, &id(4));
    texts.push(at(&again, "2026-11-20T12:40:00Z"));
    // The same call once more, with another comment: a conflict.
    let approved = fixture("cloudtrail/put-approval-approved-iam-user.json");
    let commented = approved.replace("CAB-118 ok", "never asked for");
    assert_ne!(approved, commented);
    texts.push(commented);
    texts
}

async fn audits(organization: &Organization) -> Result<Vec<String>> {
    let listed = pipetrail(organization, &["audit", "--list", "--output", "json"]).await?;
    let listed: Vec<Value> = serde_json::from_str(&listed)?;
    let names = listed.iter().map(|audit| audit["name"].as_str().map(str::to_owned));
    names.collect::<Option<_>>().context("audits have names")
}

async fn pipetrail(organization: &Organization, arguments: &[&str]) -> Result<String> {
    let ran = organization.run(arguments, &organization.aws_config).await?;
    ensure!(ran.code == Some(0), "{arguments:?}: {}", ran.stderr);
    Ok(ran.stdout)
}

/// What DataFusion answers, over files alone.
async fn embedded(organization: &Organization, audit: &str, lake: &Path, more: &[&str]) -> Result<Vec<Value>> {
    let lake = lake.to_str().context("a path of text")?;
    athena(organization, audit, &[&["--lake", lake], more].concat()).await
}

/// What Athena answers: rows as objects, their values of the audit's kinds.
async fn athena(organization: &Organization, audit: &str, more: &[&str]) -> Result<Vec<Value>> {
    let arguments = [&["audit", audit, "--output", "json"], more].concat();
    Ok(serde_json::from_str(&pipetrail(organization, &arguments).await?)?)
}

/// Copies what has landed of the account to a folder; `times` puts every object there so often, as a delivery
/// that happens again does.
async fn downloaded(organization: &Organization, account: &str, to: &Path, times: usize) -> Result<usize> {
    let s3 = aws::s3(&organization.audit().await?);
    let bucket = names::bucket("lake", &organization.relay.cloud.audit, HOME);
    let mut count = 0;
    for key in aws::object_keys(&s3, &bucket, "landing/").await? {
        let object = s3.get_object().bucket(&bucket).key(&key).send().await?;
        let bytes = object.body.collect().await?.into_bytes();
        // The emulator puts one row into an object, and the row's account stands in the footer.
        if !bytes.windows(account.len()).any(|digits| digits == account.as_bytes()) {
            continue;
        }
        for copy in 0..times {
            let path: PathBuf = to.join(key.replace(".parquet", &format!("-{copy}.parquet")));
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, &bytes)?;
            count += 1;
        }
    }
    Ok(count)
}

#[test]
fn every_audit_gives_the_same_rows_on_both_engines_and_duplicates_change_none() {
    org::with(|organization| async move {
        let account = organization.members[org::AUDITS].id.clone();
        let mut events: Vec<Envelope> = texts()
            .iter()
            .map(|text| org::moved(text, (ACCOUNT, &account), (HOME, HOME)))
            .collect();
        // Heartbeats count where they come when they were to.
        let now = Timestamp::now();
        for hours in [0, 1, 4] {
            let time = (now - SignedDuration::from_hours(hours))
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string();
            events.extend(organization.relay.scheduled(&account, HOME, &time).await?);
        }
        org::play_all(&organization, events.iter().map(org::emit).collect()).await?;

        let folder = tempfile::tempdir()?;
        let (once, twice) = (folder.path().join("once"), folder.path().join("twice"));
        ensure!(
            downloaded(&organization, &account, &once, 1).await? > 50,
            "a lake of files"
        );
        downloaded(&organization, &account, &twice, 2).await?;
        let to = (now + SignedDuration::from_hours(24)).strftime("%Y-%m-%d").to_string();
        let select = [FROM, "--to", &to, "--account", &account];
        let audits = audits(&organization).await?;
        let mut before = BTreeMap::new();
        for audit in &audits {
            let here = embedded(&organization, audit, &once, &select).await?;
            let there = athena(&organization, audit, &select).await?;
            assert_eq!(here, there, "{audit}");
            assert!(!here.is_empty(), "{audit}: no rows prove nothing");
            let again = embedded(&organization, audit, &twice, &select).await?;
            assert_eq!(here, again, "{audit}: every file twice");
            before.insert(audit.clone(), here);
        }
        assert!(audits.len() >= 17);
        let waited = before["gate-wait-buckets"].iter().any(|bucket| bucket["gates"] != 0);
        assert!(waited, "buckets are there without any gate too");
        let seen: Vec<_> = before["coverage"].iter().map(|row| &row["hours_seen"]).collect();
        assert!(seen.contains(&&Value::from(3)), "{seen:?}");

        // The cloud's own duplicates: EventBridge delivers at least once.
        org::play_all(&organization, events.iter().step_by(3).map(org::emit).collect()).await?;
        for audit in &audits {
            assert_eq!(
                athena(&organization, audit, &select).await?,
                before[audit],
                "{audit}: delivered again"
            );
        }

        // What looks like SQL is a name that no pipeline has.
        let hostile = [&select[..], &["--pipeline", "'; DROP TABLE approval_calls; --"]].concat();
        for audit in audits
            .iter()
            .filter(|audit| ["decisions", "executions"].contains(&audit.as_str()))
        {
            assert!(embedded(&organization, audit, &once, &hostile).await?.is_empty());
            assert!(athena(&organization, audit, &hostile).await?.is_empty());
            assert_eq!(athena(&organization, audit, &select).await?, before[audit]);
        }
        Ok(())
    });
}

/// Names of the saved queries of the workgroup, with their ids.
async fn saved(athena: &aws_sdk_athena::Client) -> Result<BTreeMap<String, Vec<String>>> {
    let listed = athena.list_named_queries().work_group(names::DATABASE).send().await?;
    let mut saved: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for id in listed.named_query_ids.unwrap_or_default() {
        let got = athena.get_named_query().named_query_id(&id).send().await?;
        let query = got.named_query.context("a query")?;
        saved.entry(query.name).or_default().push(id);
    }
    Ok(saved)
}

#[test]
fn apply_publishes_the_audits_once_mends_what_was_changed_and_leaves_what_others_saved() {
    org::with(|organization| async move {
        let athena = aws_sdk_athena::Client::new(&organization.audit().await?);
        let audits = audits(&organization).await?;
        // Their answers are of a window, and what is published has none.
        let kept = ["coverage", "dora", "open-gates"];
        let audits = audits.iter().filter(|audit| !kept.contains(&audit.as_str()));
        let published: Vec<String> = audits.map(|audit| format!("pipetrail audit {audit}")).collect();
        assert!(published.len() >= 13);
        let before = saved(&athena).await?;
        assert_eq!(before.keys().collect::<Vec<_>>(), published.iter().collect::<Vec<_>>());
        assert!(before.values().all(|ids| ids.len() == 1));

        // One is gone, one is of an older version, and one is somebody's own.
        let gone = &before[&published[0]][0];
        athena.delete_named_query().named_query_id(gone).send().await?;
        let mark = "-- Published by `pipetrail apply`, which replaces whatever reads otherwise.\n";
        for (name, sql) in [
            ("pipetrail audit of-yesterday", format!("{mark}SELECT 1")),
            ("pipetrail audit of my own", "SELECT 1".to_owned()),
        ] {
            let saved = athena.create_named_query().name(name).query_string(sql);
            saved
                .database(names::DATABASE)
                .work_group(names::DATABASE)
                .send()
                .await?;
        }
        let plan = organization.run(&["plan", "--check"], &organization.aws_config).await?;
        assert_eq!(plan.code, Some(3), "{}", plan.stderr);
        assert!(
            plan.stdout
                .contains("named queries of Athena: 1 to publish, 1 to remove"),
            "{}",
            plan.stdout
        );
        organization.apply().await?;
        let after = saved(&athena).await?;
        let mut expected = published.clone();
        expected.push("pipetrail audit of my own".to_owned());
        expected.sort();
        assert_eq!(after.keys().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
        // What was right was not touched.
        assert!(published[1..].iter().all(|name| after[name] == before[name]));
        let plan = organization.run(&["plan", "--check"], &organization.aws_config).await?;
        assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);

        // A published text is answered as it is.
        let got = athena
            .get_named_query()
            .named_query_id(&after[&published[1]][0])
            .send()
            .await?;
        let sql = got.named_query.context("a query")?.query_string;
        tally::query(&organization.audit().await?, &sql).await?;
        let by_hand = &after["pipetrail audit of my own"][0];
        athena.delete_named_query().named_query_id(by_hand).send().await?;
        Ok(())
    });
}

#[test]
fn every_audit_is_sql_that_athena_reads() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let built = runtime.block_on(prepare(Functions::Released)).unwrap();
    let home = tempfile::tempdir().unwrap();
    let environment = TestEnvironment::new(home.path());
    let run = |arguments: &[&str]| {
        let ran = environment.run(&built.pipetrail, arguments).unwrap();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout
    };
    let listed: Vec<Value> = serde_json::from_str(&run(&["audit", "--list", "--output", "json"])).unwrap();
    let names = listed.iter().map(|audit| audit["name"].as_str().unwrap().to_owned());
    let texts: BTreeMap<String, String> = names
        .map(|name| {
            let sql = run(&[
                "audit",
                &name,
                "--sql",
                "--from",
                "2026-11-01",
                "--account",
                "000011112222",
            ]);
            (name, sql)
        })
        .collect();
    let python = python::environment(&built.target).unwrap();
    let mut child = Command::new(python)
        .args(["-c", include_str!("trino.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&serde_json::to_vec(&texts).unwrap()).unwrap();
    drop(input);
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}
