//! What status says of a lake that cannot be asked. Athena's own errors: `pipetrail_lake`.

use jiff::{SignedDuration, Timestamp};
use pipetrail_lake::engine::Athena;
use pipetrail_lake::engine::athena::Telling;

use super::*;
use crate::canned::serve;

const STARTED: (u16, &str) = (200, r#"{"QueryExecutionId": "q"}"#);

/// With the answers in turn, each a status and a body.
async fn heard(answers: &[(u16, &str)]) -> Result<Signs, HeardError> {
    let answers: Vec<_> = answers.iter().map(|(status, body)| ("", *status, *body)).collect();
    let lookback = Lookback::new(Timestamp::UNIX_EPOCH, SignedDuration::ZERO);
    let engine = Engine::Athena(Athena::of(&serve(&answers), Telling::SILENT));
    ask(&engine, &lookback).await
}

#[tokio::test]
async fn what_was_read_is_counted() {
    let info = |name: &str| format!(r#"{{"Name": "{name}", "Type": "varchar"}}"#);
    let name = |name: &str| format!(r#"{{"VarCharValue": "{name}"}}"#);
    let all = |of: &dyn Fn(&str) -> String| query::COLUMNS.map(of).join(", ");
    let page = format!(
        r#"{{"ResultSet": {{"ResultSetMetadata": {{"ColumnInfo": [{}]}}, "Rows": [{{"Data": [{}]}},
            {{"Data": [{{"VarCharValue": "000000000001"}}, {{"VarCharValue": "eu-west-1"}}, {{}},
            {{"VarCharValue": "2026-11-21T12:00:00.000Z"}}]}}]}}}}"#,
        all(&info),
        all(&name)
    );
    let succeeded =
        r#"{"QueryExecution": {"Status": {"State": "SUCCEEDED"}, "Statistics": {"DataScannedInBytes": 4096}}}"#;
    let lake = heard(&[STARTED, (200, succeeded), (200, &page)]).await.unwrap();
    assert!(lake.of("000000000001", "eu-west-1").last_heartbeat.is_some());
    assert_eq!(lake.bytes_scanned, Some(4096));
}

#[tokio::test]
async fn every_hint_says_how_to_do_without_the_lake() {
    let ended = |reason: &str| {
        format!(r#"{{"QueryExecution": {{"Status": {{"State": "FAILED", "StateChangeReason": "{reason}"}}}}}}"#)
    };
    for (reason, hint) in [
        ("Bytes scanned limit was exceeded", "athena.scan_limit_gb"),
        ("TABLE_NOT_FOUND", "pipetrail apply"),
    ] {
        let hints = heard(&[STARTED, (200, &ended(reason))]).await.unwrap_err().hint();
        assert!(hints.contains(hint) && hints.contains("--no-lake"), "{hints}");
    }
    for (code, hint) in [
        ("AccessDeniedException", "athena:StartQueryExecution"),
        ("InvalidRequestException", "makes workgroup"),
    ] {
        let refused = format!(r#"{{"__type": "{code}", "message": "no"}}"#);
        let hints = heard(&[(400, &refused)]).await.unwrap_err().hint();
        assert!(hints.contains(hint) && hints.contains("--no-lake"), "{code}: {hints}");
    }
}
