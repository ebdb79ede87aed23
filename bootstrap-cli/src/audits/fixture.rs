//! What every audit answers over one small lake, written down: `fixture/lake.ndjson` holds its rows,
//! `fixture/answers.txt` the answers. `PIPETRAIL_BLESS=1` writes the answers anew: read the difference.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use jiff::Timestamp;
use parquet::arrow::ArrowWriter;
use pipetrail_collector::Table;
use pipetrail_collector::columns::ColumnType;
use serde_json::{Map, Value};

use super::{Parameters, all};
use crate::engine::{Embedded, Engine, Kind};
use crate::lake::{Lake, Location};

const LAKE: &str = include_str!("fixture/lake.ndjson");

/// A row of the fixture with what follows from it: what is written there stands.
fn whole(number: usize, text: &str) -> Map<String, Value> {
    let mut row: Map<String, Value> = serde_json::from_str(text).unwrap();
    let time = row["event_time"].as_str().unwrap().to_owned();
    let ms = time.parse::<Timestamp>().unwrap().as_millisecond();
    let key = row.get("event_key").and_then(Value::as_str).map_or(format!("k{number:02}"), str::to_owned);
    let pipeline = row.get("pipeline").and_then(Value::as_str).unwrap_or_default();
    let arn = format!("arn:aws:codepipeline:eu-central-1:{}:{pipeline}", row["account_id"].as_str().unwrap());
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

/// Writes one row as one file, as Firehose may.
fn write(folder: &Path, number: usize, row: &Map<String, Value>) {
    let table = Table::from_name(row["table"].as_str().unwrap()).unwrap();
    let known = table.columns();
    let is_known = |name: &str| known.iter().any(|column| column.name == name);
    for name in row.keys() {
        let elsewhere = ["table", "month", "account_id"].contains(&name.as_str()) || table == Table::Heartbeats;
        assert!(is_known(name) || elsewhere, "{table} has no column {name}");
    }
    let value = |name: &str| row.get(name);
    let columns = known.iter().map(|column| {
        let array: ArrayRef = match column.ty {
            ColumnType::String => Arc::new(StringArray::from(vec![value(column.name).and_then(Value::as_str)])),
            ColumnType::Bigint => Arc::new(Int64Array::from(vec![value(column.name).and_then(Value::as_i64)])),
            ColumnType::Boolean => Arc::new(BooleanArray::from(vec![value(column.name).and_then(Value::as_bool)])),
        };
        (column.name, array, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let keys = table.partition_keys().iter();
    let keys: String = keys.map(|key| format!("{key}={}/", row[*key].as_str().unwrap())).collect();
    let folder = folder.join(table.name()).join(keys);
    fs::create_dir_all(&folder).unwrap();
    let file = fs::File::create(folder.join(format!("{number:02}.parquet"))).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

async fn engine(folder: &Path) -> Engine {
    let lake = Lake::open(&Location::Folder(folder.into()), &crate::cli::tests_global()).await.unwrap();
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
    let folder = tempfile::tempdir().unwrap();
    for (number, line) in LAKE.lines().enumerate() {
        write(folder.path(), number, &whole(number, line));
    }
    let engine = engine(folder.path()).await;
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
        assert_eq!(promised.collect::<Vec<_>>(), given.collect::<Vec<_>>(), "{}", audit.name);
        assert!(!answer.rows.is_empty(), "{}: no rows prove nothing", audit.name);
        writeln!(found, "== {}", audit.name).unwrap();
        for row in &answer.rows {
            writeln!(found, "{}", serde_json::to_string(row).unwrap()).unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audits/fixture/answers.txt");
    if std::env::var_os("PIPETRAIL_BLESS").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found);
    }
    assert_eq!(expected.lines().count(), found.lines().count());
}

#[tokio::test]
async fn every_audit_answers_over_an_empty_lake() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path()).await;
    for audit in all() {
        let answer = engine.ask(&audit.sql(&november()).unwrap()).await.unwrap().collect().await.unwrap();
        // The buckets are always there.
        let rows = if audit.name == "gate-wait-buckets" { 9 } else { 0 };
        assert_eq!(answer.rows.len(), rows, "{}", audit.name);
    }
}
