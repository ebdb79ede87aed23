//! A real Athena client against answers over loopback: what MiniStack cannot show. Unproven on AWS:
//! the answers follow the API's model.

use jiff::SignedDuration;

use super::*;
use crate::canned::serve;

const STARTED: &str = r#"{"QueryExecutionId": "q"}"#;
const SUCCEEDED: &str =
    r#"{"QueryExecution": {"Status": {"State": "SUCCEEDED"}, "Statistics": {"DataScannedInBytes": 4096}}}"#;

/// With the answers in turn, each a status and a body.
async fn ask(answers: &[(u16, &str)]) -> Result<Lake, LakeError> {
    let answers: Vec<_> = answers.iter().map(|(status, body)| ("", *status, *body)).collect();
    let window = Window::new(Timestamp::UNIX_EPOCH, SignedDuration::ZERO);
    Lake::ask(&Client::new(&serve(&answers)), &window).await
}

#[tokio::test]
async fn all_pages_are_read_and_an_empty_one_ends_nothing() {
    let header = r#"{"Data": [{"VarCharValue": "account_id"}, {"VarCharValue": "region"},
        {"VarCharValue": "last_event"}, {"VarCharValue": "last_heartbeat"}]}"#;
    let row = |account: &str| {
        format!(
            r#"{{"Data": [{{"VarCharValue": "{account}"}}, {{"VarCharValue": "eu-west-1"}}, {{}},
            {{"VarCharValue": "2026-11-21T12:00:00.000Z"}}]}}"#
        )
    };
    let page = |rows: &[String], token: &str| format!(r#"{{"ResultSet": {{"Rows": [{}]}}{token}}}"#, rows.join(", "));
    let token = r#", "NextToken": "t""#;
    let lake = ask(&[
        (200, STARTED),
        (200, r#"{"QueryExecution": {"Status": {"State": "QUEUED"}}}"#),
        (200, r#"{"QueryExecution": {"Status": {"State": "RUNNING"}}}"#),
        (200, SUCCEEDED),
        (200, &page(&[header.to_owned(), row("000000000001")], token)),
        (200, &page(&[], token)),
        (200, &page(&[row("000000000002")], "")),
    ])
    .await
    .unwrap();
    for account in ["000000000001", "000000000002"] {
        assert!(lake.of(account, "eu-west-1").last_heartbeat.is_some(), "{account}");
    }
    assert_eq!(lake.bytes_scanned, Some(4096));
}

#[tokio::test]
async fn a_query_over_the_limit_says_so_and_what_to_do() {
    let ended = r#"{"QueryExecution": {"Status": {"State": "CANCELLED",
        "StateChangeReason": "Bytes scanned limit was exceeded"}}}"#;
    let error = ask(&[(200, STARTED), (200, ended)]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the query on the lake ended in CANCELLED: Bytes scanned limit was exceeded"
    );
    assert!(error.hint().contains("athena.scan_limit_gb"));
}

#[tokio::test]
async fn a_failed_query_and_a_refused_call_have_hints_of_their_own() {
    let ended = r#"{"QueryExecution": {"Status": {"State": "FAILED", "StateChangeReason": "TABLE_NOT_FOUND"}}}"#;
    let error = ask(&[(200, STARTED), (200, ended)]).await.unwrap_err();
    assert!(error.hint().contains("pipetrail apply"), "{}", error.hint());
    for (code, hint) in [
        ("AccessDeniedException", "athena:StartQueryExecution"),
        ("InvalidRequestException", "makes workgroup pipetrail"),
    ] {
        let refused = format!(r#"{{"__type": "{code}", "message": "no"}}"#);
        let error = ask(&[(400, &refused)]).await.unwrap_err();
        assert!(error.hint().contains(hint), "{code}: {}", error.hint());
    }
}
