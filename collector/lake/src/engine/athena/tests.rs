//! What Athena's answers come down to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_athena::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use pipetrail_unit::answers::{answering, each_once};

use super::*;
use crate::answer::{Answer, Heading, Kind, Value};
use crate::engine::Engine;

const STARTED: &str = r#"{"QueryExecutionId": "q"}"#;
const SUCCEEDED: &str = r#"{"QueryExecution": {"StatementType": "DML", "Status": {"State": "SUCCEEDED"},
    "Statistics": {"DataScannedInBytes": 26000000000}}}"#;

/// A configuration whose requests go there.
fn config(client: SharedHttpClient) -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(client)
        .build()
}

/// With the answers in turn, each a status and a body.
async fn rows(answers: &[(u16, &str)]) -> Result<Pages, EngineError> {
    let answers: Vec<_> = answers.iter().map(|(status, body)| ("", *status, *body)).collect();
    Engine::Athena(Athena::of(&config(answering(each_once(&answers))), Telling::SILENT))
        .ask("SELECT 1")
        .await
}

async fn answer(answers: &[(u16, &str)]) -> Result<Answer, EngineError> {
    rows(answers).await?.collect().await
}

fn page(columns: &[(&str, &str)], rows: &[&[Option<&str>]], token: Option<&str>) -> String {
    let info = columns
        .iter()
        .map(|(name, ty)| serde_json::json!({"Name": name, "Type": ty}));
    let datum = |value: &Option<&str>| match value {
        Some(value) => serde_json::json!({"VarCharValue": value}),
        None => serde_json::json!({}),
    };
    let rows = rows
        .iter()
        .map(|row| serde_json::json!({"Data": row.iter().map(datum).collect::<Vec<_>>()}));
    let mut page = serde_json::json!({"ResultSet": {
        "Rows": rows.collect::<Vec<_>>(),
        "ResultSetMetadata": {"ColumnInfo": info.collect::<Vec<_>>()},
    }});
    if let Some(token) = token {
        page["NextToken"] = token.into();
    }
    page.to_string()
}

fn ended(state: &str, reason: &str) -> String {
    serde_json::json!({"QueryExecution": {"Status": {"State": state, "StateChangeReason": reason}}}).to_string()
}

#[tokio::test]
async fn values_have_the_kinds_of_their_columns_and_null_is_no_empty_text() {
    let columns = [
        ("t", "varchar"),
        ("i", "bigint"),
        ("d", "double"),
        ("b", "boolean"),
        ("n", "decimal"),
    ];
    let header: Vec<Option<&str>> = columns.iter().map(|(name, _)| Some(*name)).collect();
    let page = page(
        &columns,
        &[
            &header,
            &[Some(""), Some("-7"), Some("1.0E-3"), Some("true"), Some("1.10")],
            &[None, None, None, None, None],
            &[Some("i"), Some("9223372036854775807"), Some("NaN"), Some("false"), None],
        ],
        None,
    );
    let answer = answer(&[(200, STARTED), (200, SUCCEEDED), (200, &page)]).await.unwrap();
    let kinds: Vec<Kind> = answer.columns.iter().map(|column| column.kind).collect();
    assert_eq!(
        kinds,
        [Kind::Text, Kind::Integer, Kind::Double, Kind::Boolean, Kind::Text]
    );
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        answer.rows[0],
        [
            text(""),
            Value::Integer(-7),
            Value::Double(0.001),
            Value::Boolean(true),
            text("1.10")
        ]
    );
    assert_eq!(answer.rows[1], vec![Value::Null; 5]);
    assert_eq!(answer.rows[2][1], Value::Integer(i64::MAX));
    assert!(matches!(answer.rows[2][2], Value::Double(number) if number.is_nan()));
}

#[tokio::test]
async fn all_pages_are_read_an_empty_one_ends_nothing_and_only_the_first_has_a_header() {
    let columns = [("account_id", "varchar")];
    let one = page(&columns, &[&[Some("account_id")], &[Some("000000000001")]], Some("a"));
    let none = page(&columns, &[], Some("b"));
    let two = page(&columns, &[&[Some("account_id")]], Some("c"));
    let last = page(&columns, &[], None);
    let (queued, running) = (ended("QUEUED", ""), ended("RUNNING", ""));
    let answers = [
        (200, STARTED),
        (200, queued.as_str()),
        (200, running.as_str()),
        (200, SUCCEEDED),
        (200, one.as_str()),
        (200, none.as_str()),
        (200, two.as_str()),
        (200, last.as_str()),
    ];
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    assert_eq!(
        answer(&answers).await.unwrap().rows,
        [text("000000000001"), text("account_id")]
    );
}

#[tokio::test]
async fn a_header_is_taken_for_a_row_neither_of_a_query_nor_of_a_catalogs_list() {
    let of = |ty: &str| SUCCEEDED.replace("DML", ty);
    let columns = [("tab_name", "string")];
    let named = page(&columns, &[&[Some("tab_name")], &[Some("approval_calls")]], None);
    let bare = page(&columns, &[&[Some("approval_calls")]], None);
    for (ty, page, count) in [
        ("DML", &named, 1),
        ("DDL", &named, 2),
        ("UTILITY", &named, 1),
        ("UTILITY", &bare, 1),
    ] {
        let rows = answer(&[(200, STARTED), (200, &of(ty)), (200, page)])
            .await
            .unwrap()
            .rows;
        assert_eq!(rows.len(), count, "{ty} {page}");
    }
    let error = answer(&[(200, STARTED), (200, &of("DML")), (200, &bare)])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("does not name the columns"), "{error}");
}

#[tokio::test]
async fn a_row_may_lack_values_but_never_has_more_or_others_than_its_columns() {
    let columns = [("col_name", "string"), ("data_type", "bigint")];
    let ddl = SUCCEEDED.replace("DML", "DDL");
    let given = page(&columns, &[&[Some("region")]], None);
    let rows = answer(&[(200, STARTED), (200, &ddl), (200, &given)])
        .await
        .unwrap()
        .rows;
    assert_eq!(rows, [[Value::Text("region".to_owned()), Value::Null]]);
    for (row, message) in [
        (
            vec![Some("a"), Some("1"), Some("2")],
            "a row has 3 values for 2 columns",
        ),
        (vec![Some("a"), Some("many")], "column \"data_type\" holds \"many\""),
    ] {
        let given = page(&columns, &[&row], None);
        let error = answer(&[(200, STARTED), (200, &ddl), (200, &given)]).await.unwrap_err();
        assert!(error.to_string().ends_with(message), "{error}");
    }
}

#[tokio::test]
async fn what_was_read_is_known_before_the_rows_and_costs_about_so_much() {
    let given = page(&[("n", "bigint")], &[&[Some("n")]], None);
    let rows = rows(&[(200, STARTED), (200, SUCCEEDED), (200, &given)]).await.unwrap();
    assert_eq!(
        rows.columns(),
        [Heading {
            name: "n".to_owned(),
            kind: Kind::Integer
        }]
    );
    let said = rows.scanned().unwrap().to_string();
    assert_eq!(said, "26.0 GB scanned, about 0.13 USD at the list price of us-east-1");
    let little = |charged| Scanned { bytes: 999, charged }.to_string();
    assert_eq!(
        little(true),
        "999 bytes scanned, about 0.00005 USD at the list price of us-east-1"
    );
    assert_eq!(little(false), "999 bytes scanned");
}

#[tokio::test]
async fn a_query_that_does_not_succeed_says_why() {
    for (state, reason, message) in [
        (
            "FAILED",
            "TABLE_NOT_FOUND: line 1:15: …",
            "the query failed: TABLE_NOT_FOUND: line 1:15: …",
        ),
        (
            "CANCELLED",
            "Query cancelled by user",
            "the query was cancelled: Query cancelled by user",
        ),
        ("FAILED", "", "the query failed: no reason given"),
    ] {
        let error = answer(&[(200, STARTED), (200, &ended(state, reason))])
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn a_look_that_is_lost_is_taken_again() {
    let given = page(&[("n", "bigint")], &[&[Some("n")]], None);
    let throttled = r#"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#;
    let answers = [
        (200, STARTED),
        (400, throttled),
        (500, "{}"),
        (200, SUCCEEDED),
        (200, given.as_str()),
    ];
    assert!(answer(&answers).await.unwrap().rows.is_empty());
}

/// An Athena whose queries never end, with the names of the calls that it got.
fn endless(start_takes: Duration) -> (aws_config::SdkConfig, Arc<Mutex<Vec<String>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let client = answering(move |request| {
        let name = request.lines().find_map(|line| {
            let (header, value) = line.split_once(':')?;
            header
                .eq_ignore_ascii_case("x-amz-target")
                .then(|| value.trim().rsplit('.').next().unwrap_or_default().to_owned())
        });
        let name = name.unwrap_or_default();
        seen.lock().unwrap().push(name.clone());
        match name.as_str() {
            "StartQueryExecution" => {
                std::thread::sleep(start_takes);
                (200, STARTED.to_owned())
            }
            "StopQueryExecution" => (200, "{}".to_owned()),
            _ => (200, ended("RUNNING", "")),
        }
    });
    (config(client), calls)
}

// Another thread answers while this one gives up.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_waits_for_is_stopped_even_while_it_is_being_started() {
    for (start_takes, waits) in
        [(0, 400), (600, 200)].map(|(a, b)| (Duration::from_millis(a), Duration::from_millis(b)))
    {
        let (config, calls) = endless(start_takes);
        let engine = Engine::Athena(Athena::of(&config, Telling::SILENT));
        assert!(tokio::time::timeout(waits, engine.ask("SELECT 1")).await.is_err());
        assert!(settle().await);
        let calls = calls.lock().unwrap();
        assert_eq!(calls.first().map(String::as_str), Some("StartQueryExecution"));
        assert_eq!(
            calls.last().map(String::as_str),
            Some("StopQueryExecution"),
            "{calls:?}"
        );
    }
}

#[tokio::test]
async fn what_is_read_of_tiers_is_put_before_the_text_that_leaves() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let client = answering(move |request| {
        seen.lock().unwrap().push(request.to_owned());
        (200, ended("FAILED", "enough"))
    });
    let engine = Engine::Athena(Athena::of(&config(client), Telling::SILENT));
    let sql = "SELECT count(*) FROM every_heartbeats";
    assert!(engine.ask(sql).await.is_err());
    let text = crate::tiers::over_glue(sql);
    assert!(text.starts_with("WITH every_heartbeats AS (SELECT event_key, ") && text.ends_with(sql));
    let sent = sent.lock().unwrap().join("\n");
    assert!(sent.contains(&*text), "{sent}");
    // Names without a database in front are looked for in this one.
    assert!(
        sent.contains(r#""QueryExecutionContext":{"Database":"pipetrail"}"#),
        "{sent}"
    );
    assert_eq!(engine.text(sql), text);
    // As long as may be sent, and longer with that.
    let spaces = " ".repeat(262_144 - sql.len() - 2);
    let error = engine
        .ask(&format!("SELECT{spaces}1 FROM every_heartbeats"))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, EngineError::NotSent(_)), "{error}");
}

#[tokio::test]
async fn what_would_write_or_is_too_long_never_leaves() {
    let (config, calls) = endless(Duration::ZERO);
    let engine = Engine::Athena(Athena::of(&config, Telling::SILENT));
    for sql in [
        "DROP TABLE approval_calls".to_owned(),
        format!("SELECT '{}'", "x".repeat(262_144)),
    ] {
        let error = engine.ask(&sql).await.err().unwrap();
        assert!(matches!(error, EngineError::NotSent(_)), "{error}");
    }
    assert!(calls.lock().unwrap().is_empty());
}
