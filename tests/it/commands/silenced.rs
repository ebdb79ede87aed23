//! Ways to silence a member, each tried on a member that reports: `status` names what was done, and λ watch tells it
//! once, and once that it is over. That a reader's role is gone is a unit test's to show: moto lets everybody assume
//! every role.

use std::sync::Arc;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_eventbridge::types::Target;
use aws_sdk_s3::types::CreateBucketConfiguration;
use aws_sdk_scheduler::types::ScheduleState;
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::{SignedDuration, Timestamp};
use pipetrail_tests::aws;
use pipetrail_tests::emulators::prepare::{Functions, prepare};
use pipetrail_tests::organization::{Enrolment, HOME, Organization};
use serde_json::{Value, json};

use crate::operator::{Operator, listed_for};
use crate::org;

const RULE: &str = "pipetrail-forward";
const QUEUE: &str = "pipetrail-forward-dlq";

/// What somebody with all rights in a member can do, and what `status` says of it.
const WAYS: [(&str, &str); 16] = [
    (
        "narrow",
        "pattern of rule pipetrail-forward is {\"source\":\"pipetrail.heartbeat\"}",
    ),
    (
        "canary alone",
        "pattern of rule pipetrail-forward is {\"detail\":{\"eventName\":\"StopPipelineExecution\"}",
    ),
    ("disable", "state of rule pipetrail-forward is \"DISABLED\""),
    ("retarget", "targets of rule pipetrail-forward is "),
    ("transform", "targets of rule pipetrail-forward is "),
    ("trust", "trust policy of the forwarder's role is "),
    ("policy", "inline policies of the forwarder's role is "),
    ("attach", "policies attached to the forwarder's role is "),
    ("boundary", "permissions boundary of the forwarder's role is "),
    ("short queue", "settings of queue pipetrail-forward-dlq is "),
    ("queue policy", "policy of queue pipetrail-forward-dlq is gone"),
    ("heartbeat off", "schedule pipetrail-heartbeat is "),
    ("canary gone", "schedule pipetrail-canary is gone"),
    ("delete", "rule pipetrail-forward is gone"),
    // Nothing makes the role anew but a stack: from here on it stays away.
    ("role gone", "trust policy of the forwarder's role is gone"),
    // Behind StackSets, which goes on calling it current.
    ("stack deleted", "pattern of rule pipetrail-forward is gone"),
];

#[test]
fn every_way_to_silence_a_member_is_named() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(story()).unwrap_or_else(|error| panic!("{error:?}"));
}

async fn story() -> Result<()> {
    let enrolment = Enrolment {
        members: 1,
        regions: vec![HOME.to_owned()],
        ..Enrolment::default()
    };
    let built = prepare(Functions::Released).await?;
    let organization = Arc::new(Organization::start(&built, enrolment).await?);
    let member = organization.members[0].id.clone();
    organization.apply().await?;
    organization.complete_members().await?;
    let cloud = &organization.relay.cloud;
    let config = cloud.at(&member, HOME).await?;
    let trail = trail(&config).await?;
    let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let heartbeats = organization.relay.scheduled(&member, HOME, &time).await?;
    assert_eq!(heartbeats.len(), 1);
    org::play_all(&organization, heartbeats.iter().map(org::emit).collect()).await?;
    let mut operator = Operator::subscribe(&organization).await?;

    // For more than a day on the list, with a trail that does not record.
    let trails = aws_sdk_cloudtrail::Client::new(&config);
    trails.stop_logging().name(&trail).send().await?;
    assert_eq!(organization.relay.canaries(&member, HOME, &time).await?.len(), 0);
    listed_for(&organization, SignedDuration::from_hours(26)).await?;
    let of_member = |alerts: Vec<Value>| alerts.into_iter().find(|alert| alert["account_id"] == *member);
    let alert = of_member(operator.watch().await?).context("nothing is told of the member")?;
    assert_eq!(alert["began"].as_array().map(Vec::len), Some(1), "{alert}");
    assert_eq!(alert["began"][0]["condition"], "no-canary");
    trails.start_logging().name(&trail).send().await?;
    let canaries = organization.relay.canaries(&member, HOME, &time).await?;
    assert_eq!(canaries.len(), 1);
    org::play_all(&organization, canaries.iter().map(org::emit).collect()).await?;
    let alert = of_member(operator.watch().await?).context("nothing is told of the member")?;
    assert_eq!(alert["ended"][0]["condition"], "no-canary", "{alert}");
    let row = status(&organization, &member).await?;
    assert_eq!(row["verdict"], "covered", "{row}");
    assert_eq!(row["differences"], json!([]));

    // A trail that is stopped says nothing more: here, for a day and two hours.
    trails.stop_logging().name(&trail).send().await?;
    assert_eq!(organization.relay.canaries(&member, HOME, &time).await?.len(), 0);
    let later = (Timestamp::now() + SignedDuration::from_hours(26)).to_string();
    let row = status_of(&organization, &member, &["--now", &later, "--silent-after", "48h"]).await?;
    assert_eq!(row["verdict"], "no-trail", "{row}");

    // The management account's silence ends with that, and then nothing is wrong.
    listed_for(&organization, SignedDuration::from_mins(90)).await?;
    operator.watch().await?;
    assert_eq!(operator.watch().await?, [] as [Value; 0]);

    // One that records again proves itself with the next call.
    trails.start_logging().name(&trail).send().await?;
    let next = Timestamp::now() + SignedDuration::from_hours(2);
    let next = next.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let canaries = organization.relay.canaries(&member, HOME, &next).await?;
    org::play_all(&organization, canaries.iter().map(org::emit).collect()).await?;
    let row = status_of(&organization, &member, &["--now", &later, "--silent-after", "48h"]).await?;
    assert_eq!(row["verdict"], "covered", "{row}");
    assert_eq!(examined(&organization).await?.0, "ok");
    for (way, told) in WAYS {
        silence(&config, &member, way).await.with_context(|| way.to_owned())?;
        let row = status(&organization, &member).await?;
        // The heartbeat of a while ago still counts, and covers nothing.
        assert_eq!(row["verdict"], "differs", "{way}: {row}");
        let explanation = row["explanation"].as_str().unwrap_or_default();
        assert!(explanation.contains(told), "{way}: {explanation}");
        if way == WAYS[0].0 {
            let (verdict, evidence) = examined(&organization).await?;
            assert!(verdict == "failed" && evidence.contains(told), "{verdict}: {evidence}");
        }
        let alerts = operator.watch().await?;
        assert_eq!(alerts.len(), 1, "{way}: {alerts:?}");
        let alert = &alerts[0];
        assert_eq!(
            (&alert["account_id"], &alert["region"]),
            (&json!(member), &json!(HOME)),
            "{way}"
        );
        let began = alert["began"].as_array().context("no list")?;
        assert!(
            !began.is_empty() && began.iter().all(|one| one["condition"] == "differs"),
            "{way}: {alert}"
        );
        if matches!(way, "role gone" | "stack deleted") {
            continue;
        }
        restore(&organization, &config, &member).await?;
        let row = status(&organization, &member).await?;
        assert_eq!(row["verdict"], "covered", "after {way} was undone: {row}");
        let alerts = operator.watch().await?;
        assert_eq!(alerts.len(), 1, "after {way}: {alerts:?}");
        assert_eq!(alerts[0]["began"], json!([]), "after {way}");
        assert_eq!(alerts[0]["ended"].as_array(), Some(began), "after {way}");
    }
    Ok(())
}

/// What `doctor` says of the resources of members, and by what.
async fn examined(organization: &Organization) -> Result<(String, String)> {
    let arguments = ["doctor", "--members", "--output", "json"];
    let report = organization.run(&arguments, &organization.aws_config).await?.json()?;
    let checks = report["checks"].as_array().into_iter().flatten();
    let check = checks.into_iter().find(|check| check["check"] == "member-resources");
    let check = check.with_context(|| format!("no such check: {report}"))?;
    let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
    Ok((text("verdict"), text("evidence")))
}

/// A trail of the member's own, that records.
async fn trail(config: &SdkConfig) -> Result<String> {
    let (bucket, name) = ("trail-of-the-member", "trail");
    let place = CreateBucketConfiguration::builder()
        .location_constraint(HOME.into())
        .build();
    let bucket_made = aws::s3(config).create_bucket().bucket(bucket);
    bucket_made.create_bucket_configuration(place).send().await?;
    let trails = aws_sdk_cloudtrail::Client::new(config);
    trails.create_trail().name(name).s3_bucket_name(bucket).send().await?;
    trails.start_logging().name(name).send().await?;
    Ok(name.to_owned())
}

/// The row of the member.
async fn status(organization: &Organization, member: &str) -> Result<Value> {
    status_of(organization, member, &[]).await
}

async fn status_of(organization: &Organization, member: &str, arguments: &[&str]) -> Result<Value> {
    let arguments = [&["status", "--account", member, "--output", "json"], arguments].concat();
    let report: Value = serde_json::from_str(&organization.pipetrail(&arguments).await?)?;
    Ok(report["coverage"]["instances"][0].clone())
}

async fn silence(config: &SdkConfig, member: &str, way: &str) -> Result<()> {
    let events = aws_sdk_eventbridge::Client::new(config);
    let iam = aws_sdk_iam::Client::new(config);
    let sqs = aws_sdk_sqs::Client::new(config);
    let scheduler = aws_sdk_scheduler::Client::new(config);
    let role = format!("pipetrail-forwarder-{HOME}");
    let target = |arn: String| Target::builder().id("audit-bus").arn(arn);
    match way {
        "narrow" => {
            let pattern = json!({"source": ["pipetrail.heartbeat"]}).to_string();
            events.put_rule().name(RULE).event_pattern(pattern).send().await?;
        }
        "canary alone" => {
            let pattern = json!({"source": ["aws.codepipeline", "pipetrail.heartbeat"], "detail": {"eventName": ["StopPipelineExecution"]}});
            events
                .put_rule()
                .name(RULE)
                .event_pattern(pattern.to_string())
                .send()
                .await?;
        }
        "role gone" => {
            for policy in iam.list_role_policies().role_name(&role).send().await?.policy_names {
                iam.delete_role_policy()
                    .role_name(&role)
                    .policy_name(policy)
                    .send()
                    .await?;
            }
            iam.delete_role().role_name(role).send().await?;
        }
        // What is left of it.
        "stack deleted" => {
            Box::pin(silence(config, member, "delete")).await?;
            let url = sqs.get_queue_url().queue_name(QUEUE).send().await?.queue_url;
            sqs.delete_queue().set_queue_url(url).send().await?;
            for name in ["pipetrail-heartbeat", "pipetrail-canary"] {
                scheduler.delete_schedule().name(name).send().await?;
            }
        }
        "disable" => drop(events.disable_rule().name(RULE).send().await?),
        "retarget" => {
            let elsewhere = format!("arn:aws:sqs:{HOME}:{member}:{QUEUE}");
            let target = target(elsewhere).build()?;
            events.put_targets().rule(RULE).targets(target).send().await?;
        }
        "transform" => {
            let listed = events.list_targets_by_rule().rule(RULE).send().await?.targets;
            let mut target = listed.unwrap_or_default().pop().context("no target")?;
            target.input_path = Some("$.detail.nothing".to_owned());
            events.put_targets().rule(RULE).targets(target).send().await?;
        }
        "delete" => {
            events.remove_targets().rule(RULE).ids("audit-bus").send().await?;
            events.delete_rule().name(RULE).send().await?;
        }
        "trust" => {
            let other =
                json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"});
            let document = json!({"Version": "2012-10-17", "Statement": [other]}).to_string();
            let call = iam.update_assume_role_policy().role_name(role);
            call.policy_document(document).send().await?;
        }
        "policy" => {
            let call = iam.delete_role_policy().role_name(role).policy_name("audit-bus");
            call.send().await?;
        }
        "attach" => {
            let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "events:*", "Resource": "*"}});
            let made = iam
                .create_policy()
                .policy_name("quiet")
                .policy_document(document.to_string());
            let arn = made.send().await?.policy.and_then(|policy| policy.arn);
            iam.attach_role_policy()
                .role_name(role)
                .set_policy_arn(arn)
                .send()
                .await?;
        }
        "boundary" => {
            let document =
                json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
            let made = iam
                .create_policy()
                .policy_name("bound")
                .policy_document(document.to_string());
            let arn = made.send().await?.policy.and_then(|policy| policy.arn);
            let call = iam.put_role_permissions_boundary().role_name(role);
            call.set_permissions_boundary(arn).send().await?;
        }
        "short queue" => {
            let url = sqs.get_queue_url().queue_name(QUEUE).send().await?.queue_url;
            let call = sqs.set_queue_attributes().set_queue_url(url);
            call.attributes(QueueAttributeName::MessageRetentionPeriod, "60")
                .send()
                .await?;
        }
        "queue policy" => {
            let url = sqs.get_queue_url().queue_name(QUEUE).send().await?.queue_url;
            let call = sqs.set_queue_attributes().set_queue_url(url);
            call.attributes(QueueAttributeName::Policy, "").send().await?;
        }
        "heartbeat off" => {
            let found = scheduler.get_schedule().name("pipetrail-heartbeat").send().await?;
            let call = scheduler.update_schedule().name("pipetrail-heartbeat");
            let call = call
                .set_schedule_expression(found.schedule_expression)
                .set_target(found.target);
            let call = call.set_flexible_time_window(found.flexible_time_window);
            call.state(ScheduleState::Disabled).send().await?;
        }
        "canary gone" => drop(scheduler.delete_schedule().name("pipetrail-canary").send().await?),
        other => panic!("{other} is no way"),
    }
    Ok(())
}

/// As the template says again.
async fn restore(organization: &Organization, config: &SdkConfig, member: &str) -> Result<()> {
    let events = aws_sdk_eventbridge::Client::new(config);
    let iam = aws_sdk_iam::Client::new(config);
    let role = format!("pipetrail-forwarder-{HOME}");
    for stack in organization.relay.stacks_of(member, HOME).await? {
        for rule in stack.resources("AWS::Events::Rule")? {
            let call = events
                .put_rule()
                .name(RULE)
                .event_pattern(rule["EventPattern"].to_string());
            call.state("ENABLED".into()).send().await?;
            let wanted = &rule["Targets"][0];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let queue = aws_sdk_eventbridge::types::DeadLetterConfig::builder();
            let target = Target::builder()
                .id(text(&wanted["Id"]))
                .arn(text(&wanted["Arn"]))
                .role_arn(text(&wanted["RoleArn"]))
                .dead_letter_config(queue.arn(text(&wanted["DeadLetterConfig"]["Arn"])).build());
            events.put_targets().rule(RULE).targets(target.build()?).send().await?;
        }
        for made in stack.resources("AWS::IAM::Role")? {
            if made["RoleName"] == role.as_str() {
                let call = iam.update_assume_role_policy().role_name(&role);
                call.policy_document(made["AssumeRolePolicyDocument"].to_string())
                    .send()
                    .await?;
            }
        }
    }
    let attached = iam
        .list_attached_role_policies()
        .role_name(&role)
        .send()
        .await?
        .attached_policies;
    for policy in attached.unwrap_or_default() {
        iam.detach_role_policy()
            .role_name(&role)
            .set_policy_arn(policy.policy_arn)
            .send()
            .await?;
    }
    // Where there is none, that is no matter.
    let _ = iam.delete_role_permissions_boundary().role_name(&role).send().await;
    let sqs = aws_sdk_sqs::Client::new(config);
    let url = sqs.get_queue_url().queue_name(QUEUE).send().await?.queue_url;
    let call = sqs.set_queue_attributes().set_queue_url(url);
    call.attributes(QueueAttributeName::MessageRetentionPeriod, "1209600")
        .send()
        .await?;
    organization.complete_again().await
}
