use aws_sdk_athena::types::QueryExecutionState as State;
use pipetrail_lake::CallError;
use pipetrail_lake::engine::{AthenaError, EngineError};
use pipetrail_lake::store::LakeError;
use pipetrail_stacksets::{Error, Fault};

use super::*;

#[test]
fn wrong_usage_is_two_and_a_refusal_of_aws_is_one() {
    let usage = Failure::from(UsageError::new("no", "use --yes"));
    assert_eq!(
        (usage.exit(), usage.hint().as_deref()),
        (Exit::Usage, Some("use --yes"))
    );
    let refused = Failure::from(Error::FeatureSet("o-abcdefghij".into()));
    assert_eq!(refused.exit(), Exit::Failed);
}

#[test]
fn a_call_without_an_answer_is_told_from_a_refusal() {
    let of = |fault| {
        let action = "subscribe".to_owned();
        Failure::from(Error::Aws { action, fault })
    };
    assert!(of(Fault::Unanswered("timed out".into())).is_unanswered());
    let (code, message) = ("AccessDenied".to_owned(), "no".to_owned());
    let refused = of(Fault::Refused { code, message });
    assert!(!refused.is_unanswered());
    assert_eq!(refused.to_string(), "cannot subscribe: AccessDenied: no");
}

#[test]
fn a_query_that_does_not_succeed_says_why_and_what_to_do() {
    for (state, reason, message, hint) in [
        (
            "FAILED",
            "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved",
            "the query failed: COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved",
            "docs/lake.md",
        ),
        (
            "FAILED",
            "TABLE_NOT_FOUND: line 1:15: …",
            "the query failed: TABLE",
            "SHOW TABLES",
        ),
        (
            "FAILED",
            "SYNTAX_ERROR: line 1:8: …",
            "the query failed: SYNTAX",
            "docs/sql.md",
        ),
        (
            "CANCELLED",
            "Bytes scanned limit was exceeded",
            "the query was cancelled: Bytes",
            "athena.scan_limit_gb",
        ),
        (
            "FAILED",
            "Permission denied on S3 path: s3://x",
            "the query failed",
            "s3:GetObject",
        ),
        ("FAILED", "Query timeout", "the query failed", "days or months"),
        (
            "CANCELLED",
            "Query cancelled by user",
            "the query was cancelled",
            "StopQueryExecution",
        ),
        ("FAILED", "", "the query failed: ", "docs/sql.md"),
    ] {
        let error = Failure::from(EngineError::Athena(AthenaError::Ended {
            state: State::from(state),
            reason: reason.to_owned(),
        }));
        assert!(error.to_string().starts_with(message), "{error}");
        let hints = error.hint().unwrap();
        assert!(hints.contains(hint), "{reason}: {hints}");
        assert_eq!(error.exit(), Exit::Failed);
    }
}

#[test]
fn a_refused_call_says_what_is_missing() {
    for (code, message, hint) in [
        ("AccessDeniedException", "no", "athena:StartQueryExecution"),
        (
            "InvalidRequestException",
            "WorkGroup pipetrail is not found.",
            "`pipetrail apply` makes workgroup",
        ),
        (
            "InvalidRequestException",
            "No output location provided.",
            "where results go",
        ),
        (
            "InvalidRequestException",
            "line 1:1: mismatched input 'SELEC'",
            "docs/sql.md",
        ),
        ("MetadataException", "Database pipetrail not found", "`pipetrail apply`"),
        ("TooManyRequestsException", "Rate exceeded", "wait"),
    ] {
        let error = Failure::from(EngineError::Athena(AthenaError::Call(CallError::Aws {
            action: "begin a query in Athena".to_owned(),
            fault: pipetrail_lake::Fault::Refused {
                code: code.to_owned(),
                message: message.to_owned(),
            },
        })));
        let hints = error.hint().unwrap_or_default();
        assert!(hints.contains(hint), "{code} {message}: {hints}");
    }
}

#[test]
fn a_lake_that_is_not_there_is_wrong_usage_and_one_that_is_denied_is_not() {
    let location = "s3://bucket/a".to_owned();
    let missing = Failure::from(LakeError::NoBucket(location.clone()));
    assert_eq!(missing.exit(), Exit::Usage);
    let denied = Failure::from(LakeError::Denied(location));
    assert_eq!(denied.exit(), Exit::Failed);
    assert!(denied.hint().unwrap().contains("s3:ListBucket"));
}
