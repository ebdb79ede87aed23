//! `pipetrail settle`, killed at any of its calls to S3, is finished by the next one; two at once harm nobody.
//!
//! The calls are counted at a proxy in front of the local organization's S3. At call n the answer is withheld and
//! the process killed: with `Hangs` S3 has done the work, with `Stalls` it never heard of it. Every call
//! of a run over three accounts and two tables is one; `PIPETRAIL_KILL_AT_ALL=1` kills each both ways.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CreateBucketConfiguration;
use pipetrail_tests::aws;
use pipetrail_tests::fault_proxy::{Fault, FaultProxy, Traffic};
use pipetrail_tests::organization::{HOME, Organization};
use pipetrail_tests::printer::progress;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::parity::{FIXTURES, FOLDERS, fixtures};
use crate::lake_folder::LakeFolder;
use crate::{folder_lake, landed, org};

const BUCKET: &str = "settled-and-killed";
/// More of them would keep the emulator from the tests beside this one.
const AT_ONCE: usize = 1;
/// When the three days are over, when what was settled may go, and when months are closed and their files may go.
const TIMES: [&str; 4] = [
    "2026-11-24T12:00:00Z",
    "2026-11-25T12:00:00Z",
    "2027-01-15T12:00:00Z",
    "2027-01-16T12:00:00Z",
];
const TABLES: [&str; 2] = ["pipeline_executions", "approval_calls"];

/// Files of landing of three accounts and two tables, and how many events they are.
fn landing(place: &LakeFolder) -> Vec<(String, Vec<u8>)> {
    let texts = fixtures(&FOLDERS).into_iter().flat_map(|text| {
        let account = |number: u8| text.replace(FIXTURES.0, &format!("{number:012}"));
        [account(1), account(2), account(3)]
    });
    let line = |text: String| serde_json::from_str::<Value>(&text).unwrap().to_string();
    let lines: Vec<String> = texts.map(line).collect();
    let file = place.write("events.ndjson", lines.join("\n").as_bytes());
    let made = place.path("made");
    let ran = place.run(&["ingest", &file, "--lake", made.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    landed::land(&made, &place.lake());
    let of = |file: &Path| {
        let key = file.strip_prefix(place.lake()).unwrap().to_str().unwrap().to_owned();
        TABLES
            .iter()
            .any(|table| key.starts_with(&format!("landing/{table}/")))
            .then(|| (key, std::fs::read(file).unwrap()))
    };
    folder_lake::files(&place.lake())
        .iter()
        .filter_map(|file| of(file))
        .collect()
}

/// Makes the bucket, unless the other test has. It keeps no versions: settling needs none.
async fn bucket(organization: &Organization) -> Result<()> {
    let here = CreateBucketConfiguration::builder()
        .location_constraint(HOME.into())
        .build();
    let s3 = aws::s3(&organization.audit().await?);
    match s3
        .create_bucket()
        .bucket(BUCKET)
        .create_bucket_configuration(here)
        .send()
        .await
    {
        Err(error)
            if error
                .as_service_error()
                .is_none_or(|error| !error.is_bucket_already_owned_by_you()) =>
        {
            Err(error).context("make the bucket")
        }
        _ => Ok(()),
    }
}

/// A lake of its own with these files.
async fn lake(organization: &Organization, name: &str, files: &[(String, Vec<u8>)]) -> Result<String> {
    let s3 = aws::s3(&organization.audit().await?);
    for (key, bytes) in files {
        let put = s3.put_object().bucket(BUCKET).key(format!("{name}/{key}"));
        put.body(ByteStream::from(bytes.clone())).send().await?;
    }
    Ok(format!("s3://{BUCKET}/{name}"))
}

fn arguments<'a>(lake: &'a str, now: &'a str) -> Vec<&'a str> {
    let mut arguments = vec![
        "settle",
        "--lake",
        lake,
        "--now",
        now,
        "--audit-profile",
        "audit",
        "--output",
        "json",
    ];
    TABLES.iter().for_each(|table| arguments.extend(["--table", table]));
    arguments
}

async fn settle(organization: &Organization, lake: &str, now: &str) -> Result<()> {
    let ran = organization
        .run(&arguments(lake, now), &organization.aws_config)
        .await?;
    ensure!(
        ran.code == Some(0),
        "settle at {now} exits {:?}\n{}{}",
        ran.code,
        ran.stdout,
        ran.stderr
    );
    Ok(())
}

/// What somebody asks of both tables.
async fn asked(organization: &Organization, lake: &str) -> Result<String> {
    let mut answers = String::new();
    for table in TABLES {
        let sql =
            format!("SELECT account_id, event_key, event_id, event_time FROM {table} ORDER BY account_id, event_key");
        let arguments = [
            "query",
            &sql,
            "--lake",
            lake,
            "--audit-profile",
            "audit",
            "--output",
            "json",
        ];
        let ran = organization.run(&arguments, &organization.aws_config).await?;
        ensure!(ran.code == Some(0), "{}", ran.stderr);
        answers += &ran.stdout;
    }
    Ok(answers)
}

/// Goes on to the end, and compares.
async fn finish(organization: &Organization, lake: &str, name: &str, wanted: &str) -> Result<()> {
    for now in TIMES {
        settle(organization, lake, now).await?;
        let asked = asked(organization, lake).await?;
        ensure!(
            asked == wanted,
            "the answer differs at {now}:\n{asked}\nwanted\n{wanted}"
        );
    }
    let s3 = aws::s3(&organization.audit().await?);
    let keys = aws::object_keys(&s3, BUCKET, &format!("{name}/")).await?;
    let mut folders: Vec<&str> = Vec::new();
    for key in &keys {
        let key = key.strip_prefix(&format!("{name}/")).context("its own keys")?;
        ensure!(!key.starts_with("landing/"), "{key} is still there");
        if TABLES.iter().any(|table| key.starts_with(table)) {
            let (folder, _) = key.rsplit_once('/').context("a folder")?;
            ensure!(!folders.contains(&folder), "{folder} has several files");
            folders.push(folder);
        }
    }
    ensure!(!folders.is_empty(), "no partition is left");
    Ok(())
}

#[test]
fn settle_killed_at_any_call_is_finished_by_the_next_one() {
    org::with(|organization| async move {
        let place = LakeFolder::new();
        let files = Arc::new(landing(&place));
        bucket(&organization).await?;

        let undisturbed = lake(&organization, "undisturbed", &files).await?;
        let wanted = Arc::new(asked(&organization, &undisturbed).await?);
        ensure!(wanted.matches("event_key").count() > 30, "few events: {wanted}");
        let traffic = Arc::new(Traffic::default());
        let proxy = FaultProxy::share(&traffic, "ministack", &organization.relay.cloud.ministack).await?;
        let through = [
            &arguments(&undisturbed, TIMES[0])[..],
            &["--endpoint-url", &proxy.endpoint],
        ]
        .concat();
        let ran = organization.run(&through, &organization.aws_config).await?;
        ensure!(ran.code == Some(0), "{}", ran.stderr);
        let calls = traffic.calls();
        ensure!(calls.len() > 30, "{} calls are few", calls.len());
        finish(&organization, &undisturbed, "undisturbed", &wanted).await?;

        let all = std::env::var_os("PIPETRAIL_KILL_AT_ALL").is_some();
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut runs = JoinSet::new();
        for call in &calls {
            let is_write = call.method != "GET" && call.method != "HEAD";
            let faults: &[Fault] = match (all, is_write, call.number % 2) {
                (true, ..) => &[Fault::Stalls, Fault::Hangs],
                (false, true, _) => &[Fault::Hangs],
                (false, false, 0) => &[Fault::Stalls],
                (false, false, _) => &[],
            };
            for fault in faults.iter().copied() {
                let (organization, files) = (Arc::clone(&organization), Arc::clone(&files));
                let (wanted, places, number) = (Arc::clone(&wanted), Arc::clone(&places), call.number);
                let label = format!("{fault:?} at call {number} ({})", call.operation);
                runs.spawn(async move {
                    let _place = places.acquire().await?;
                    let outcome = killed(&organization, number, fault, &files, &wanted).await;
                    anyhow::Ok((label, outcome))
                });
            }
        }
        let total = runs.len();
        let (mut kills, mut failures) = (0, Vec::new());
        while let Some(ran) = runs.join_next().await {
            match ran?? {
                (_, Ok(was_killed)) => kills += usize::from(was_killed),
                (label, Err(error)) => failures.push(format!("{label}: {error:#}")),
            }
        }
        progress(&format!(
            "{kills} of {total} runs of settle were killed, {} calls",
            calls.len()
        ));
        ensure!(
            failures.is_empty(),
            "{} of {total} failed\n{}",
            failures.len(),
            failures.join("\n")
        );
        ensure!(kills + 3 >= total, "only {kills} of {total} were killed");
        Ok(())
    });
}

async fn killed(
    organization: &Organization,
    number: usize,
    fault: Fault,
    files: &[(String, Vec<u8>)],
    wanted: &str,
) -> Result<bool> {
    let name = format!("{fault:?}-{number}");
    let lake = lake(organization, &name, files).await?;
    let proxy = FaultProxy::start(&organization.relay.cloud.ministack).await?;
    proxy.place(Some((number, fault)));
    let through = [&arguments(&lake, TIMES[0])[..], &["--endpoint-url", &proxy.endpoint]].concat();
    let mut child = organization.command(&through, &organization.aws_config).spawn()?;
    let was_killed = tokio::select! {
        () = proxy.reached() => {
            child.kill().await.context("cannot kill it")?;
            true
        }
        ended = child.wait() => {
            ensure!(ended?.success(), "ended by itself, but not well");
            false
        }
    };
    ensure!(
        asked(organization, &lake).await? == wanted,
        "the answer differs after the kill"
    );
    finish(organization, &lake, &name, wanted).await?;
    Ok(was_killed)
}

#[test]
fn two_at_once_lose_and_double_nothing() {
    org::with(|organization| async move {
        let place = LakeFolder::new();
        let files = landing(&place);
        bucket(&organization).await?;
        let seeds = if std::env::var_os("PIPETRAIL_KILL_AT_ALL").is_some() {
            20
        } else {
            2
        };
        for seed in 0..seeds {
            let name = format!("two-{seed}");
            // One of them sees fewer files than the other.
            let (early, late) = files.split_at(files.len() * (seed + 1) / (seeds + 1));
            let place = lake(&organization, &name, early).await?;
            let (first, second) = (arguments(&place, TIMES[0]), arguments(&place, TIMES[0]));
            let one = organization.run(&first, &organization.aws_config);
            let other = async {
                lake(&organization, &name, late).await?;
                organization.run(&second, &organization.aws_config).await
            };
            let (one, other) = tokio::join!(one, other);
            for ran in [one?, other?] {
                ensure!(ran.code == Some(0), "{}{}", ran.stdout, ran.stderr);
            }
            let wanted = asked(&organization, &place).await?;
            ensure!(wanted.matches("event_key").count() > 30, "few events: {wanted}");
            finish(&organization, &place, &name, &wanted).await?;
        }
        Ok(())
    });
}
