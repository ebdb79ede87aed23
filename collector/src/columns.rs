//! The lake's columns: the one place that defines them.
//!
//! Glue tables, Parquet files and row types all follow this file. A contract test holds the templates
//! to it, and `docs/lake.md` is checked against it. Columns are only ever added, at the end of a
//! table.
//!
//! Not here: which table has which partition keys ([`crate::tables`]), and how a column gets its value
//! ([`crate::rows`]).

mod value;

use std::fmt;

use crate::json::Json;
pub use value::Text;
use value::Value;

/// A column's type in Glue, in Parquet and in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text; times, ids and nested JSON too.
    String,
    /// 64-bit signed integer.
    Bigint,
    /// `true` or `false`.
    Boolean,
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Bigint => "bigint",
            Self::Boolean => "boolean",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name, `snake_case`.
    pub name: &'static str,
    pub ty: ColumnType,
    /// Whether the column can name a person or hold what a person wrote.
    pub personal: bool,
    /// One sentence: what it holds and where it comes from.
    pub doc: &'static str,
}

/// Takes the values of a row, one call per column, in the order of [`crate::Table::columns`].
pub trait Visitor {
    fn string(&mut self, value: Option<&str>);
    /// JSON that is stored as text, as [`Json::text`] gives it.
    fn json(&mut self, value: Option<&Json<'_>>);
    fn bigint(&mut self, value: Option<i64>);
    fn boolean(&mut self, value: Option<bool>);
}

macro_rules! rust_type {
    (string, $lt:lifetime) => { Option<Text<$lt>> };
    (bigint, $lt:lifetime) => { Option<i64> };
    (boolean, $lt:lifetime) => { Option<bool> };
    (json, $lt:lifetime) => { Option<&$lt Json<$lt>> };
}

macro_rules! visited {
    (string, $value:expr) => {
        $value.as_deref()
    };
    ($other:ident, $value:expr) => {
        $value
    };
}

macro_rules! column_type {
    (string) => {
        ColumnType::String
    };
    (bigint) => {
        ColumnType::Bigint
    };
    (boolean) => {
        ColumnType::Boolean
    };
    // Text in the lake; see `Json::text`.
    (json) => {
        ColumnType::String
    };
}

macro_rules! is_personal {
    () => {
        false
    };
    (personal) => {
        true
    };
}

macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $( #[doc = $doc:literal] $column:ident: $ty:ident $($personal:ident)?, )* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name<'a> {
            $( #[doc = $doc] pub $column: rust_type!($ty, 'a), )*
        }

        impl<'a> $name<'a> {
            /// The columns of this part of a row, in order.
            pub const COLUMNS: &'static [Column] = &[
                $( Column {
                    name: stringify!($column),
                    ty: column_type!($ty),
                    personal: is_personal!($($personal)?),
                    doc: $doc.trim_ascii(),
                }, )*
            ];

            /// Appends the columns that are not NULL, a comma behind each.
            pub(crate) fn write(&self, out: &mut Vec<u8>) {
                $( if let Some(value) = &self.$column {
                    out.extend_from_slice(concat!("\"", stringify!($column), "\":").as_bytes());
                    value.write(out);
                    out.push(b',');
                } )*
            }

            /// Shows the values of all columns but `keys`, NULL included.
            pub(crate) fn visit(&self, keys: &[&str], visitor: &mut impl Visitor) {
                $( if !keys.contains(&stringify!($column)) {
                    visitor.$ty(visited!($ty, self.$column));
                } )*
            }
        }
    };
}

row! {
    /// The columns that every table begins with.
    Common {
        /// Identity of what happened within its account, never of its delivery: 32 hex digits; equal for copies.
        event_key: string,
        /// `id` of the envelope; a hop across regions replaces it.
        event_id: string,
        /// When it happened, UTC, always `yyyy-mm-ddThh:mm:ss.sssZ`: `detail.eventTime` of an API call, else the envelope's `time`.
        event_time: string,
        /// `event_time` in milliseconds since 1970-01-01 UTC.
        event_ms: bigint,
        /// UTC day of `event_time`, `yyyy-mm-dd`.
        day: string,
        /// When the record reached the delivery stream, of a row from a file when it was read, UTC, as `event_time`.
        ingested_at: string,
        /// Region where it happened.
        region: string,
        /// Pipeline name.
        pipeline: string,
        /// Pipeline ARN; derived from region, account and name where the event has none.
        pipeline_arn: string,
        /// How the row came here: `live`, `replay` or `backfill:<what>`.
        source: string,
        /// The whole event as JSON, redacted.
        raw: json personal,
        /// `version` of the EventBridge envelope.
        event_version: string,
        /// What the event says: SHA-256 of its redacted `detail` (64 hex digits); other than in another copy of the same `event_key` where the two conflict.
        content_sha256: string,
        /// The file that a row of `ingest` was read from, as the command found it; NULL on rows that came through the bus.
        source_file: string personal,
        /// `true` where `event_time` is more than 24 hours from `ingested_at`, so one of the two is wrong; NULL elsewhere, on replayed rows and on rows from files.
        time_in_doubt: boolean,
    }
}

row! {
    /// `pipeline_executions`: state changes of pipeline executions.
    PipelineExecution {
        /// New state, in AWS's words: STARTED, RESUMED, STOPPING, STOPPED, SUCCEEDED, FAILED, CANCELED, SUPERSEDED.
        state: string,
        /// Pipeline execution id.
        execution_id: string,
        /// Version of the pipeline's structure.
        pipeline_version: bigint,
        /// `pipeline-execution-attempt`: 1 on the first run, one more per retry; as sent.
        attempt: bigint,
        /// Start of the execution's first attempt, as sent.
        start_time: string,
        /// `last-retry-attempt-time`, as sent.
        last_retry_time: string,
        /// `trigger-type`, on STARTED only; absent for git triggers.
        trigger_type: string,
        /// `trigger-detail`: the caller's or the rule's ARN, on STARTED only.
        trigger_detail: string personal,
        /// Git trigger: provider, such as GitHub.
        git_provider: string,
        /// Git trigger: full repository name.
        git_repository: string,
        /// Git trigger: branch.
        git_branch: string,
        /// Git trigger: tag.
        git_tag: string,
        /// Git trigger: commit id.
        git_commit_id: string,
        /// Git trigger: commit message.
        git_commit_message: string personal,
        /// Git trigger: author's display name.
        git_author_name: string personal,
        /// Git trigger: author's e-mail.
        git_author_email: string personal,
        /// Comment of whoever stopped the execution, on STOPPING.
        stop_comments: string personal,
    }
}

row! {
    /// `stage_executions`: state changes of stages.
    StageExecution {
        /// New state: STARTED, RESUMED, STOPPING, STOPPED, SUCCEEDED, FAILED, CANCELED.
        state: string,
        /// Pipeline execution id.
        execution_id: string,
        /// Version of the pipeline's structure.
        pipeline_version: bigint,
        /// `pipeline-execution-attempt` as sent: 0 on a stage's first run, where pipeline and action say 1.
        attempt: bigint,
        /// Start of the stage's first attempt, as sent.
        start_time: string,
        /// `stage-last-retry-attempt-time`, as sent.
        last_retry_time: string,
        /// Stage name.
        stage: string,
    }
}

row! {
    /// `action_executions`: state changes of actions, approval actions among them.
    ActionExecution {
        /// New state: STARTED, SUCCEEDED, FAILED, CANCELED, ABANDONED.
        state: string,
        /// Pipeline execution id.
        execution_id: string,
        /// Version of the pipeline's structure.
        pipeline_version: bigint,
        /// `pipeline-execution-attempt`: 1 on the first run, one more per retry; as sent.
        attempt: bigint,
        /// Start of the action, as sent.
        start_time: string,
        /// Stage name.
        stage: string,
        /// Action name.
        action: string,
        /// Action execution id; of an approval action its SHA-256 (64 hex digits), because it is the approval token.
        action_execution_id: string,
        /// Region of the action; it may differ from `region`.
        action_region: string,
        /// Action type: owner (AWS, ThirdParty, Custom).
        action_owner: string,
        /// Action type: category (Source, Build, Deploy, Test, Invoke, Approval, Compute).
        action_category: string,
        /// Action type: provider.
        action_provider: string,
        /// Action type: version.
        action_version: string,
        /// `external-execution-summary`; of an approval the reviewer's comment, or who decided when there was none; of a build, test or compute action `REDACTED`.
        result_summary: string personal,
        /// `external-execution-url`.
        result_url: string,
        /// `external-execution-id`; of an approval action its SHA-256.
        result_id: string,
        /// `error-code` of a failure, such as JobFailed.
        error_code: string,
        /// Input artifacts, JSON array.
        input_artifacts: json,
        /// Output artifacts, JSON array.
        output_artifacts: json,
        /// What a Source action fetched: commit id, version id of an object, digest of an image; NULL on other actions.
        source_revision: string,
    }
}

row! {
    /// `approval_calls`: one row per PutApprovalResult call, refused calls included.
    Approval {
        /// `Approved` or `Rejected`, as asked for; a call with `error_code` decided nothing.
        decision: string,
        /// Who decided: source identity, else session name, user name, ARN, principal id, Identity Center user id or the calling service.
        approver: string personal,
        /// Error of a refused call, such as AccessDenied; NULL when the decision counts, where the event has it empty too.
        error_code: string,
        /// Error text of a refused call.
        error_message: string personal,
        /// Stage name.
        stage: string,
        /// Name of the approval action (the gate).
        action: string,
        /// Comment of the reviewer.
        summary: string personal,
        /// SHA-256 of the approval token; equals `action_execution_id` in `action_executions`.
        action_execution_id: string,
        /// `approvedAt` of the answer, as sent.
        approved_at: string,
    }
}

row! {
    /// `api_calls`: every other CodePipeline call that CloudTrail reports.
    ApiCall {
        /// API operation, such as UpdatePipeline.
        event_name: string,
        /// Who called; precedence as `approver` in `approval_calls`.
        actor: string personal,
        /// Error of a refused call; NULL on success.
        error_code: string,
        /// Error text of a refused call.
        error_message: string personal,
        /// Stage named in the request.
        stage: string,
        /// Action named in the request.
        action: string,
        /// Execution the call made or acted on: of the answer, else of the request.
        execution_id: string,
        /// RollbackStage: the execution it went back to.
        target_execution_id: string,
        /// Version of the pipeline's structure in the answer, else in the request.
        pipeline_version: bigint,
        /// Reason given by the caller.
        reason: string personal,
        /// Request parameters as JSON, redacted.
        request: json personal,
        /// Response elements as JSON, redacted.
        response: json personal,
        /// Whether the call only read.
        read_only: boolean,
    }
}

row! {
    /// Who made an API call, and from where: the last columns of `approval_calls`, `api_calls` and `own_changes`.
    Caller {
        /// Kind of principal: identity_center, iam_user, federated, root, role_session, aws_service, unknown.
        principal_kind: string,
        /// ARN of the caller.
        principal_arn: string personal,
        /// `principalId` of the caller.
        principal_id: string personal,
        /// Account of the caller's identity.
        principal_account: string,
        /// Role of a role session.
        role_name: string,
        /// STS source identity.
        source_identity: string personal,
        /// Whether AWS saw MFA: true or false where it can be known, NULL where MFA would be the identity provider's.
        mfa: boolean,
        /// Whether the session came from the console.
        console: boolean,
        /// AWS service that made the call for the principal.
        invoked_by: string,
        /// Address the call came from, or a service's DNS name.
        source_ip: string personal,
        /// User agent.
        user_agent: string,
        /// `eventID` of the CloudTrail record.
        cloudtrail_event_id: string,
        /// `requestID` of the CloudTrail record.
        request_id: string,
        /// User id of Identity Center for whom the caller acts (`onBehalfOf.userId`).
        on_behalf_of_user_id: string personal,
        /// `eventID` of the record that this one adds to; NULL on all but CloudTrail's addenda.
        addendum_of: string,
    }
}

row! {
    /// `own_changes`: calls in a member account that change what pipetrail's own stack made there, refused calls included.
    OwnChange {
        /// API operation, such as DisableRule.
        event_name: string,
        /// Service that was called, such as events.amazonaws.com.
        event_source: string,
        /// What was to be changed: rule, queue, schedule, role, stack.
        resource_kind: string,
        /// Its name, such as pipetrail-forward.
        resource: string,
        /// Who called; precedence as `approver` in `approval_calls`.
        actor: string personal,
        /// Error of a refused call; NULL on success.
        error_code: string,
        /// Error text of a refused call.
        error_message: string personal,
        /// Request parameters as JSON, redacted.
        request: json personal,
        /// `true` where the caller's role has the name of those by which StackSets rolls out (`stacksets-exec-…`); whoever may create roles can give one that name.
        by_stack_sets: boolean,
    }
}

row! {
    /// `heartbeats`: signs that heartbeats get through from an account and region.
    Heartbeat {
        /// Account whose heartbeat it is: here a column, not a partition key.
        account_id: string,
        /// Time the heartbeat was scheduled for, as sent.
        scheduled_time: string,
        /// The hour that the heartbeat proves, UTC, as `event_time`; NULL where `scheduled_time` is no time or the heartbeat came more than 24 hours from that hour, and on rows from files.
        covered_hour: string,
    }
}

row! {
    /// `other_events`: whatever no other table claims; empty unless AWS adds something.
    OtherEvent {
        /// `detail-type` of the envelope.
        detail_type: string,
        /// `source` of the envelope.
        event_source: string,
        /// `detail` as JSON, redacted.
        detail: json personal,
    }
}
