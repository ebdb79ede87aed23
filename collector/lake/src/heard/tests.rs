//! What is read in an answer. Athena's own errors: `engine::athena`.

use aws_config::{BehaviorVersion, Region as AwsRegion, SdkConfig};
use aws_sdk_athena::config::{Credentials, SharedCredentialsProvider};
use jiff::SignedDuration;
use pipetrail_unit::answers::{answering, each_once};

use super::*;
use crate::answer::{Heading, Kind};
use crate::engine::Athena;
use crate::engine::athena::Telling;

const STARTED: (u16, &str) = (200, r#"{"QueryExecutionId": "q"}"#);

/// With the answers in turn, each a status and a body.
async fn heard(answers: &[(u16, &str)]) -> Result<Signs, HeardError> {
    let answers: Vec<_> = answers.iter().map(|(status, body)| ("", *status, *body)).collect();
    let keys = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(AwsRegion::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(answering(each_once(&answers)))
        .build();
    let question = Question {
        topic: Topic::Everything,
        now: Timestamp::UNIX_EPOCH,
        silent_after: SignedDuration::ZERO,
    };
    ask(&Engine::Athena(Athena::of(&config, Telling::SILENT)), &question).await
}

fn of(lake: &Signs, account: &str, region: &str) -> Heard {
    lake.of(format!("{account}/{region}").parse().ok().as_ref())
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
    assert!(of(&lake, "000000000001", "eu-west-1").last_heartbeat.is_some());
    assert_eq!(lake.bytes_scanned, Some(4096));
}

fn answer(names: &[&str], rows: &[&[Option<&str>]]) -> Answer {
    let column = |name: &&str| Heading {
        name: (*name).to_owned(),
        kind: Kind::Text,
    };
    let value = |text: &Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    Answer {
        columns: names.iter().map(column).collect(),
        rows: rows.iter().map(|row| row.iter().map(value).collect()).collect(),
    }
}

#[test]
fn times_are_read_and_null_is_none() {
    let time = "2026-11-21T12:00:00.123Z";
    let lake = read(answer(
        &query::COLUMNS,
        &[
            &[Some("000000000001"), Some("eu-west-1"), None, Some(time), None],
            &[Some("000000000001"), Some("us-east-1"), Some(time), None, Some(time)],
        ],
    ))
    .unwrap();
    let west = of(&lake, "000000000001", "eu-west-1");
    assert_eq!((west.last_event, west.last_heartbeat), (None, time.parse().ok()));
    let east = of(&lake, "000000000001", "us-east-1");
    assert_eq!(
        (east.last_event, east.last_canary),
        (time.parse().ok(), time.parse().ok())
    );
    assert_eq!(of(&lake, "000000000002", "us-east-1"), Heard::default());
    assert_eq!(lake.unreadable, 0);
}

#[test]
fn a_row_that_cannot_be_read_is_counted_and_hides_no_other() {
    let time = Some("2026-11-21T12:00:00.000Z");
    let lake = read(answer(
        &query::COLUMNS,
        &[
            &[Some("000000000001"), Some("eu-west-1"), Some("yesterday"), None, None],
            &[None, Some("eu-west-1"), None, None, None],
            &[],
            &[Some("000000000002"), Some("eu-west-1"), time, None, None],
        ],
    ))
    .unwrap();
    assert_eq!(lake.unreadable, 3);
    assert!(of(&lake, "000000000002", "eu-west-1").last_event.is_some());
}

#[test]
fn an_answer_to_another_question_is_an_error() {
    let error = read(answer(&["a", "b", "c"], &[])).unwrap_err();
    assert!(matches!(error, HeardError::Columns(columns) if columns == ["a", "b", "c"]));
}
