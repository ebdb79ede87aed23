//! What every audit answers over one small lake, written down: `fixture/lake.ndjson` holds its rows,
//! `fixture/answers.txt` the answers.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use jiff::Timestamp;
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use parquet::arrow::ArrowWriter;
use pipetrail_collector::Table;
use pipetrail_collector::columns::ColumnType;
use pipetrail_unit::documents;
use serde_json::{Map, Value};
use url::Url;

use super::{Parameters, all, find};
use crate::answer::Kind;
use crate::engine::{Embedded, Engine};
use crate::store::{Lake, Location};

const LAKE: &str = include_str!("fixture/lake.ndjson");

/// A row of the fixture with what follows from it: what is written there stands.
fn whole(number: usize, text: &str) -> Map<String, Value> {
    let mut row: Map<String, Value> = serde_json::from_str(text).unwrap();
    let time = row["event_time"].as_str().unwrap().to_owned();
    let ms = time.parse::<Timestamp>().unwrap().as_millisecond();
    let key = row
        .get("event_key")
        .and_then(Value::as_str)
        .map_or(format!("k{number:02}"), str::to_owned);
    let pipeline = row.get("pipeline").and_then(Value::as_str).unwrap_or_default();
    let arn = format!(
        "arn:aws:codepipeline:eu-central-1:{}:{pipeline}",
        row["account_id"].as_str().unwrap()
    );
    for (column, value) in [
        ("event_key", Value::from(key.clone())),
        ("event_id", Value::from(key)),
        ("event_ms", Value::from(ms)),
        ("day", Value::from(&time[..10])),
        ("month", Value::from(&time[..7])),
        ("ingested_at", Value::from(time.clone())),
        ("region", Value::from("eu-central-1")),
        ("pipeline_arn", Value::from(arn)),
        ("source", Value::from("live")),
    ] {
        row.entry(column).or_insert(value);
    }
    row
}

/// One row as one file, as Firehose may write it: its key and its bytes.
fn file(number: usize, row: &Map<String, Value>) -> (Key, Vec<u8>) {
    let table = Table::from_name(row["table"].as_str().unwrap()).unwrap();
    let known = table.columns();
    for name in row.keys() {
        let is_known = known.iter().any(|column| column.name == name);
        let elsewhere = ["table", "month", "account_id"].contains(&name.as_str()) || table == Table::Heartbeats;
        assert!(is_known || elsewhere, "{table} has no column {name}");
    }
    let columns = known.iter().map(|column| {
        let value = row.get(column.name);
        let array: ArrayRef = match column.ty {
            ColumnType::String => Arc::new(StringArray::from(vec![value.and_then(Value::as_str)])),
            ColumnType::Bigint => Arc::new(Int64Array::from(vec![value.and_then(Value::as_i64)])),
            ColumnType::Boolean => Arc::new(BooleanArray::from(vec![value.and_then(Value::as_bool)])),
        };
        (column.name, array, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let keys = table.partition_keys().iter();
    let keys: String = keys
        .map(|key| format!("{key}={}/", row[*key].as_str().unwrap()))
        .collect();
    let key = Key::from(format!("{table}/{keys}{number:02}.parquet"));
    (key, writer.into_inner().unwrap())
}

/// The embedded engine over such rows, one file each.
async fn engine(rows: &str) -> Engine {
    let store = InMemory::new();
    for (number, line) in rows.lines().enumerate() {
        let (key, bytes) = file(number, &whole(number, line));
        store.put(&key, bytes.into()).await.unwrap();
    }
    let lake = Lake {
        location: Location::Folder("/lake".into()),
        store: Arc::new(store),
        root: Key::default(),
        url: Url::parse("lake://local/").unwrap(),
    };
    Engine::Embedded(Embedded::over(&lake).unwrap())
}

fn november() -> Parameters {
    Parameters::window(
        "2026-11-01T00:00:00Z".parse().unwrap(),
        "2026-12-01T00:00:00Z".parse().unwrap(),
    )
}

#[tokio::test]
async fn every_audit_answers_what_is_written_down() {
    let engine = engine(LAKE).await;
    let mut found = String::new();
    for audit in all() {
        let sql = audit.sql(&november()).unwrap();
        let answer = engine.ask(&sql).await.unwrap().collect().await.unwrap();
        let kind = |kind: &str| match kind {
            "integer" => Kind::Integer,
            "double" => Kind::Double,
            "boolean" => Kind::Boolean,
            _ => Kind::Text,
        };
        let promised = audit.columns.iter().map(|column| (column.name, kind(column.kind)));
        let given = answer.columns.iter().map(|column| (column.name.as_str(), column.kind));
        assert_eq!(
            promised.collect::<Vec<_>>(),
            given.collect::<Vec<_>>(),
            "{}",
            audit.name
        );
        assert!(!answer.rows.is_empty(), "{}: no rows prove nothing", audit.name);
        writeln!(found, "== {}", audit.name).unwrap();
        for row in &answer.rows {
            writeln!(found, "{}", serde_json::to_string(row).unwrap()).unwrap();
        }
    }
    documents::whole("collector/lake/src/audits/fixture/answers.txt", &found);
}

#[tokio::test]
async fn decisions_of_one_kind_are_those_and_no_others() {
    let engine = engine(LAKE).await;
    for (decision, expected) in [
        ("Approved", &["k29", "lg-call", "g1-call"][..]),
        ("Rejected", &["k13"]),
        ("", &["k29", "lg-call", "g1-call", "k13"]),
    ] {
        let mut parameters = november();
        parameters.values.insert("decision".to_owned(), decision.to_owned());
        let sql = find("decisions").unwrap().sql(&parameters).unwrap();
        let answer = engine.ask(&sql).await.unwrap().collect().await.unwrap();
        let rows = serde_json::to_value(&answer.rows).unwrap();
        let keys: Vec<&str> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row[18].as_str().unwrap())
            .collect();
        assert_eq!(keys, expected, "{decision:?}");
    }
}

#[tokio::test]
async fn every_audit_has_an_answer_where_nothing_happened() {
    // Tables that have no folder at all are read as well.
    let engine = engine(LAKE.lines().next().unwrap()).await;
    let time = |text: &str| text.parse().unwrap();
    let years_ago = Parameters::window(time("2020-01-01T00:00:00Z"), time("2020-02-01T00:00:00Z"));
    for audit in all() {
        let sql = audit.sql(&years_ago).unwrap();
        let answer = engine.ask(&sql).await.unwrap().collect().await.unwrap();
        // The buckets are always there.
        let rows = if audit.name == "gate-wait-buckets" { 9 } else { 0 };
        assert_eq!(answer.rows.len(), rows, "{}", audit.name);
    }
}
