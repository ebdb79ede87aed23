//! Event → row: which part of an event fills which column.

use std::borrow::Cow;

use pipetrail_names::member::STACK_SETS_ROLE;

use crate::columns::{
    ActionExecution, ApiCall, Approval, Caller, Common, Heartbeat, OtherEvent, OwnChange, PipelineExecution,
    StageExecution, Text,
};
use crate::event::Event;
use crate::json::Json;
use crate::principal::Principal;
use crate::redact::HIDDEN;
use crate::tables::{Own, Row, Table};
use crate::time::Instant;

/// How an event came here.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'e> {
    /// It reached the delivery stream then; `None` where the stream does not say.
    Stream { arrived: Option<Instant> },
    /// It was read from a file: when it arrived at AWS, if it did, is not known.
    File {
        read: Instant,
        name: &'e str,
        /// What the column `source` says.
        source: &'static str,
    },
}

/// How far the time of an event may be from its arrival; EventBridge tries to deliver for a day.
const APART_MS: i64 = 24 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;

/// Builds the row of a redacted event for its table (see [`Event::table`]). `key` is the event's key,
/// computed before redaction.
pub fn row<'e>(event: &'e Event<'_>, table: Table, key: String, origin: Origin<'e>) -> Row<'e> {
    let d = Detail::of(event);
    let gate = Gate::of(event, table);
    let own = match table {
        Table::PipelineExecutions => Own::PipelineExecution(Box::new(pipeline_execution(d))),
        Table::StageExecutions => Own::StageExecution(stage_execution(d)),
        Table::ActionExecutions => Own::ActionExecution(Box::new(action_execution(d))),
        Table::ApprovalCalls => {
            let principal = Principal::of(event);
            Own::Approval(
                Box::new(approval(d, &gate, &principal)),
                Box::new(caller(d, &principal)),
            )
        }
        Table::ApiCalls => {
            let principal = Principal::of(event);
            Own::ApiCall(
                Box::new(api_call(d, &gate, &principal)),
                Box::new(caller(d, &principal)),
            )
        }
        Table::Heartbeats => Own::Heartbeat(Heartbeat {
            account_id: Some(event.account().into()),
            scheduled_time: d.text(&["scheduled_time"]),
            covered_hour: covered_hour(event, origin).map(Cow::Owned),
        }),
        Table::OtherEvents => Own::OtherEvent(OtherEvent {
            detail_type: event.column(&["detail-type"]),
            event_source: event.column(&["source"]),
            detail: event.at(&["detail"]).filter(|detail| **detail != Json::Null),
        }),
        Table::OwnChanges => {
            let principal = Principal::of(event);
            Own::OwnChange(
                Box::new(own_change(event, d, &principal)),
                Box::new(caller(d, &principal)),
            )
        }
    };
    let time = event.time().text();
    let (seen, source, source_file) = match origin {
        Origin::Stream { arrived } => {
            let source = if event.is_replayed() { "replay" } else { "live" };
            (arrived.unwrap_or(event.time()), source, None)
        }
        Origin::File { read, name, source } => (read, source, Some(Cow::Borrowed(name))),
    };
    Row {
        common: Common {
            event_key: Some(key.into()),
            event_id: event.column(&["id"]),
            event_ms: Some(event.time().millis()),
            // Heartbeats have the day as their partition key; there it is no column.
            day: (table != Table::Heartbeats).then(|| time[..10].to_owned().into()),
            event_time: Some(time.into()),
            ingested_at: Some(seen.text().into()),
            region: Some(event.region())
                .filter(|region| !region.is_empty())
                .map(Cow::Borrowed),
            pipeline_arn: pipeline_arn(event, gate.pipeline.as_deref()),
            pipeline: gate.pipeline,
            source: Some(source.into()),
            raw: Some(&event.json),
            event_version: event.column(&["version"]),
            content_sha256: Some(event.content_hash().into()),
            source_file,
            time_in_doubt: time_in_doubt(event, origin).then_some(true),
        },
        own,
    }
}

/// Whether the event's own time and that of its arrival cannot both be right. A replayed event is late
/// by right.
fn time_in_doubt(event: &Event<'_>, origin: Origin<'_>) -> bool {
    match origin {
        Origin::Stream { arrived: Some(arrived) } => {
            !event.is_replayed() && event.time().millis().abs_diff(arrived.millis()) > APART_MS.unsigned_abs()
        }
        Origin::Stream { arrived: None } | Origin::File { .. } => false,
    }
}

/// The clock hour for which a heartbeat counts as heard. Whoever sends one chooses its times:
/// it must have arrived within a day of that hour.
fn covered_hour(event: &Event<'_>, origin: Origin<'_>) -> Option<String> {
    let Origin::Stream { arrived: Some(arrived) } = origin else {
        return None;
    };
    let scheduled = Instant::parse(event.text(&["detail", "scheduled_time"])?)?.millis();
    let hour = scheduled - scheduled.rem_euclid(HOUR_MS);
    let near = (hour - APART_MS..hour + HOUR_MS + APART_MS).contains(&arrived.millis());
    (near && !time_in_doubt(event, origin)).then(|| Instant::from_millis(hour).map(Instant::text))?
}

/// `detail` of an event.
#[derive(Clone, Copy)]
struct Detail<'e>(Option<&'e Json<'e>>);

impl<'e> Detail<'e> {
    fn of(event: &'e Event<'_>) -> Self {
        Self(event.at(&["detail"]))
    }

    fn at(self, path: &[&str]) -> Option<&'e Json<'e>> {
        self.0?.at(path)
    }

    fn json(self, path: &[&str]) -> Option<&'e Json<'e>> {
        self.at(path).filter(|value| **value != Json::Null)
    }

    fn text(self, path: &[&str]) -> Option<Text<'e>> {
        self.at(path)?.text()
    }

    /// An error that is empty is none.
    fn error_code(self, path: &[&str]) -> Option<Text<'e>> {
        self.text(path).filter(|code| !code.is_empty())
    }

    fn integer(self, path: &[&str]) -> Option<i64> {
        self.at(path)?.integer()
    }

    /// The first of several paths that holds something.
    fn first(self, paths: &[&[&str]]) -> Option<Text<'e>> {
        paths.iter().find_map(|path| self.text(path))
    }
}

fn pipeline_execution<'e>(d: Detail<'e>) -> PipelineExecution<'e> {
    let trigger = |name: &str| d.text(&["execution-trigger", name]);
    PipelineExecution {
        state: d.text(&["state"]),
        execution_id: d.text(&["execution-id"]),
        pipeline_version: d.integer(&["version"]),
        attempt: d.integer(&["pipeline-execution-attempt"]),
        start_time: d.text(&["start-time"]),
        last_retry_time: d.text(&["last-retry-attempt-time"]),
        trigger_type: trigger("trigger-type"),
        trigger_detail: trigger("trigger-detail"),
        git_provider: trigger("provider-type"),
        git_repository: trigger("full-repository-name"),
        git_branch: trigger("branch-name"),
        git_tag: trigger("tag-name"),
        git_commit_id: trigger("commit-id"),
        git_commit_message: trigger("commit-message"),
        git_author_name: trigger("author-display-name"),
        git_author_email: trigger("author-email"),
        stop_comments: d.text(&["stop-execution-comments"]),
    }
}

fn stage_execution<'e>(d: Detail<'e>) -> StageExecution<'e> {
    StageExecution {
        state: d.text(&["state"]),
        execution_id: d.text(&["execution-id"]),
        pipeline_version: d.integer(&["version"]),
        attempt: d.integer(&["pipeline-execution-attempt"]),
        start_time: d.text(&["start-time"]),
        last_retry_time: d.text(&["stage-last-retry-attempt-time"]),
        stage: d.text(&["stage"]),
    }
}

fn action_execution<'e>(d: Detail<'e>) -> ActionExecution<'e> {
    ActionExecution {
        state: d.text(&["state"]),
        execution_id: d.text(&["execution-id"]),
        pipeline_version: d.integer(&["version"]),
        attempt: d.integer(&["pipeline-execution-attempt"]),
        start_time: d.text(&["start-time"]),
        stage: d.text(&["stage"]),
        action: d.text(&["action"]),
        action_execution_id: d.text(&["action-execution-id"]),
        action_region: d.text(&["region"]),
        action_owner: d.text(&["type", "owner"]),
        action_category: d.text(&["type", "category"]),
        action_provider: d.text(&["type", "provider"]),
        action_version: d.text(&["type", "version"]),
        result_summary: d.text(&["execution-result", "external-execution-summary"]),
        result_url: d.text(&["execution-result", "external-execution-url"]),
        result_id: d.text(&["execution-result", "external-execution-id"]),
        error_code: d.error_code(&["execution-result", "error-code"]),
        input_artifacts: d.json(&["input-artifacts"]),
        output_artifacts: d.json(&["output-artifacts"]),
        source_revision: d
            .text(&["execution-result", "external-execution-id"])
            .filter(|_| d.at(&["type", "category"]).and_then(Json::as_str) == Some("Source")),
    }
}

fn approval<'e>(d: Detail<'e>, gate: &Gate<'e>, principal: &Principal<'e>) -> Approval<'e> {
    Approval {
        decision: d.text(&["requestParameters", "result", "status"]),
        approver: principal.name.map(Cow::Borrowed),
        error_code: d.error_code(&["errorCode"]),
        error_message: d.text(&["errorMessage"]),
        stage: gate.stage.clone(),
        action: gate.action.clone(),
        summary: d.text(&["requestParameters", "result", "summary"]),
        action_execution_id: d.text(&["requestParameters", "token"]).filter(|token| token != HIDDEN),
        approved_at: d.text(&["responseElements", "approvedAt"]),
    }
}

fn api_call<'e>(d: Detail<'e>, gate: &Gate<'e>, principal: &Principal<'e>) -> ApiCall<'e> {
    ApiCall {
        event_name: d.text(&["eventName"]),
        actor: principal.name.map(Cow::Borrowed),
        error_code: d.error_code(&["errorCode"]),
        error_message: d.text(&["errorMessage"]),
        stage: gate.stage.clone(),
        action: gate.action.clone(),
        execution_id: d.first(&[
            &["responseElements", "pipelineExecutionId"],
            &["requestParameters", "pipelineExecutionId"],
        ]),
        target_execution_id: d.text(&["requestParameters", "targetPipelineExecutionId"]),
        pipeline_version: [
            ["responseElements", "pipeline", "version"],
            ["requestParameters", "pipeline", "version"],
        ]
        .iter()
        .find_map(|path| d.integer(path)),
        reason: d.text(&["requestParameters", "reason"]),
        request: d.json(&["requestParameters"]),
        response: d.json(&["responseElements"]),
        read_only: d.at(&["readOnly"]).and_then(Json::boolean),
    }
}

/// Whether the caller's role has the name that StackSets gives its own, and is of the account.
fn is_of_stack_sets(event: &Event<'_>, principal: &Principal<'_>) -> bool {
    let number = principal.role.and_then(|role| role.strip_prefix(STACK_SETS_ROLE));
    let is_number =
        number.is_some_and(|number| number.len() == 32 && number.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_number && principal.account == Some(event.account())
}

fn own_change<'e>(event: &'e Event<'_>, d: Detail<'e>, principal: &Principal<'e>) -> OwnChange<'e> {
    let resource = event.own_resource();
    OwnChange {
        event_name: d.text(&["eventName"]),
        event_source: d.text(&["eventSource"]),
        resource_kind: resource.as_ref().map(|resource| resource.kind.into()),
        resource: resource.map(|resource| Cow::Owned(resource.name.to_owned())),
        actor: principal.name.map(Cow::Borrowed),
        error_code: d.error_code(&["errorCode"]),
        error_message: d.text(&["errorMessage"]),
        request: d.json(&["requestParameters"]),
        by_stack_sets: Some(is_of_stack_sets(event, principal)),
    }
}

fn caller<'e>(d: Detail<'e>, principal: &Principal<'e>) -> Caller<'e> {
    Caller {
        principal_kind: Some(principal.kind.name().into()),
        principal_arn: principal.arn.map(Cow::Borrowed),
        principal_id: principal.id.map(Cow::Borrowed),
        principal_account: principal.account.map(Cow::Borrowed),
        role_name: principal.role.map(Cow::Borrowed),
        source_identity: principal.source_identity.map(Cow::Borrowed),
        mfa: principal.mfa,
        console: d.at(&["sessionCredentialFromConsole"]).and_then(Json::boolean),
        invoked_by: principal.invoked_by.map(Cow::Borrowed),
        source_ip: d.text(&["sourceIPAddress"]),
        user_agent: d.text(&["userAgent"]),
        cloudtrail_event_id: d.text(&["eventID"]),
        request_id: d.text(&["requestID"]),
        on_behalf_of_user_id: d.text(&["userIdentity", "onBehalfOf", "userId"]),
        addendum_of: d.text(&["addendum", "originalEventID"]).filter(|id| !id.is_empty()),
    }
}

/// Pipeline, stage and action that an event is about.
struct Gate<'e> {
    pipeline: Option<Text<'e>>,
    stage: Option<Text<'e>>,
    action: Option<Text<'e>>,
}

impl<'e> Gate<'e> {
    fn of(event: &'e Event<'_>, table: Table) -> Self {
        let d = Detail::of(event);
        match table {
            Table::ApprovalCalls | Table::ApiCalls => Self::of_call(event, d),
            _ => Self {
                pipeline: d.text(&["pipeline"]),
                stage: d.text(&["stage"]),
                action: d.text(&["action"]),
            },
        }
    }

    /// A call names the pipeline in one of several places, and a call refused for want of permission
    /// only in its error message.
    fn of_call(event: &'e Event<'_>, d: Detail<'e>) -> Self {
        let request = |name: &str| d.text(&["requestParameters", name]);
        let about_pipeline = event.event_name().is_some_and(|name| name.contains("Pipeline"));
        let named = request("pipelineName")
            .or_else(|| d.text(&["requestParameters", "pipeline", "name"]))
            .or_else(|| request("name").filter(|_| about_pipeline))
            .or_else(|| d.text(&["requestParameters", "webhook", "targetPipeline"]))
            .or_else(|| d.text(&["responseElements", "pipeline", "name"]));
        if named.is_some() {
            return Self {
                pipeline: named,
                stage: request("stageName"),
                action: request("actionName"),
            };
        }
        let tagged = || resource(d.at(&["requestParameters", "resourceArn"])?.as_str()?);
        let listed = match d.at(&["resources"]) {
            Some(Json::Array(resources)) => resources.iter().find_map(|item| resource(item.get("ARN")?.as_str()?)),
            _ => None,
        };
        let in_message = || d.at(&["errorMessage"])?.as_str()?.split_whitespace().find_map(resource);
        let parts = listed.or_else(tagged).or_else(in_message).unwrap_or_default();
        let mut denied = parts.split('/').filter(|part| !part.is_empty());
        Self {
            pipeline: denied.next().map(Cow::Borrowed),
            stage: denied.next().map(Cow::Borrowed),
            action: denied.next().map(Cow::Borrowed),
        }
    }
}

/// `<pipeline>[/<stage>/<action>]` of a CodePipeline ARN, also of one that stands in a sentence.
fn resource(word: &str) -> Option<&str> {
    let arn = word.trim_matches(|c: char| matches!(c, ',' | '.' | '"' | '\'' | '(' | ')'));
    let mut parts = arn.splitn(6, ':');
    let is_pipeline = parts.next() == Some("arn") && parts.nth(1) == Some("codepipeline");
    parts.nth(2).filter(|name| is_pipeline && !name.contains(':'))
}

fn pipeline_arn<'e>(event: &'e Event<'_>, pipeline: Option<&str>) -> Option<Text<'e>> {
    let first = match event.at(&["resources"]) {
        Some(Json::Array(resources)) => resources.first().and_then(Json::as_str),
        _ => None,
    };
    let place = format!(":{}:{}:", event.region(), event.account());
    if let Some(arn) = first.filter(|arn| resource(arn).is_some() && arn.contains(&place)) {
        return Some(Cow::Borrowed(arn));
    }
    let partition = match event.region() {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    pipeline.map(|name| {
        Cow::Owned(format!(
            "arn:{partition}:codepipeline:{}:{}:{name}",
            event.region(),
            event.account()
        ))
    })
}

#[cfg(test)]
mod tests;
