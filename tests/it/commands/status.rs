//! `pipetrail status` joins what the stack set says with what the lake has heard: an account and
//! region is covered when its own heartbeat arrived and what stands there is as the template says, and only then.
//!
//! moto says neither drift nor the operation of an instance, so `pending` after a deployment and
//! drift itself are tested against canned answers, and unproven on AWS.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use pipetrail_tests::emulators::prepare::{Functions, prepare};
use pipetrail_tests::organization::{Enrolment, HOME, Organization, SECOND};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::org;

/// Standard output and exit code of `pipetrail status` with these arguments.
async fn status(organization: &Organization, arguments: &[&str]) -> (String, i32) {
    let arguments = [&["status"], arguments].concat();
    let ran = organization.run(&arguments, &organization.aws_config).await.unwrap();
    let code = ran.code.unwrap_or_else(|| panic!("{}", ran.stderr));
    (ran.stdout, code)
}

/// Account, region, verdict and explanation of every row.
async fn verdicts(organization: &Organization, arguments: &[&str]) -> (Vec<[String; 4]>, Value) {
    let (output, code) = status(organization, &[arguments, &["--output", "json"]].concat()).await;
    assert_eq!(code, 0, "{output}");
    let report: Value = serde_json::from_str(&output).unwrap();
    let rows = report["coverage"]["instances"].as_array().unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = rows.iter().map(|row| {
        let keys = ["account", "region", "verdict", "explanation"];
        keys.map(|key| text(row, key))
    });
    (rows.collect(), report)
}

fn of<'a>(rows: &'a [[String; 4]], account: &str, region: &str) -> &'a [String; 4] {
    let mut rows = rows.iter().filter(|row| row[0] == account && row[1] == region);
    rows.next().unwrap()
}

#[test]
fn an_account_and_region_is_covered_while_its_own_heartbeats_arrive() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(story()).unwrap_or_else(|error| panic!("{error:?}"));
}

async fn story() -> Result<()> {
    let enrolment = Enrolment {
        members: 2,
        ..Enrolment::default()
    };
    let built = prepare(Functions::Released).await?;
    let organization = Arc::new(Organization::start(&built, enrolment).await?);
    let [one, two] = [0, 1].map(|member: usize| organization.members[member].id.clone());
    let outside = &organization.unenrolled.id;

    // Nothing is deployed: the lake cannot be asked, and everything else is said all the same.
    let (rows, report) = verdicts(&organization, &[]).await;
    assert_eq!(report["lake"]["result"], "failed");
    assert_eq!(of(&rows, &one, HOME)[2], "not-enrolled");

    organization.apply().await?;
    organization.complete_members().await?;
    let now = Timestamp::now();
    let (rows, report) = verdicts(&organization, &[]).await;
    assert_eq!(report["lake"]["result"], "answered");
    for account in [&one, &two] {
        for region in [HOME, SECOND] {
            let row = of(&rows, account, region);
            assert_eq!(row[2], "silent", "{row:?}");
        }
    }
    // Whoever asks which accounts are not watched is told all of them.
    for account in [outside, &organization.relay.cloud.audit] {
        assert_eq!(of(&rows, account, "-")[2], "not-enrolled");
    }
    // The management account has stacks of its own.
    assert_eq!(of(&rows, &organization.relay.cloud.management, SECOND)[2], "silent");

    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut events = organization.relay.scheduled(&one, SECOND, &time).await?;
    events.extend(organization.relay.canaries(&one, SECOND, &time).await?);
    org::play_all(&organization, events.iter().map(org::emit).collect()).await?;
    let (rows, report) = verdicts(&organization, &["--account", &one, "--account", &two]).await;
    let covered: Vec<&[String; 4]> = rows.iter().filter(|row| row[2] == "covered").collect();
    assert_eq!(covered, [of(&rows, &one, SECOND)]);
    assert_eq!(rows.len(), 4);
    assert_eq!(report["verdicts"]["silent"], 3);
    let heard = report["coverage"]["instances"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["verdict"] == "covered");
    let heard: Timestamp = heard.unwrap()["last_heartbeat"].as_str().unwrap().parse()?;
    assert!(
        heard.duration_since(now).abs() < SignedDuration::from_mins(2),
        "{heard}"
    );

    // What is shown is what is checked.
    let there = ["--check", "--account", &one, "--region", SECOND];
    assert_eq!(status(&organization, &there).await.1, 0);
    assert_eq!(status(&organization, &["--check", "--account", &one]).await.1, 4);
    assert_eq!(status(&organization, &["--check", "--verdict", "failed"]).await.1, 0);
    assert_eq!(status(&organization, &["--check", "--account", outside]).await.1, 4);
    assert_eq!(status(&organization, &["--account", "000000000000"]).await.1, 1);
    assert_eq!(status(&organization, &["--account", "12"]).await.1, 2);

    // Without a look into members nobody knows.
    let (rows, _) = verdicts(&organization, &["--no-compare"]).await;
    let row = of(&rows, &one, SECOND);
    assert_eq!(row[2], "unknown", "{row:?}");

    // Four hours later nothing more has been heard.
    let later = (heard + SignedDuration::from_hours(4)).to_string();
    let (rows, _) = verdicts(&organization, &["--now", &later]).await;
    let row = of(&rows, &one, SECOND);
    assert_eq!(row[2], "silent");
    assert_eq!(row[3], "last heartbeat 4 h ago");
    let (rows, _) = verdicts(&organization, &["--now", &later, "--silent-after", "5h"]).await;
    assert_eq!(of(&rows, &one, SECOND)[2], "covered");

    own_changes(&organization, &one).await?;
    watched(&organization, &built.pipetrail, &one).await?;

    // moto lacks the call; that is said and hides nothing.
    let (table, code) = status(&organization, &["--no-lake", "--detect-drift"]).await;
    assert_eq!(code, 0);
    assert!(
        table.contains("unknown") && table.contains("CREATE_COMPLETE"),
        "{table}"
    );
    Ok(())
}

/// Who changed what the stack made is read from the files of a trail, and shown where the account is.
async fn own_changes(organization: &Organization, account: &str) -> Result<()> {
    let folder = organization.folder().join("trail");
    std::fs::create_dir_all(&folder)?;
    let trail = include_str!("../../fixtures/trail/own-changes.json");
    std::fs::write(folder.join("log.json"), trail.replace("111122223333", account))?;
    let trail = folder.to_str().unwrap();
    let (output, code) = status(organization, &["--trail", trail, "--output", "json"]).await;
    assert_eq!(code, 0, "{output}");
    let report: Value = serde_json::from_str(&output)?;
    let found = &report["own_changes"];
    let changes = found["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 9, "{found}");
    assert_eq!(
        changes.iter().filter(|change| change["by_stack_sets"] == true).count(),
        2
    );
    assert!(changes.iter().all(|change| change["region"] == HOME), "{found}");
    let refused: Vec<&Value> = changes.iter().filter(|change| !change["error"].is_null()).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["resource"], "pipetrail-forward");
    let (table, _) = status(
        organization,
        &["--trail", trail, "--account", account, "--region", HOME],
    )
    .await;
    assert!(table.contains("UpdateAssumeRolePolicy  pipetrail-reader-"), "{table}");
    let (table, _) = status(
        organization,
        &["--trail", trail, "--account", account, "--region", SECOND],
    )
    .await;
    assert!(
        table.contains("trail: 0 changes of pipetrail's own resources"),
        "{table}"
    );
    // A place without files is no trail without changes.
    std::fs::write(folder.join("log.json"), "no trail")?;
    assert_eq!(status(organization, &["--trail", trail]).await.1, 4);
    std::fs::remove_file(folder.join("log.json"))?;
    assert_eq!(status(organization, &["--trail", trail]).await.1, 1);
    Ok(())
}

/// A watch shows block after block, and Ctrl-C is its end, not its failure.
async fn watched(organization: &Organization, pipetrail: &Path, account: &str) -> Result<()> {
    let mut command = Command::from(organization.environment().command(pipetrail));
    command.args(["status", "--watch", "1", "--no-lake", "--account", account]);
    let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut blocks = 0;
    while blocks < 2 {
        let line = lines.next_line().await?.unwrap();
        blocks += usize::from(line == "2 accounts and regions: 2 unknown");
    }
    let id = child.id().unwrap().to_string();
    Command::new("kill").args(["-INT", &id]).status().await?;
    assert_eq!(child.wait().await?.code(), Some(0));
    Ok(())
}
