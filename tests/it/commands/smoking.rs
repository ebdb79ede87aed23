//! `pipetrail smoke` in an organization of its own: what it proves there, what it says the emulators lack, what it
//! refuses, and that nothing of it stays but records under Object Lock.
//!
//! The test plays what the emulators lack and AWS has: EventBridge and Firehose by the relay, and in one run the
//! Object Lock of the evidence bucket, which MiniStack's CloudFormation drops.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_s3::types::{
    CreateBucketConfiguration, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetention,
    ObjectLockRetentionMode, ObjectLockRule,
};
use pipetrail_tests::environment::Ran;
use pipetrail_tests::organization::{HOME, Organization, Streamed};
use pipetrail_tests::{aws, bare, names};
use serde_json::Value;
use tokio::task::AbortHandle;

use crate::{leftovers, org};

mod kept;

/// What the emulators have no part of, by claim.
const LACKING: [(&str, &str); 8] = [
    ("lake-formation", "are left to IAM"),
    ("evidence-retention", "without the Object Lock that its template has"),
    ("put-refused", "whose policy denies every PUT"),
    ("delete-refused", "whose policy denies every PUT"),
    (
        "version-delete-refused",
        "without the Object Lock that its template has",
    ),
    // moto knows no bus of another account.
    ("stranger-refused", "says nothing of the bus's policy"),
    ("forwarder-admitted", "says nothing of the bus's policy"),
    ("source-refused", "not seen to admit the role"),
];

#[test]
fn smoke_proves_what_can_be_seen_here_and_leaves_nothing_but_locked_records() {
    org::with(|shared| async move {
        let organization = Arc::new(org::fresh(&shared, 2).await?);
        ready(&organization).await?;
        let streamed = organization.streamed(&organization.relay.cloud.moto).await?;
        let _schedules = Schedules::start(&organization);
        foreign_rows(&organization).await?;
        killed(&organization, &streamed).await?;
        whole(&organization, &streamed).await
    });
}

#[test]
fn smoke_refuses_an_audit_account_with_members() {
    org::with(|shared| async move {
        let captures = shared.folder().join("smoke-refused");
        let ran = smoke(&shared, &shared.aws_config, &captures, &[]).await?;
        ensure!(ran.code == Some(1), "{ran:?}");
        ensure!(ran.stderr.contains("accounts are enrolled"), "{}", ran.stderr);
        Ok(())
    });
}

/// All preconditions: a trail that logs, and trusted access.
async fn ready(organization: &Organization) -> Result<()> {
    let cloud = &organization.relay.cloud;
    let management = cloud.at(&cloud.management, HOME).await?;
    let (trail, bucket) = (
        aws_sdk_cloudtrail::Client::new(&management),
        format!("trail-{}", cloud.management),
    );
    create(&aws::s3(&management), &bucket).await?;
    let made = trail.create_trail().name("organization").s3_bucket_name(&bucket);
    made.is_organization_trail(true)
        .is_multi_region_trail(true)
        .send()
        .await?;
    trail.start_logging().name("organization").send().await?;
    organization.pipetrail(&["doctor", "--fix", "--yes"]).await?;
    Ok(())
}

async fn create(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<()> {
    let here = CreateBucketConfiguration::builder().location_constraint(HOME.into());
    let call = s3.create_bucket().bucket(bucket);
    call.create_bucket_configuration(here.build()).send().await?;
    Ok(())
}

/// A bucket of the lake's name that holds what nobody here put there.
async fn foreign_rows(organization: &Organization) -> Result<()> {
    let s3 = aws::s3(&organization.audit().await?);
    let bucket = names::bucket("lake", &organization.relay.cloud.audit, HOME);
    create(&s3, &bucket).await?;
    let key = "approval_calls/account_id=111122223333/month=2026-11/rows.parquet";
    s3.put_object()
        .bucket(&bucket)
        .key(key)
        .body(b"rows".to_vec().into())
        .send()
        .await?;
    let before = everything(organization).await?;
    let captures = organization.folder().join("smoke-foreign");
    for arguments in [&[][..], &["--clean-up"]] {
        let ran = smoke(organization, &organization.aws_config, &captures, arguments).await?;
        ensure!(
            ran.code == Some(1) && ran.stderr.contains("holds what no run of smoke put there"),
            "{ran:?}"
        );
    }
    ensure!(everything(organization).await? == before, "it was changed");
    s3.delete_object().bucket(&bucket).key(key).send().await?;
    s3.delete_bucket().bucket(&bucket).send().await?;
    Ok(())
}

/// A run that is killed once it has a record of evidence; then the clean-up, before and after the record's date.
async fn killed(organization: &Arc<Organization>, streamed: &Streamed) -> Result<()> {
    let captures = organization.folder().join("smoke-killed");
    let member = ["--member", &organization.members[0].id];
    let mut child = organization
        .command(&arguments(&captures, &member), &streamed.aws_config)
        .spawn()?;
    let bucket = names::bucket("evidence", &organization.relay.cloud.audit, HOME);
    let s3 = aws::s3(&organization.audit().await?);
    let mut locked = false;
    let records = loop {
        if !locked {
            locked = lock(&s3, &bucket).await.is_ok();
        }
        let keys = aws::object_keys(&s3, &bucket, "").await.unwrap_or_default();
        if keys.len() == 2 {
            break keys;
        }
        if child.try_wait()?.is_some() {
            let output = child.wait_with_output().await?;
            bail!("it ended without a record of evidence: {:?}", Ran::from(output));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    child.kill().await?;
    ensure!(everything(organization).await?.len() > 20, "nothing was made");
    row_of_a_stranger(organization, &captures).await?;

    let ran = smoke(organization, &streamed.aws_config, &captures, &["--clean-up"]).await?;
    ensure!(ran.code == Some(0), "{ran:?}");
    let report = ran.json()?;
    ensure!(report["result"] == "cleaned-up", "{report:#}");
    let kept = report["records"].as_array().context("no records")?;
    let keys: BTreeSet<&str> = kept.iter().filter_map(|record| record["key"].as_str()).collect();
    ensure!(keys == records.iter().map(String::as_str).collect(), "{report:#}");
    for record in kept {
        let until: jiff::Timestamp = record["retained_until"].as_str().context("no date")?.parse()?;
        let hours = until.duration_since(jiff::Timestamp::now()).as_hours();
        ensure!((22..=24).contains(&hours), "{until}");
    }
    ensure!(
        everything(organization).await? == BTreeSet::from([format!("bucket {bucket}")]),
        "more is left"
    );

    // The day after.
    for record in kept {
        let text = |name: &str| record[name].as_str().unwrap_or_default();
        let over = ObjectLockRetention::builder()
            .mode(ObjectLockRetentionMode::Governance)
            .retain_until_date((SystemTime::now() - Duration::from_secs(1)).into());
        let call = s3
            .put_object_retention()
            .bucket(&bucket)
            .key(text("key"))
            .version_id(text("version"));
        call.retention(over.build())
            .bypass_governance_retention(true)
            .send()
            .await?;
    }
    let ran = smoke(organization, &streamed.aws_config, &captures, &["--clean-up"]).await?;
    ensure!(ran.code == Some(0), "{ran:?}");
    let left = everything(organization).await?;
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

/// A row of an account that is not the run's stops the clean-up as long as it is there.
async fn row_of_a_stranger(organization: &Organization, captures: &Path) -> Result<()> {
    let (audit, s3) = (&organization.relay.cloud.audit, aws::s3(&organization.audit().await?));
    let (bucket, prefix) = (names::bucket("lake", audit, HOME), "landing/stage_executions/");
    let before: BTreeSet<String> = aws::object_keys(&s3, &bucket, prefix).await?.into_iter().collect();
    let event = include_str!("../../fixtures/stage/succeeded.json");
    let stream = format!("arn:aws:firehose:{HOME}:{audit}:deliverystream/pipetrail-stage-executions");
    organization.relay.put_record(&stream, event.as_bytes()).await?;
    let landed = loop {
        let keys = aws::object_keys(&s3, &bucket, prefix).await?;
        if let Some(key) = keys.into_iter().find(|key| !before.contains(key)) {
            break key;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let standing = everything(organization).await?;
    let ran = smoke(organization, &organization.aws_config, captures, &["--clean-up"]).await?;
    ensure!(
        ran.code == Some(1) && ran.stderr.contains("of accounts 111122223333"),
        "{ran:?}"
    );
    ensure!(everything(organization).await? == standing, "it was changed");
    s3.delete_object().bucket(&bucket).key(landed).send().await?;
    Ok(())
}

/// A run to its end.
async fn whole(organization: &Arc<Organization>, streamed: &Streamed) -> Result<()> {
    let captures = organization.folder().join("smoke-whole");
    let member = &organization.members[0];
    let ran = smoke(organization, &streamed.aws_config, &captures, &["--member", &member.id]).await?;
    ensure!(ran.code == Some(0), "{ran:?}");
    let report = ran.json()?;
    ensure!(report["result"] == "passed", "{report:#}");
    let findings = report["findings"].as_array().context("no findings")?;
    let lacking: BTreeMap<&str, &str> = LACKING.into();
    for finding in findings {
        let (claim, observed) = (
            finding["claim"].as_str().unwrap_or_default(),
            finding["observed"].to_string(),
        );
        let wanted = if lacking.contains_key(claim) {
            "not-possible"
        } else {
            "proven"
        };
        ensure!(finding["verdict"] == wanted, "{finding:#}");
        let why = lacking.get(claim).copied().unwrap_or_default();
        ensure!(observed.contains(why), "{finding:#}");
    }
    for (claim, times) in [
        ("change-set", 4),
        ("stack", 3),
        ("row", 7),
        ("landed", 7),
        ("heartbeat", 2),
    ] {
        let count = findings.iter().filter(|finding| finding["claim"] == claim).count();
        ensure!(count == times, "{count} of {claim}");
    }
    let mut left = everything(organization).await?;
    // MiniStack makes the group anew when it writes the log of a function that was at work as its stack was deleted.
    left.retain(|one| !one.starts_with("logGroupName /aws/lambda/pipetrail-"));
    ensure!(left.is_empty(), "{left:?}");
    ensure!(report["records"] == Value::Array(vec![]), "{report:#}");
    kept::check(organization, &captures, &report)
}

fn arguments<'a>(captures: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let captures = captures.to_str().unwrap();
    let common = [
        "smoke",
        "--captures",
        captures,
        "--yes",
        "--output",
        "json",
        "--wait",
        "20",
    ];
    [&common[..], more].concat()
}

async fn smoke(organization: &Organization, aws_config: &Path, captures: &Path, more: &[&str]) -> Result<Ran> {
    organization.run(&arguments(captures, more), aws_config).await
}

async fn everything(organization: &Organization) -> Result<BTreeSet<String>> {
    let mut left = leftovers::of_audit_account(organization).await?;
    left.extend(leftovers::of_organization(organization).await?);
    Ok(left)
}

/// MiniStack's CloudFormation drops the template's Object Lock.
async fn lock(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<()> {
    let day = DefaultRetention::builder()
        .mode(ObjectLockRetentionMode::Governance)
        .days(1)
        .build();
    let enabled = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(ObjectLockRule::builder().default_retention(day).build());
    let call = s3.put_object_lock_configuration().bucket(bucket);
    call.object_lock_configuration(enabled.build()).send().await?;
    Ok(())
}

/// Fires all schedules twice a second, until it is dropped.
struct Schedules(AbortHandle);

impl Schedules {
    fn start(organization: &Arc<Organization>) -> Self {
        let organization = Arc::clone(organization);
        let firing = tokio::spawn(async move {
            loop {
                // What is deployed may be taken away at this very moment.
                let _ = bare::heartbeats(&organization).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
        Schedules(firing.abort_handle())
    }
}

impl Drop for Schedules {
    fn drop(&mut self) {
        self.0.abort();
    }
}
