//! What to try when Athena does not answer.

use aws_sdk_athena::types::QueryExecutionState as State;
use pipetrail_lake::engine::athena::{AthenaError, SCAN_LIMIT};
use pipetrail_lake::{CallError, Fault};
use pipetrail_names::audit::{DATABASE, WORKGROUP};
use pipetrail_stacksets::Remedy;

use super::remedy::{Again, words};

/// The next thing to try.
pub(super) fn hint(error: &AthenaError) -> Option<String> {
    match error {
        AthenaError::Call(CallError::Aws { fault, .. }) => match fault {
            Fault::Refused { code, message } => refused(code, message),
            Fault::Unanswered(_) => Some(words(&Remedy::CheckConnection, Again::Apply)),
        },
        AthenaError::Ended { state, reason } => Some(reasoned(state, reason)),
        AthenaError::Call(CallError::Incomplete { .. }) | AthenaError::Answer(_) => None,
    }
}

/// A call was refused.
fn refused(code: &str, message: &str) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    Some(match code {
        _ if code.starts_with("AccessDenied") || code == "UnauthorizedOperation" => permissions(),
        "ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId" => words(&Remedy::SignIn, Again::Apply),
        "TooManyRequestsException" => {
            "as many queries as the account may run are running: wait and ask again".to_owned()
        }
        "InvalidRequestException" if lower.contains("output location") => format!(
            "workgroup {WORKGROUP} is missing or says nowhere where results go: `pipetrail apply` makes it as it should be"
        ),
        "InvalidRequestException" if lower.contains("workgroup") => {
            format!("`pipetrail apply` makes workgroup {WORKGROUP}, in the home region that pipetrail.toml names")
        }
        "InvalidRequestException" if has_position(message) => syntax(),
        "InvalidRequestException" | "MetadataException" => {
            format!(
                "`pipetrail apply` makes workgroup and database {DATABASE} in the home region, and brings them up to date"
            )
        }
        _ => return None,
    })
}

/// A query did not succeed.
fn reasoned(state: &State, reason: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&[SCAN_LIMIT]) {
        "name days or months (`month = '2026-11'`) and accounts to read less, or raise athena.scan_limit_gb in \
         pipetrail.toml and run `pipetrail apply`"
            .to_owned()
    } else if has(&[
        "AccessDenied",
        "Access Denied",
        "Permission denied",
        "Insufficient permissions",
        "not authorized",
    ]) {
        permissions()
    } else if has(&["TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "does not exist"]) {
        format!(
            "write a table's name without {DATABASE} before it (approval_calls); `pipetrail query 'SHOW TABLES'` lists \
             the parts of tables that Glue has, and `pipetrail apply` brings them up to date"
        )
    } else if has(&["COLUMN_NOT_FOUND", "cannot be resolved"]) {
        "docs/lake.md lists the tables and their columns, and so does `\\d <TABLE>` in the prompt of `pipetrail query`"
            .to_owned()
    } else if has(&["QUERY_TIMED_OUT", "Query timeout", "exhausted resources"]) {
        "name days or months and accounts to read less".to_owned()
    } else if *state == State::Cancelled {
        "it was not cancelled here: CloudTrail's StopQueryExecution says who did".to_owned()
    } else {
        syntax()
    }
}

fn syntax() -> String {
    "docs/sql.md says which SQL every engine reads, docs/lake.md lists tables and columns".to_owned()
}

fn permissions() -> String {
    format!(
        "the audit profile needs athena:StartQueryExecution, GetQueryExecution, GetQueryResults and StopQueryExecution \
         on workgroup {WORKGROUP}, glue:GetDatabase, GetTable and GetPartitions, s3:GetObject, ListBucket and \
         GetBucketLocation on the lake, and these and s3:PutObject on the bucket of results"
    )
}

/// Whether Athena names a position, as in `line 1:8`.
fn has_position(message: &str) -> bool {
    let position = message.split_once("line ").and_then(|(_, rest)| rest.split_once(':'));
    position.is_some_and(|(line, column)| {
        line.parse::<u32>().is_ok() && column.starts_with(|first: char| first.is_ascii_digit())
    })
}
