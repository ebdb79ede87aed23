//! What a run puts in: an event for each table, and records that can become no row of their stream. All of an account
//! that no customer has, so that its rows are known.

use aws_smithy_types::base64;
use jiff::Timestamp;
use pipetrail_collector::decision::{Decision, Reading};
use pipetrail_collector::transform::{self, Request};
use pipetrail_collector::{Event, Table};
use pipetrail_names::Region;
use pipetrail_names::member::HEARTBEAT_SOURCE;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::failure::{Problem, Result};

/// The account of every event of a run. AWS gives it to nobody.
pub(crate) const ACCOUNT: &str = "000000000000";

/// What is of a run and of no installation: its stack, queue and delivery stream, what its bucket's name begins with, and
/// the pipeline that its events are of.
pub(super) const SMOKE: &str = "pipetrail-smoke";

/// An event, the table that it belongs to, and its key.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) table: Table,
    pub(super) body: String,
    pub(super) key: String,
}

/// What a run puts in.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// One for each table.
    pub(super) events: Vec<Record>,
    /// The decision among them.
    pub(super) decision: Record,
    /// Key of its record.
    pub(super) record_key: String,
    /// The token of its gate, which must be stored nowhere.
    pub(super) token: String,
    /// What no function takes for an event.
    pub(super) broken: Record,
    /// An event, and the table whose stream it is put into, which is another one.
    pub(super) misplaced: (Record, Table),
    /// A row with text in the place of a number; the key is that of its event.
    pub(super) unconverted: Record,
}

impl Sample {
    /// The events of a run that begins now; two runs have no event in common.
    pub(super) fn new(now: Timestamp, region: &Region) -> Result<Self> {
        let seed = format!("{now} {}", std::process::id());
        let id = |what: &str| uuid(&seed, what);
        let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let event = |name: &str, source: &str, detail_type: &str, detail: Value| {
            let event = json!({
                "version": "0", "id": id(name), "detail-type": detail_type, "source": source, "account": ACCOUNT,
                "time": time, "region": region.as_str(), "resources": [], "detail": detail,
            });
            record(&event)
        };
        let token = id("token");
        let pipeline = "aws.codepipeline";
        let execution = id("execution");
        let state = |more: Value| {
            let mut detail =
                json!({"pipeline": SMOKE, "execution-id": execution, "state": "SUCCEEDED", "version": 1.0});
            if let (Some(fields), Value::Object(more)) = (detail.as_object_mut(), more) {
                fields.extend(more);
            }
            detail
        };
        let call = |name: &str, parameters: Value| {
            json!({
                "eventVersion": "1.11", "eventTime": time, "eventSource": "codepipeline.amazonaws.com",
                "eventName": name, "awsRegion": region.as_str(), "sourceIPAddress": "192.0.2.1",
                "userAgent": "pipetrail smoke", "requestParameters": parameters, "requestID": id(&format!("{name} request")),
                "eventID": id(&format!("{name} event")), "readOnly": false, "eventType": "AwsApiCall",
                "managementEvent": true, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
                "userIdentity": {"type": "AssumedRole", "accountId": ACCOUNT, "principalId": "AROASMOKE:smoke",
                    "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/pipetrail-smoke/smoke")},
            })
        };
        let approved = json!({"pipelineName": SMOKE, "stageName": "Prod", "actionName": "Approve", "token": token,
            "result": {"status": "Approved", "summary": "pipetrail smoke"}});
        let trail = "AWS API Call via CloudTrail";
        let stage = json!({"stage": "Prod"});
        let action = json!({"stage": "Prod", "action": "Build", "region": region.as_str(), "action-execution-id": id("action"),
            "type": {"owner": "AWS", "category": "Build", "provider": "CodeBuild", "version": "1"}});
        let decision = event("decision", pipeline, trail, call("PutApprovalResult", approved))?;
        let events = vec![
            event(
                "pipeline",
                pipeline,
                "CodePipeline Pipeline Execution State Change",
                state(json!({})),
            )?,
            event(
                "stage",
                pipeline,
                "CodePipeline Stage Execution State Change",
                state(stage),
            )?,
            event(
                "action",
                pipeline,
                "CodePipeline Action Execution State Change",
                state(action),
            )?,
            decision.clone(),
            event(
                "call",
                pipeline,
                trail,
                call("StartPipelineExecution", json!({"name": SMOKE})),
            )?,
            event(
                "heartbeat",
                HEARTBEAT_SOURCE,
                "pipetrail heartbeat",
                json!({"scheduled_time": time}),
            )?,
            event("other", pipeline, "pipetrail smoke", json!({"run": seed}))?,
        ];
        let misplaced = event(
            "misplaced",
            pipeline,
            "CodePipeline Stage Execution State Change",
            state(json!({"stage": "Staging"})),
        )?;
        // Of CodePipeline, as members forward nothing else, and `ingest` takes nothing else.
        let unconverted = event("unconverted", pipeline, "pipetrail smoke", json!({"unconverted": seed}))?;
        let Ok(Reading::Record(told, _)) = Decision::of(decision.body.as_bytes()) else {
            return Err(Problem::new("the decision of the run is none").into());
        };
        Ok(Sample {
            record_key: told.record_key(),
            events,
            decision,
            token,
            broken: Record {
                table: Table::OtherEvents,
                body: format!("{{\"pipetrail smoke\": \"no event, {seed}"),
                key: String::new(),
            },
            misplaced: (misplaced, Table::PipelineExecutions),
            unconverted: unconvertible(&unconverted, region)?,
        })
    }
}

fn record(event: &Value) -> Result<Record> {
    let body = event.to_string();
    let wrong = |error| Problem::new(format!("an event of the run is none: {error}"));
    let parsed = Event::parse(body.as_bytes()).map_err(wrong)?;
    let (table, key) = (parsed.table(), parsed.key());
    Ok(Record { table, body, key })
}

/// The row that the function makes of an event, but with a time that is no number.
fn unconvertible(event: &Record, region: &Region) -> Result<Record> {
    let wrong = || Problem::new("the row of the run's event cannot be made");
    let request = Request {
        delivery_stream_arn: format!(
            "arn:aws:firehose:{region}:{ACCOUNT}:deliverystream/{}",
            event.table.stream_name()
        )
        .into(),
        records: vec![transform::Record {
            record_id: "1".into(),
            approximate_arrival_timestamp: 0,
            data: base64::encode(&event.body).into(),
        }],
    };
    let response = transform::transform(&request, |_, _| {}).map_err(|_| wrong())?;
    let row = response
        .records
        .first()
        .filter(|record| record.result == "Ok")
        .ok_or_else(wrong)?;
    let row = base64::decode(row.data.as_str()).map_err(|_| wrong())?;
    let row = String::from_utf8(row).map_err(|_| wrong())?;
    let (before, after) = row.split_once("\"event_ms\":").ok_or_else(wrong)?;
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    Ok(Record {
        body: format!("{before}\"event_ms\":\"no number\"{after}"),
        ..event.clone()
    })
}

/// Something in the form of a UUID.
fn uuid(seed: &str, what: &str) -> String {
    let digest = Sha256::digest(format!("{seed} {what}"));
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn sample() -> Sample {
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        Sample::new(now, &"eu-central-1".parse().unwrap()).unwrap()
    }

    #[test]
    fn there_is_one_event_for_each_table_and_each_has_its_own_key() {
        let sample = sample();
        let tables: Vec<Table> = sample.events.iter().map(|record| record.table).collect();
        assert_eq!(tables, Table::DELIVERED);
        let others = [&sample.misplaced.0, &sample.unconverted];
        let keys: BTreeSet<&str> = sample
            .events
            .iter()
            .chain(others)
            .map(|record| record.key.as_str())
            .collect();
        assert_eq!(keys.len(), Table::DELIVERED.len() + 2);
        assert_ne!(sample.misplaced.0.table, sample.misplaced.1);
        assert!(Event::parse(sample.broken.body.as_bytes()).is_err());
    }

    #[test]
    fn the_decision_has_a_record_and_only_its_hash_of_the_token() {
        let sample = sample();
        assert!(
            sample
                .record_key
                .starts_with("account_id=000000000000/pipetrail-smoke/2026/11/30/Approve_")
        );
        assert!(sample.record_key.ends_with(&format!("{}.txt", sample.decision.key)));
        assert!(sample.decision.body.contains(&sample.token));
        let Ok(Reading::Record(decision, log)) = Decision::of(sample.decision.body.as_bytes()) else {
            panic!("no decision")
        };
        assert!(!format!("{}{log}", decision.record()).contains(&sample.token));
    }

    #[test]
    fn the_row_of_a_wrong_type_is_a_row_but_for_that() {
        let sample = sample();
        let row: Value = serde_json::from_str(&sample.unconverted.body).unwrap();
        assert_eq!(row["event_ms"], "no number");
        assert_eq!(row["event_key"], sample.unconverted.key);
        assert_eq!(row["account_id"], ACCOUNT);
    }
}
