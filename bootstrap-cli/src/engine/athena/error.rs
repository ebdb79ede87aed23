//! Why Athena does not answer, and what to do about it.

use aws_sdk_athena::types::QueryExecutionState as State;
use pipetrail_stacksets::{Error, Fault};
use thiserror::Error;

use super::DATABASE;
use crate::remedy::hint;

/// Athena does not answer.
#[derive(Debug, Error)]
pub enum AthenaError {
    /// A call was refused or not answered.
    #[error(transparent)]
    Call(#[from] Error),
    /// The query ended without an answer.
    #[error("the query {}: {reason}", ended(.state))]
    Ended {
        /// `FAILED` or `CANCELLED`.
        state: State,
        /// Athena's reason.
        reason: String,
    },
    /// The answer contradicts itself.
    #[error("Athena's answer cannot be read: {0}")]
    Answer(String),
}

fn ended(state: &State) -> &'static str {
    match state {
        State::Cancelled => "was cancelled",
        _ => "failed",
    }
}

/// What Athena says of a query that reads more than the workgroup allows.
const LIMIT: &str = "Bytes scanned limit was exceeded";

impl AthenaError {
    /// Whether the query would have read more than the workgroup allows.
    pub fn is_over_limit(&self) -> bool {
        matches!(self, AthenaError::Ended { reason, .. } if reason.contains(LIMIT))
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        match self {
            AthenaError::Call(error) => match error {
                Error::Aws {
                    fault: Fault::Refused { code, message },
                    ..
                } => refused(code, message).or_else(|| hint(error)),
                _ => hint(error),
            },
            AthenaError::Ended { state, reason } => Some(reasoned(state, reason)),
            AthenaError::Answer(_) => None,
        }
    }
}

/// A call was refused.
fn refused(code: &str, message: &str) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    Some(match code {
        _ if code.starts_with("AccessDenied") || code == "UnauthorizedOperation" => permissions(),
        "TooManyRequestsException" => {
            "as many queries as the account may run are running: wait and ask again".to_owned()
        }
        "InvalidRequestException" if lower.contains("output location") => format!(
            "workgroup {DATABASE} is missing or says nowhere where results go: `pipetrail apply` makes it as it should be"
        ),
        "InvalidRequestException" if lower.contains("workgroup") => {
            format!("`pipetrail apply` makes workgroup {DATABASE}, in the home region that pipetrail.toml names")
        }
        "InvalidRequestException" if position(message).is_some() => syntax(),
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
    if has(&[LIMIT]) {
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
        "`pipetrail query 'SHOW TABLES'` lists the tables; `pipetrail apply` brings them up to date".to_owned()
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
         on workgroup {DATABASE}, glue:GetDatabase, GetTable and GetPartitions, s3:GetObject, ListBucket and \
         GetBucketLocation on the lake, and these and s3:PutObject on the bucket of results"
    )
}

/// `line 1:8`, where Athena names a position.
fn position(message: &str) -> Option<(u32, u32)> {
    let (_, rest) = message.split_once("line ")?;
    let (line, rest) = rest.split_once(':')?;
    let column = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((line.parse().ok()?, column.parse().ok()?))
}
