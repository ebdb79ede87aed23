//! What an event must look like in the lake, said by this test alone: it calls no code of the
//! collector.

use std::collections::BTreeMap;

use pipetrail_tests::wire::Envelope;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::lake::Row;

/// The tables with an account in their partition.
pub(crate) const TABLES: [&str; 6] = [
    "pipeline_executions",
    "stage_executions",
    "action_executions",
    "approval_calls",
    "api_calls",
    "other_events",
];

/// Where the columns of each table come from, as paths into `detail`.
const PIPELINE: &[(&str, &str)] = &[
    ("state", "state"),
    ("execution_id", "execution-id"),
    ("pipeline_version", "version"),
    ("attempt", "pipeline-execution-attempt"),
    ("start_time", "start-time"),
    ("pipeline", "pipeline"),
    ("last_retry_time", "last-retry-attempt-time"),
    ("trigger_type", "execution-trigger.trigger-type"),
    ("trigger_detail", "execution-trigger.trigger-detail"),
    ("git_repository", "execution-trigger.full-repository-name"),
    ("git_branch", "execution-trigger.branch-name"),
    ("git_tag", "execution-trigger.tag-name"),
    ("git_commit_id", "execution-trigger.commit-id"),
    ("git_commit_message", "execution-trigger.commit-message"),
    ("git_author_email", "execution-trigger.author-email"),
    ("stop_comments", "stop-execution-comments"),
];
const STAGE: &[(&str, &str)] = &[
    ("state", "state"),
    ("execution_id", "execution-id"),
    ("pipeline_version", "version"),
    ("attempt", "pipeline-execution-attempt"),
    ("start_time", "start-time"),
    ("pipeline", "pipeline"),
    ("stage", "stage"),
    ("last_retry_time", "stage-last-retry-attempt-time"),
];
const ACTION: &[(&str, &str)] = &[
    ("state", "state"),
    ("execution_id", "execution-id"),
    ("pipeline_version", "version"),
    ("attempt", "pipeline-execution-attempt"),
    ("start_time", "start-time"),
    ("pipeline", "pipeline"),
    ("stage", "stage"),
    ("action", "action"),
    ("action_region", "region"),
    ("action_owner", "type.owner"),
    ("action_category", "type.category"),
    ("action_provider", "type.provider"),
    ("action_version", "type.version"),
    ("action_execution_id", "action-execution-id"),
    ("result_id", "execution-result.external-execution-id"),
    ("result_summary", "execution-result.external-execution-summary"),
    ("result_url", "execution-result.external-execution-url"),
    ("error_code", "execution-result.error-code"),
];
const APPROVAL: &[(&str, &str)] = &[
    ("decision", "requestParameters.result.status"),
    ("summary", "requestParameters.result.summary"),
    ("pipeline", "requestParameters.pipelineName"),
    ("stage", "requestParameters.stageName"),
    ("action", "requestParameters.actionName"),
    ("action_execution_id", "requestParameters.token"),
    ("error_code", "errorCode"),
    ("error_message", "errorMessage"),
    ("approved_at", "responseElements.approvedAt"),
    ("principal_arn", "userIdentity.arn"),
    ("source_ip", "sourceIPAddress"),
    ("user_agent", "userAgent"),
    ("cloudtrail_event_id", "eventID"),
    ("request_id", "requestID"),
];
const CALL: &[(&str, &str)] = &[
    ("event_name", "eventName"),
    ("error_code", "errorCode"),
    ("error_message", "errorMessage"),
    ("execution_id", "responseElements.pipelineExecutionId"),
    ("principal_arn", "userIdentity.arn"),
    ("source_ip", "sourceIPAddress"),
    ("user_agent", "userAgent"),
    ("cloudtrail_event_id", "eventID"),
    ("request_id", "requestID"),
];

/// What must stand in the lake for one event.
pub(crate) struct Expected {
    pub table: &'static str,
    /// Identity of the happening, by this test's own reckoning.
    pub happening: String,
    pub columns: BTreeMap<&'static str, String>,
    pub absent: Vec<&'static str>,
    /// Columns that a hop across Regions replaces, with what they must no longer hold.
    pub replaced: BTreeMap<&'static str, String>,
    /// What must not stand in clear anywhere in the row.
    pub secret: Option<String>,
}

/// Reads the expectation off an event that was emitted in `home` or elsewhere.
pub(crate) fn expected(event: &Envelope, home: &str) -> Expected {
    let detail = event.value("detail").unwrap();
    let text = |key: &str| event.text(key).unwrap();
    let kind = text("detail-type");
    let (table, paths) = match kind.as_str() {
        "CodePipeline Pipeline Execution State Change" => ("pipeline_executions", PIPELINE),
        "CodePipeline Stage Execution State Change" => ("stage_executions", STAGE),
        "CodePipeline Action Execution State Change" => ("action_executions", ACTION),
        _ if detail["eventName"] == "PutApprovalResult" => ("approval_calls", APPROVAL),
        _ => ("api_calls", CALL),
    };
    let is_call = kind == "AWS API Call via CloudTrail";
    let hopped = text("region") != home;
    let secret = match table {
        "approval_calls" => at(&detail, "requestParameters.token"),
        _ if at(&detail, "type.category").as_deref() == Some("Approval") => at(&detail, "action-execution-id"),
        _ => None,
    };
    let secret = secret.filter(|secret| secret.len() == 36);
    let mut expected = Expected {
        table,
        happening: happening(event, &detail),
        columns: BTreeMap::new(),
        absent: vec![],
        replaced: BTreeMap::new(),
        secret,
    };
    for (column, path) in paths {
        match at(&detail, path) {
            // The token is stored as its hash wherever it stands.
            Some(value) if Some(&value) == expected.secret.as_ref() => {
                expected.columns.insert(column, hex::encode(Sha256::digest(&value)));
            }
            Some(value) if value == "HIDDEN_DUE_TO_SECURITY_REASONS" => expected.absent.push(column),
            // What ran commands quotes them.
            Some(_) if *column == "result_summary" && runs_commands(&detail) => {
                expected.columns.insert(column, "REDACTED".to_owned());
            }
            Some(value) => {
                expected.columns.insert(column, value);
            }
            // A refused call's pipeline may be read off its message.
            None if matches!(*column, "pipeline" | "stage" | "action") => {}
            // The answer names the execution, else the request does.
            None if *column == "execution_id" && table == "api_calls" => {}
            None => expected.absent.push(column),
        }
    }
    expected.columns.insert("region", text("region"));
    expected.columns.insert("account_id", text("account"));
    let source = if event.text("replay-name").is_some() {
        "replay"
    } else {
        "live"
    };
    expected.columns.insert("source", source.to_owned());
    let ids = if hopped {
        &mut expected.replaced
    } else {
        &mut expected.columns
    };
    ids.insert("event_id", text("id"));
    if hopped && !is_call {
        expected
            .replaced
            .insert("event_time", text("time").replace('Z', ".000Z"));
    } else {
        let time = if is_call {
            at(&detail, "eventTime").unwrap()
        } else {
            text("time")
        };
        expected.columns.insert("event_time", time.replace('Z', ".000Z"));
        expected.columns.insert("day", time[..10].to_owned());
        expected.columns.insert("month", time[..7].to_owned());
    }
    expected
}

impl Expected {
    /// Whether a row is this event's.
    pub(crate) fn is(&self, row: &Row) -> bool {
        let equal = |(column, value): (&&str, &String)| row.get(*column) == Some(value);
        let replaced = self
            .replaced
            .iter()
            .all(|(column, value)| row.get(*column).is_some_and(|now| now != value));
        replaced && self.columns.iter().all(equal) && self.absent.iter().all(|column| !row.contains_key(*column))
    }

    /// Which columns differ from the row that is nearest to it.
    pub(crate) fn difference(&self, rows: &[Row]) -> String {
        let differing = |row: &Row| {
            let differing = self
                .columns
                .iter()
                .filter(|(column, value)| row.get(**column) != Some(value));
            let differing = differing.map(|(column, value)| format!("{column}: {value:?}, not {:?}", row.get(*column)));
            let filled = self.absent.iter().filter(|column| row.contains_key(**column));
            differing
                .chain(filled.map(|column| format!("{column}: {:?}, not NULL", row[*column])))
                .collect::<Vec<_>>()
        };
        let nearest = rows.iter().map(differing).min_by_key(Vec::len);
        nearest.map_or_else(|| "no rows at all".to_owned(), |columns| columns.join("; "))
    }
}

/// A value at a path, as the lake stores it: whole numbers without their `.0`.
fn at(detail: &Value, path: &str) -> Option<String> {
    let value = path.split('.').try_fold(detail, |value, key| value.get(key))?;
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string().trim_end_matches(".0").to_owned()),
        other => Some(other.to_string()),
    }
}

fn runs_commands(detail: &Value) -> bool {
    let named = |path: &str, names: &[&str]| at(detail, path).is_some_and(|value| names.contains(&value.as_str()));
    named("type.category", &["Compute", "Build", "Test"]) || named("type.provider", &["CodeBuild", "Commands"])
}

/// Two events are one happening when this is equal.
fn happening(event: &Envelope, detail: &Value) -> String {
    let original = at(detail, "addendum.originalEventID").or_else(|| at(detail, "eventID"));
    if let Some(id) = original {
        return id;
    }
    let told_apart = ["pipeline-execution-attempt", "action-execution-id"]
        .iter()
        .any(|key| detail.get(key).is_some());
    let time = if told_apart { None } else { event.text("time") };
    // `serde_json` sorts the keys of an object.
    format!("{:?} {:?} {detail}", event.text("detail-type"), time)
}
