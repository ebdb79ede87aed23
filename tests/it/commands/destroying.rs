//! `pipetrail destroy` takes everything away but the data, and on request the data but what is under
//! retention; `pipetrail apply` finds the data again.
//!
//! Unproven on AWS: the emulators delete stacks and instances at once, and moto has neither
//! auto-deployment nor results of a deletion.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetention, ObjectLockRetentionMode as Mode,
};
use pipetrail_tests::fault_proxy::{Fault, FaultProxy};
use pipetrail_tests::names;
use pipetrail_tests::organization::{HOME, Organization, SECOND, Targeted};
use pipetrail_tests::{aws, tally};
use serde_json::Value;

use crate::{lake, leftovers, org};

const DECISION: &str = include_str!("../../fixtures/cloudtrail/put-approval-rejected-sso-console.json");
const SUCCEEDED: &str = include_str!("../../fixtures/pipeline/succeeded.json");

#[test]
fn destroying_leaves_the_data_and_with_delete_data_only_what_is_under_retention() {
    org::with(|shared| async move { scenario(org::fresh(&shared, 2).await?).await });
}

async fn scenario(mut organization: Organization) -> Result<()> {
    let targeted = organization.targeted().await?;
    organization.aws_config.clone_from(&targeted.aws_config);
    let organization = Arc::new(organization);
    organization.apply().await?;
    let enrolled = leftovers::of_organization(&organization).await?;
    assert!(enrolled.iter().any(|line| line.contains(SECOND)), "{enrolled:?}");
    let member = organization.members[0].id.clone();
    let events = [DECISION, SUCCEEDED].map(|text| org::moved(text, ("111122223333", &member), (HOME, HOME)));
    org::play_all(&organization, events.iter().map(org::emit).collect()).await?;
    let data = data(&organization, &member).await?;
    let (rows, evidence) = &data;
    assert!(rows.len() == 2 && evidence.len() == 1, "{data:?}");

    data_stays(&organization).await?;
    let [lake_bucket, evidence_bucket] =
        ["lake", "evidence"].map(|kind| names::bucket(kind, &organization.relay.cloud.audit, HOME));

    let unchanged = json(&organization, &["destroy", "--yes"], 0).await?;
    assert_eq!(unchanged["result"], "unchanged");

    organization.apply().await?;
    assert_eq!(self::data(&organization, &member).await?, data);

    // A wrong name changes nothing.
    let wrong = ["destroy", "--delete-data", &evidence_bucket, "--yes"];
    let wrong = organization.run(&wrong, &organization.aws_config).await?;
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains(&lake_bucket), "{}", wrong.stderr);

    let record = &evidence[0];
    let until = SystemTime::now() + Duration::from_secs(86_400);
    lock(&organization, &evidence_bucket).await?;
    retain(&organization, &evidence_bucket, record, until).await?;
    let arguments = ["destroy", "--delete-data", &lake_bucket, "--yes"];
    let killed = kill(&organization, &targeted, &arguments).await?;
    assert!(killed > 10, "{killed} kills");
    for _ in 0..2 {
        let partly = json(&organization, &arguments, 4).await?;
        assert_eq!(partly["result"], "partly-destroyed");
        let remains = partly["remains"].as_array().unwrap();
        assert_eq!(remains.len(), 1, "{partly:#}");
        assert_eq!(remains[0]["what"], format!("bucket {evidence_bucket}"));
        assert_eq!(remains[0]["records"], 1);
        let date = DateTime::from(until).to_string();
        assert_eq!(remains[0]["retained_until"].as_str().unwrap()[..19], date[..19]);
        assert_eq!(
            everything(&organization).await?,
            BTreeSet::from([format!("bucket {evidence_bucket}")])
        );
        let kept = aws::object_keys(&aws::s3(&organization.audit().await?), &evidence_bucket, "").await?;
        assert_eq!(kept, std::slice::from_ref(record));
    }

    // What stayed is taken up by the next apply, and evidence is evidence still.
    organization.apply().await?;
    assert_eq!(&lake::evidence(&organization, &member).await?, evidence);

    // The day after.
    retain(
        &organization,
        &evidence_bucket,
        record,
        SystemTime::now() - Duration::from_secs(1),
    )
    .await?;
    let destroyed = json(&organization, &arguments, 0).await?;
    assert_eq!(destroyed["result"], "destroyed");
    assert_eq!(everything(&organization).await?, BTreeSet::new());
    let nothing = organization.pipetrail(&arguments).await?;
    assert_eq!(nothing, "nothing of pipetrail stands\n");
    Ok(())
}

/// Runs the command again and again, each time killed one AWS call later at the emulator where the
/// last kill was, until a run comes to its end; says how often it was killed.
async fn kill(organization: &Organization, targeted: &Targeted, arguments: &[&str]) -> Result<usize> {
    let cloud = &organization.relay.cloud;
    let moto = FaultProxy::start(&targeted.endpoint).await?;
    let ministack = FaultProxy::start(&cloud.ministack).await?;
    let config = std::fs::read_to_string(&targeted.aws_config)?;
    let config = config.replace(&targeted.endpoint, &moto.endpoint);
    let path = organization.folder().join("aws-config-killed");
    std::fs::write(&path, config.replace(&cloud.ministack, &ministack.endpoint))?;
    // The calls before these only read.
    let (mut at_moto, mut at_ministack, mut kills) = (12, 9, 0);
    loop {
        moto.place(Some((at_moto, Fault::Hangs)));
        ministack.place(Some((at_ministack, Fault::Hangs)));
        tokio::select! {
            biased;
            () = moto.reached() => at_moto += 1,
            () = ministack.reached() => at_ministack += 1,
            ended = organization.run(arguments, &path) => {
                ended?;
                return Ok(kills);
            }
        }
        kills += 1;
    }
}

/// Destroys without the data, and looks at what is left.
async fn data_stays(organization: &Arc<Organization>) -> Result<()> {
    let destroyed = json(organization, &["destroy", "--yes"], 0).await?;
    assert_eq!(destroyed["result"], "destroyed", "{destroyed:#}");
    let steps = destroyed["steps"].as_array().unwrap();
    let step = |name: &str| {
        let found = steps
            .iter()
            .position(|step| step["step"].as_str().unwrap().contains(name));
        found.with_context(|| format!("no step {name}"))
    };
    assert!(step("stack instances: delete 4")? < step("stack set pipetrail-member")?);
    assert!(step("stack pipetrail-member of")? < step("stack pipetrail-pipeline")?);
    let left = everything(organization).await?;
    let kinds = [
        "bucket",
        "bus",
        "database",
        "queue",
        "role pipetrail-audit-reader-",
        "stack",
        "table",
        "topic",
    ];
    assert!(
        left.iter().all(|line| kinds.iter().any(|kind| line.starts_with(kind))),
        "{left:?}"
    );
    let stacks: Vec<&String> = left.iter().filter(|line| line.starts_with("stack")).collect();
    assert_eq!(stacks, ["stack pipetrail-data"]);
    assert!(!left.iter().any(|line| line.contains("artifacts")), "{left:?}");
    Ok(())
}

/// Rows of both tables with their keys, and the evidence.
async fn data(organization: &Organization, member: &str) -> Result<(Vec<String>, Vec<String>)> {
    let mut rows = Vec::new();
    for table in ["approval_calls", "pipeline_executions"] {
        let sql = format!("SELECT event_key FROM landing_{table} WHERE account_id = '{member}'");
        let found = tally::query(&organization.audit().await?, &sql).await?;
        rows.extend(found.into_iter().flatten().flatten());
    }
    Ok((rows, lake::evidence(organization, member).await?))
}

async fn everything(organization: &Organization) -> Result<BTreeSet<String>> {
    let mut left = leftovers::of_audit_account(organization).await?;
    left.extend(leftovers::of_organization(organization).await?);
    Ok(left)
}

/// Runs `pipetrail`, expects this exit code, and gives its JSON.
async fn json(organization: &Organization, arguments: &[&str], code: i32) -> Result<Value> {
    let arguments = [arguments, &["--output", "json"]].concat();
    let ran = organization.run(&arguments, &organization.aws_config).await?;
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    ran.json()
}

/// MiniStack drops the template's Object Lock; a bucket with it refuses what is under retention.
async fn lock(organization: &Organization, bucket: &str) -> Result<()> {
    let s3 = aws::s3(&organization.audit().await?);
    let enabled = ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled);
    let call = s3.put_object_lock_configuration().bucket(bucket);
    call.object_lock_configuration(enabled.build()).send().await?;
    Ok(())
}

async fn retain(organization: &Organization, bucket: &str, key: &str, until: SystemTime) -> Result<()> {
    let s3 = aws::s3(&organization.audit().await?);
    let retention = ObjectLockRetention::builder()
        .mode(Mode::Governance)
        .retain_until_date(until.into());
    let call = s3
        .put_object_retention()
        .bucket(bucket)
        .key(key)
        .retention(retention.build());
    // The test turns the clock forward; pipetrail never says this.
    call.bypass_governance_retention(true).send().await?;
    Ok(())
}
