//! Files of rows for tests, made of JSON objects and read back as such.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, memory::InMemory};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pipetrail_collector::Table;
use pipetrail_collector::columns::{ColumnType, Visitor};
use pipetrail_settlement::choice::Listed;
use pipetrail_settlement::entry::Output;
use serde_json::{Map, Value, json};
use url::Url;

use crate::parquet::Form;
use crate::store::{Lake, Location};

/// The columns that are not NULL.
pub(in crate::settle) type Row = Map<String, Value>;

/// A lake in memory, below a prefix of a bucket.
pub(in crate::settle) fn bucket() -> Lake {
    Lake {
        location: "s3://bucket/below".parse().unwrap(),
        store: Arc::new(InMemory::new()),
        root: Path::from("below"),
        url: Url::parse("s3://bucket/").unwrap(),
    }
}

/// A lake in a folder.
pub(in crate::settle) async fn folder(path: &std::path::Path) -> Lake {
    let config = async || panic!("a folder needs no credentials");
    Lake::open(&Location::Folder(path.to_owned()), config).await.unwrap()
}

/// A row of November 2026 with these values instead of its own; NULL takes one away.
pub(in crate::settle) fn row(values: Value) -> Row {
    let mut row = json!({
        "account_id": "111122223333",
        "month": "2026-11",
        "event_key": "000102030405060708090a0b0c0d0e0f",
        "event_id": "id",
        "event_ms": 1_795_166_878_000_i64,
        "day": "2026-11-20",
        "ingested_at": "2026-11-20T09:28:00.000Z",
        "source": "live",
        "content_sha256": "a".repeat(64),
        "raw": "{}",
    });
    let row = row.as_object_mut().unwrap();
    for (name, value) in values.as_object().unwrap() {
        row.insert(name.clone(), value.clone());
    }
    // The two say the same, unless a test wants otherwise.
    if !row.contains_key("event_time") {
        let ms = row["event_ms"].as_i64().unwrap_or_default();
        let time = Timestamp::from_millisecond(ms).unwrap();
        row.insert("event_time".to_owned(), format!("{time:.3}").into());
    }
    row.retain(|_, value| !value.is_null());
    row.clone()
}

/// A key of an event for a number.
pub(in crate::settle) fn key(number: u64) -> String {
    format!("{number:032x}")
}

/// A Parquet file of rows.
pub(in crate::settle) fn parquet(form: &Form, rows: &[Row]) -> Vec<u8> {
    let mut writer =
        ArrowWriter::try_new(Vec::new(), Arc::clone(form.schema()), Some(form.properties().clone())).unwrap();
    writer.write(&batch(form, rows)).unwrap();
    writer.into_inner().unwrap()
}

/// Rows as columns.
pub(in crate::settle) fn batch(form: &Form, rows: &[Row]) -> RecordBatch {
    let mut batch = form.batch();
    for row in rows {
        for (name, ty) in form.names().iter().zip(form.types()) {
            let value = row.get(*name);
            match ty {
                ColumnType::String => batch.string(value.map(|value| value.as_str().unwrap())),
                ColumnType::Bigint => batch.bigint(value.map(|value| value.as_i64().unwrap())),
                ColumnType::Boolean => batch.boolean(value.map(|value| value.as_bool().unwrap())),
            }
        }
    }
    batch.finish().unwrap()
}

/// Puts a file, and says how a listing shows it.
pub(in crate::settle) async fn put(lake: &Lake, key: &str, bytes: Vec<u8>) -> Listed {
    let path = lake.path(key).unwrap();
    lake.store.put(&path, bytes.into()).await.unwrap();
    let there = lake.store.head(&path).await.unwrap();
    Listed {
        key: key.to_owned(),
        etag: there.e_tag.unwrap(),
        size: there.size,
        written: Timestamp::UNIX_EPOCH,
    }
}

/// Puts a file of a table's landing.
pub(in crate::settle) async fn land(lake: &Lake, table: Table, name: &str, rows: &[Row]) -> Listed {
    let key = format!("landing/{table}/2026-11-20-{name}.parquet");
    put(lake, &key, parquet(&Form::landing(table), rows)).await
}

/// The bytes of a file.
pub(in crate::settle) async fn get(lake: &Lake, key: &str) -> Vec<u8> {
    let found = lake.store.get(&lake.path(key).unwrap()).await.unwrap();
    found.bytes().await.unwrap().to_vec()
}

/// The rows of a file of the lake.
pub(in crate::settle) async fn rows(lake: &Lake, key: &str) -> Vec<Row> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(get(lake, key).await)).unwrap();
    let batches = reader.build().unwrap();
    batches.flat_map(|batch| of_batch(&batch.unwrap())).collect()
}

/// The rows of several outputs, one after the other.
pub(in crate::settle) async fn all_rows(lake: &Lake, outputs: &[Output]) -> Vec<Row> {
    let mut all = Vec::new();
    for output in outputs {
        let found = rows(lake, &output.key).await;
        assert_eq!(found.len() as u64, output.rows, "{}", output.key);
        all.extend(found);
    }
    all
}

fn of_batch(batch: &RecordBatch) -> Vec<Row> {
    let value = |array: &dyn Array, line: usize| -> Value {
        match array.data_type() {
            _ if array.is_null(line) => Value::Null,
            DataType::Utf8 => array.as_string::<i32>().value(line).into(),
            DataType::Int64 => array.as_primitive::<Int64Type>().value(line).into(),
            DataType::Boolean => array.as_boolean().value(line).into(),
            other => panic!("{other}"),
        }
    };
    let row = |line| -> Row {
        let schema = batch.schema();
        let fields = schema.fields().iter().zip(batch.columns());
        let values = fields.map(|(field, column)| (field.name().clone(), value(&**column, line)));
        values.filter(|(_, value)| !value.is_null()).collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

/// A row without what the name of its folder says.
pub(in crate::settle) fn placed(row: &Row, table: Table) -> Row {
    let mut row = row.clone();
    for key in table.partition_keys() {
        row.remove(*key);
    }
    row
}

/// As text, ordered: what is equal has the same rows as often.
pub(in crate::settle) fn sorted(rows: &[Row]) -> Vec<String> {
    let line = |row: &Row| serde_json::to_string(&row.iter().collect::<BTreeMap<_, _>>()).unwrap();
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.sort();
    lines
}

/// The keys of all objects below a place.
pub(in crate::settle) async fn keys(lake: &Lake, place: &str) -> Vec<String> {
    let listed = lake.store.list(Some(&lake.at(place)));
    let found: Vec<ObjectMeta> = listed.try_collect().await.unwrap();
    let key = |object: &ObjectMeta| {
        let key = object.location.as_ref().strip_prefix(lake.root.as_ref()).unwrap();
        key.trim_start_matches('/').to_owned()
    };
    let mut keys: Vec<String> = found.iter().map(key).collect();
    keys.sort();
    keys
}
