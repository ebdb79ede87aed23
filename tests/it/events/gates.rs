//! Who hears that a gate was removed, changed or bypassed.

use std::sync::Arc;

use anyhow::Result;
use aws_sdk_sqs::types::QueueAttributeName;
use pipetrail_tests::organization::subscribers::{EVERYONE, peek};
use pipetrail_tests::organization::{HOME, Organization, SECOND};
use pipetrail_tests::wire::Envelope;
use pipetrail_tests::{aws, ids, names};
use serde_json::{Value, json};

use crate::{lake, org};

const UPDATE: &str = include_str!("../../fixtures/cloudtrail/update-pipeline.json");
const CREATE: &str = include_str!("../../fixtures/cloudtrail/create-pipeline.json");
const DELETE: &str = include_str!("../../fixtures/cloudtrail/delete-pipeline.json");
const OVERRIDE: &str = include_str!("../../fixtures/cloudtrail/override-stage-condition.json");
const OMITTED: &str = include_str!("../../fixtures/cloudtrail/update-pipeline-parameters-omitted.json");
const DECISION: &str = include_str!("../../fixtures/cloudtrail/put-approval-rejected-sso-console.json");

/// A call in an account, as the fixture has it but for pipeline, second, and what `change` makes of the structure that
/// AWS answered.
fn call(fixture: &str, account: &str, pipeline: &str, second: u32, change: impl FnOnce(&mut Value)) -> Envelope {
    let mut event: Value = serde_json::from_str(&fixture.replace("payments-api", pipeline)).unwrap();
    let id = format!("{account} {pipeline} {second} {}", event["detail"]["eventName"]);
    event["id"] = json!(ids::uuid_of(&format!("{id} event")));
    let time = json!(format!("2026-11-20T09:27:{second:02}Z"));
    event["time"].clone_from(&time);
    let detail = &mut event["detail"];
    detail["eventID"] = json!(ids::uuid_of(&id));
    detail["eventTime"] = time;
    change(&mut detail["responseElements"]["pipeline"]);
    org::moved(&event.to_string(), ("111122223333", account), (HOME, HOME))
}

fn without_gate(pipeline: &mut Value) {
    pipeline["version"] = json!(9);
    pipeline["stages"][1]["actions"][0]["actionTypeId"] =
        json!({"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"});
}

/// A queue that the command subscribes, raw.
async fn subscribed(organization: &Organization, name: &str, more: &[&str]) -> Result<()> {
    let sqs = aws_sdk_sqs::Client::new(&organization.audit().await?);
    let made = sqs.create_queue().queue_name(name).send().await?.queue_url.unwrap();
    let attributes = sqs.get_queue_attributes().queue_url(made);
    let attributes = attributes.attribute_names(QueueAttributeName::QueueArn).send().await?;
    let arn = &attributes.attributes.unwrap()[&QueueAttributeName::QueueArn];
    let arguments = [&["subscribe", "--sqs", arn, "--raw"], more].concat();
    organization.pipetrail(&arguments).await?;
    Ok(())
}

/// The alerts in a queue: what each is about, in the order of their times.
async fn heard(organization: &Organization, queue: &str) -> Result<Vec<String>> {
    let mut alerts: Vec<Value> = Vec::new();
    for body in peek(&organization.audit().await?, queue).await? {
        alerts.push(serde_json::from_str(&body)?);
    }
    alerts.sort_by_key(|alert| alert["event_time"].as_str().unwrap().to_owned());
    let words = |alert: &Value| {
        let what = alert["change"].as_str().or(alert["decision"].as_str()).unwrap();
        let how = alert["changes"][0]["gate"].as_str().unwrap_or_default();
        format!("{} {what} {how}", alert["event_class"].as_str().unwrap())
            .trim()
            .to_owned()
    };
    Ok(alerts.iter().map(words).collect())
}

async fn play(organization: &Arc<Organization>, events: &[&Envelope]) -> Result<()> {
    // One after the other: what is told depends on it.
    for event in events {
        org::play_all(organization, vec![org::emit(event)]).await?;
    }
    Ok(())
}

#[test]
fn a_gate_that_is_removed_is_told_to_whom_asked_for_it_and_once() {
    org::with(|organization| async move {
        let account = organization.members[org::GATES].id.clone();
        let of = ["--account", account.as_str(), "--pipeline", "shop"];
        subscribed(&organization, "gates-asked", &[&of[..], &["--gate-changes"]].concat()).await?;
        subscribed(&organization, "gates-unasked", &of).await?;

        let created = call(CREATE, &account, "shop", 1, |_| {});
        let same = call(UPDATE, &account, "shop", 2, |pipeline| {
            pipeline["stages"][0]["actions"][0]["configuration"]["BranchName"] = json!("release");
        });
        play(&organization, &[&created, &same]).await?;
        assert_eq!(
            heard(&organization, "gates-asked").await?,
            [""; 0],
            "no gate is touched"
        );

        let removed = call(UPDATE, &account, "shop", 3, without_gate);
        let mut decision: Value = serde_json::from_str(&DECISION.replace("payments-api", "shop"))?;
        decision["detail"]["eventID"] = json!(ids::uuid_of("a decision beside gates"));
        let decision = org::moved(&decision.to_string(), ("111122223333", &account), (HOME, HOME));
        let overridden = call(OVERRIDE, &account, "shop", 59, |_| {});
        play(&organization, &[&removed, &decision, &overridden]).await?;
        let asked = [
            "gate_change removed Prod/ApproveProd",
            "decision Rejected",
            "gate_change overridden Prod",
        ];
        assert_eq!(heard(&organization, "gates-asked").await?, asked);
        assert_eq!(heard(&organization, "gates-unasked").await?, ["decision Rejected"]);
        assert_eq!(lake::alerts(&organization, EVERYONE, &account).await?.len(), 1);

        // A replay: fresh ids, a name, every event once more.
        let replayed = [&created, &same, &removed, &overridden].map(|event| {
            let mut event: Value = serde_json::from_str(&event.to_string()).unwrap();
            let id = ids::uuid_of(&format!("replay of {}", event["id"]));
            event["id"] = json!(id);
            event["replay-name"] = json!("pipetrail-1");
            Envelope::parse(event.to_string().as_bytes()).unwrap()
        });
        play(&organization, &replayed.each_ref()).await?;
        assert_eq!(heard(&organization, "gates-asked").await?, asked, "told once");

        let evidence = names::bucket("evidence", &organization.relay.cloud.audit, HOME);
        let s3 = aws::s3(&organization.audit().await?);
        let folder = format!("gate_changes/account_id={account}/shop/");
        let records = aws::object_keys(&s3, &evidence, &folder).await?;
        assert_eq!(records.len(), 2, "{records:?}");
        let record = records.iter().find(|key| key.contains("UpdatePipeline")).unwrap();
        let record = s3.get_object().bucket(&evidence).key(record).send().await?;
        let record = String::from_utf8(record.body.collect().await?.to_vec())?;
        for fact in [
            "Who               dana@example.com\n",
            "  | Prod/ApproveProd: removed\n",
        ] {
            assert!(record.contains(fact), "{fact:?} in\n{record}");
        }
        let bucket = names::bucket("lake", &organization.relay.cloud.audit, HOME);
        let key = format!("gates/account_id={account}/{HOME}/shop.json");
        let known = s3.get_object().bucket(&bucket).key(key).send().await?;
        let known = String::from_utf8(known.body.collect().await?.to_vec())?;
        assert!(
            !known.contains("check the dashboard") && !known.contains("arn:aws:"),
            "{known}"
        );
        Ok(())
    });
}

#[test]
fn what_cannot_be_compared_is_told_and_an_older_call_is_not_taken_for_the_newest() {
    org::with(|organization| async move {
        let account = organization.members[org::GATES].id.clone();
        let of = ["--pipeline", "till", "--account", account.as_str(), "--gate-changes"];
        subscribed(&organization, "gates-till", &of).await?;
        let first = call(UPDATE, &account, "till", 1, |_| {});
        let restored = call(UPDATE, &account, "till", 3, |pipeline| pipeline["version"] = json!(10));
        let late = call(UPDATE, &account, "till", 2, without_gate);
        play(&organization, &[&first, &restored, &late, &restored]).await?;
        let told = ["gate_change unknown", "gate_change removed Prod/ApproveProd"];
        assert_eq!(heard(&organization, "gates-till").await?, told);
        // Refused by AWS: nothing happened.
        let mut refused: Value = serde_json::from_str(&call(DELETE, &account, "till", 4, |_| {}).to_string())?;
        refused["detail"]["errorCode"] = json!("ConcurrentModificationException");
        let refused = Envelope::parse(refused.to_string().as_bytes())?;
        let deleted = call(DELETE, &account, "till", 5, |_| {});
        play(&organization, &[&refused, &deleted]).await?;
        let told = [&told[..], &["gate_change removed Prod/ApproveProd"]].concat();
        assert_eq!(heard(&organization, "gates-till").await?, told);

        // Of a record without a structure nobody knows the pipeline.
        let of = ["--account", account.as_str(), "--region", SECOND, "--gate-changes"];
        subscribed(&organization, "gates-omitted", &of).await?;
        let omitted = call(OMITTED, &account, "nameless", 6, |_| {}).to_string();
        let mut omitted: Value = serde_json::from_str(&omitted.replace(HOME, SECOND))?;
        omitted["detail"]["responseElements"] = json!({"omitted": true, "originalSize": 109_210});
        play(&organization, &[&Envelope::parse(omitted.to_string().as_bytes())?]).await?;
        assert_eq!(heard(&organization, "gates-omitted").await?, ["gate_change unknown"]);
        Ok(())
    });
}
