//! A real Athena client against answers over loopback: what MiniStack cannot show. Unproven on AWS:
//! the answers follow the API's model.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use aws_sdk_athena::config::{BehaviorVersion, Credentials, Region};
use jiff::SignedDuration;

use super::*;

const STARTED: &str = r#"{"QueryExecutionId": "q"}"#;
const SUCCEEDED: &str =
    r#"{"QueryExecution": {"Status": {"State": "SUCCEEDED"}, "Statistics": {"DataScannedInBytes": 4096}}}"#;

/// Gives the answers in turn, each a status and a body.
fn client(answers: Vec<(u16, String)>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut reader, mut length) = (BufReader::new(&stream), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let head = format!(
                "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let config = aws_sdk_athena::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .endpoint_url(url)
        .credentials_provider(
            Credentials::builder()
                .access_key_id("test")
                .secret_access_key("test")
                .provider_name("test")
                .build(),
        )
        .http_client(http);
    Client::from_conf(config.build())
}

async fn ask(answers: &[(u16, &str)]) -> Result<Lake, LakeError> {
    let answers = answers.iter().map(|(status, body)| (*status, (*body).to_owned()));
    let window = Window::new(Timestamp::UNIX_EPOCH, SignedDuration::ZERO);
    Lake::ask(&client(answers.collect()), &window).await
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
