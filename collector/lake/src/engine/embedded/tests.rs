mod copies;
mod gone;
mod tiers;

use std::sync::Arc;

use datafusion::arrow::array::TimestampMillisecondArray;
use datafusion::arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use datafusion::parquet::arrow::ArrowWriter;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use url::Url;

use super::*;
use crate::answer::{Answer, Kind, Value};
use crate::store::Location;

fn lake() -> Lake {
    Lake {
        location: Location::Folder("/lake".into()),
        store: Arc::new(InMemory::new()),
        root: Path::default(),
        url: Url::parse("lake://local/").unwrap(),
    }
}

fn text<'a>(values: impl IntoIterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// A file of rows with these event keys, in one region.
fn keys(keys: &[&str]) -> Vec<u8> {
    let columns = vec![
        ("event_key", text(keys.iter().copied())),
        ("region", text(keys.iter().map(|_| "eu-central-1"))),
    ];
    parquet(columns)
}

async fn put(lake: &Lake, key: &str, bytes: Vec<u8>) {
    lake.store.put(&Path::from(key), bytes.into()).await.unwrap();
}

async fn ask(lake: &Lake, sql: &str) -> Answer {
    let engine = Embedded::over(lake).unwrap();
    engine.ask(sql).await.unwrap().collect().await.unwrap()
}

async fn rows(lake: &Lake, sql: &str) -> Vec<Vec<String>> {
    let shown = |value: Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Text(text) => text,
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
    };
    let rows = ask(lake, sql).await.rows.into_iter();
    rows.map(|row| row.into_iter().map(shown).collect()).collect()
}

/// The message and the hint of a query that fails.
async fn refused(lake: &Lake, sql: &str) -> (String, String) {
    let engine = Embedded::over(lake).unwrap();
    let answer = match engine.ask(sql).await {
        Ok(rows) => rows.collect().await,
        Err(error) => Err(error),
    };
    let error = match answer {
        Ok(answer) => panic!("{sql} was answered: {answer:?}"),
        Err(error) => error,
    };
    (error.to_string(), error.rewrite().unwrap_or_default().to_owned())
}

const NOVEMBER: &str = "approval_calls/account_id=000011112222/month=2026-11";

#[tokio::test]
async fn every_table_is_there_though_only_one_has_files() {
    let lake = lake();
    put(&lake, &format!("{NOVEMBER}/a.parquet"), keys(&["k1"])).await;
    for table in Table::ALL {
        let count = rows(&lake, &format!("SELECT count(*) AS n FROM {table}")).await;
        let qualified = rows(&lake, &format!("SELECT count(*) AS n FROM pipetrail.{table}")).await;
        assert_eq!(count, [[if table == Table::ApprovalCalls { "1" } else { "0" }]]);
        assert_eq!(qualified, count);
        let empty = ask(&lake, &format!("SELECT * FROM {table} WHERE event_key = 'none'")).await;
        let columns: Vec<_> = empty.columns.iter().map(|column| column.name.as_str()).collect();
        let expected: Vec<_> = table
            .columns()
            .iter()
            .map(|column| column.name)
            .chain(table.partition_keys().iter().copied())
            .collect();
        assert_eq!(columns, expected);
    }
}

#[tokio::test]
async fn a_folder_without_any_table_is_an_error_that_says_how_to_fill_it() {
    let lake = lake();
    put(&lake, "photos/a.parquet", keys(&["k1"])).await;
    let (message, hint) = refused(&lake, "SELECT 1").await;
    assert_eq!(message, "/lake holds no table of a lake");
    assert!(hint.contains("pipetrail ingest <PATHS> --lake /lake"), "{hint}");
}

#[tokio::test]
async fn files_lie_deep_or_lack_an_extension_and_hidden_ones_are_no_data() {
    let lake = lake();
    put(&lake, &format!("{NOVEMBER}/2026/11/20/09/a.parquet"), keys(&["k1"])).await;
    put(
        &lake,
        &format!("{NOVEMBER}/pipetrail-approval-calls-1-2026"),
        keys(&["k2"]),
    )
    .await;
    for no_data in [
        "_b.parquet",
        ".b.parquet",
        "_temporary/b.parquet",
        ".staging/1/b.parquet",
        "notes.txt",
        "b.parquet.tmp",
    ] {
        put(&lake, &format!("{NOVEMBER}/{no_data}"), b"no Parquet".to_vec()).await;
    }
    put(&lake, &format!("{NOVEMBER}/2026/11"), Vec::new()).await;
    put(&lake, "approval_calls/b.parquet", b"no Parquet".to_vec()).await;
    put(
        &lake,
        "approval_calls/account_id=11/month=2026-11/b.parquet",
        b"no Parquet".to_vec(),
    )
    .await;
    let found = rows(
        &lake,
        "SELECT event_key, account_id, month FROM approval_calls ORDER BY event_key",
    )
    .await;
    assert_eq!(
        found,
        [["k1", "000011112222", "2026-11"], ["k2", "000011112222", "2026-11"]]
    );
    let by_account = "SELECT count(*) AS n FROM approval_calls WHERE account_id = '000011112222'";
    assert_eq!(rows(&lake, by_account).await, [["2"]]);
}

#[tokio::test]
async fn older_files_lack_columns_and_newer_ones_have_more() {
    let lake = lake();
    let mfa: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    let ms: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    let newer = vec![
        ("risk", text(["high"])),
        ("event_ms", ms),
        ("event_key", text(["k2"])),
        ("mfa", mfa),
    ];
    put(&lake, &format!("{NOVEMBER}/old.parquet"), keys(&["k1"])).await;
    put(&lake, &format!("{NOVEMBER}/new.parquet"), parquet(newer)).await;
    let found = rows(
        &lake,
        "SELECT event_key, event_ms, mfa, region FROM approval_calls ORDER BY event_key",
    )
    .await;
    assert_eq!(
        found,
        [["k1", "NULL", "NULL", "eu-central-1"], ["k2", "7", "true", "NULL"]]
    );
    let (message, _) = refused(&lake, "SELECT risk FROM approval_calls").await;
    assert!(message.starts_with("no column risk"), "{message}");
}

#[tokio::test]
async fn a_file_of_another_schema_is_named_and_never_read_as_null() {
    let whole = keys(&["k1"]);
    let number: ArrayRef = Arc::new(Int32Array::from(vec![7]));
    let time: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![7]));
    let wrong = [
        (
            parquet(vec![("name", text(["x"]))]),
            "no column event_key, so no rows of approval_calls",
        ),
        (
            parquet(vec![("event_key", text(["k"])), ("event_ms", number)]),
            "column event_ms is INT32, where approval_calls has bigint",
        ),
        (
            parquet(vec![("event_key", text(["k"])), ("event_ms", Arc::clone(&time))]),
            "column event_ms is INT64 (TIMESTAMP_MILLIS), where approval_calls has bigint",
        ),
        (
            parquet(vec![("event_key", text(["k"])), ("event_time", time)]),
            "column event_time is INT64 (TIMESTAMP_MILLIS), where approval_calls has string",
        ),
        (whole[..whole.len() - 9].to_vec(), "not a whole Parquet file"),
        (b"event_key\nk1\n".to_vec(), "not a whole Parquet file"),
        (Vec::new(), "not a whole Parquet file"),
    ];
    for (bytes, what) in wrong {
        let lake = lake();
        let file = format!("{NOVEMBER}/x.parquet");
        put(&lake, &format!("{NOVEMBER}/a.parquet"), keys(&["k1"])).await;
        put(&lake, &file, bytes).await;
        for sql in [
            "SELECT event_key, region FROM approval_calls",
            "SELECT count(*) FROM approval_calls",
            &first_copies("region = 'x'"),
        ] {
            let (message, hint) = refused(&lake, sql).await;
            assert!(message.starts_with(&format!("cannot read {file}: {what}")), "{message}");
            assert!(hint.contains("out of the table's folder"), "{hint}");
        }
    }
}

#[tokio::test]
async fn only_the_partitions_that_a_query_names_are_read() {
    let lake = lake();
    let garbage = "approval_calls/account_id=999988887777/month=2026-10/x.parquet";
    put(&lake, &format!("{NOVEMBER}/a.parquet"), keys(&["k1"])).await;
    put(&lake, garbage, b"no Parquet".to_vec()).await;
    for wanted in [
        "month = '2026-11'",
        "month >= '2026-11'",
        "month BETWEEN '2026-11' AND '2026-12' AND region = 'eu-central-1'",
        "account_id = '000011112222'",
        "account_id IN ('000011112222', '000000000000')",
        "account_id IN ('000011112222', '999988887777') AND month <> '2026-10'",
        "account_id <> '999988887777'",
        "substr(account_id, 1, 4) = '0000'",
        "(month = '2026-11' OR account_id = '000011112222')",
    ] {
        let sql = format!("SELECT event_key FROM approval_calls WHERE {wanted}");
        assert_eq!(rows(&lake, &sql).await, [["k1"]], "{wanted}");
    }
    for too_much in [
        "month <> '2026-09'",
        "event_key = 'k1'",
        "(month = '2026-11' OR event_key = 'k1')",
    ] {
        let (message, _) = refused(&lake, &format!("SELECT event_key FROM approval_calls WHERE {too_much}")).await;
        assert!(message.contains(garbage), "{message}");
    }
    assert!(
        rows(&lake, "SELECT event_key FROM approval_calls WHERE month = '11'")
            .await
            .is_empty()
    );
}

/// The first copies in table approval_calls.
fn first_copies(condition: &str) -> String {
    format!(
        "SELECT event_key, event_time, event_id FROM (SELECT *, row_number() OVER (PARTITION BY event_key \
         ORDER BY event_time, ingested_at, event_id) AS copy FROM approval_calls WHERE {condition}) AS copies \
         WHERE copy = 1"
    )
}

/// A lake in which some keys stand more than once, over two accounts, and the first copies in it.
async fn with_copies(lake: &Lake) -> Vec<Vec<String>> {
    let mut first: std::collections::BTreeMap<String, (String, String)> = Default::default();
    for file in 0..4 {
        let mut columns: [Vec<String>; 3] = Default::default();
        for i in 0..3_000_u64 {
            let random = (i * 4 + file).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let key = format!("{:032x}", random % 11_000);
            let time = format!("2026-11-{:02}T00:00:00.000Z", 1 + random % 3);
            let id = format!("id-{file}-{i}");
            let row = (time.clone(), id.clone());
            first
                .entry(key.clone())
                .and_modify(|best| *best = row.clone().min(best.clone()))
                .or_insert(row);
            for (column, value) in columns.iter_mut().zip([key, time, id]) {
                column.push(value);
            }
        }
        let [key, time, id] = &columns;
        let array = |column: &Vec<String>| text(column.iter().map(String::as_str));
        let bytes = parquet(vec![
            ("event_key", array(key)),
            ("event_time", array(time)),
            ("event_id", array(id)),
        ]);
        put(
            lake,
            &format!(
                "approval_calls/account_id=00000000000{}/month=2026-11/{file}.parquet",
                file % 2
            ),
            bytes,
        )
        .await;
    }
    first.into_iter().map(|(key, (time, id))| vec![key, time, id]).collect()
}

#[tokio::test]
async fn of_all_copies_the_first_is_kept_whole() {
    let lake = lake();
    let expected = with_copies(&lake).await;
    assert!(expected.len() > 1_000 && expected.len() < 11_900, "{}", expected.len());
    let ordered = format!("{} ORDER BY event_key", first_copies("month = '2026-11'"));
    assert_eq!(rows(&lake, &ordered).await, expected);
    let counted = format!(
        "SELECT count(*) AS n, count(DISTINCT event_key) AS k FROM ({}) AS d",
        first_copies("1 = 1")
    );
    let count = expected.len().to_string();
    assert_eq!(rows(&lake, &counted).await, [[count.clone(), count]]);

    // As audits ask: what another account has under the same key is another event.
    let by_account = first_copies("1 = 1").replace("PARTITION BY event_key", "PARTITION BY account_id, event_key");
    let each = rows(&lake, &format!("SELECT count(*) AS n FROM ({by_account}) AS d")).await;
    let events = "SELECT count(*) AS n FROM (SELECT DISTINCT account_id, event_key FROM approval_calls) AS e";
    assert_eq!(each, rows(&lake, events).await);
    assert!(each[0][0].parse::<usize>().unwrap() > expected.len(), "{each:?}");

    // Twice in one query, joined, limited, and where nothing is left.
    let joined = format!(
        "SELECT count(*) AS n FROM ({0}) AS a JOIN ({0}) AS b ON a.event_key = b.event_key AND a.event_id = b.event_id",
        first_copies("1 = 1")
    );
    assert_eq!(rows(&lake, &joined).await, [[expected.len().to_string()]]);
    let limited = format!("{} LIMIT 7", first_copies("1 = 1"));
    assert_eq!(rows(&lake, &limited).await.len(), 7);
    assert!(rows(&lake, &first_copies("event_key = 'none'")).await.is_empty());
}

#[tokio::test]
async fn the_first_copies_of_first_copies_are_themselves() {
    let lake = lake();
    let expected = with_copies(&lake).await.len().to_string();
    let twice = format!(
        "SELECT count(*) AS n FROM (SELECT *, row_number() OVER (PARTITION BY event_key ORDER BY event_time) AS again \
         FROM ({}) AS a) AS b WHERE again = 1",
        first_copies("1 = 1")
    );
    assert_eq!(rows(&lake, &twice).await, [[expected]]);
}

#[tokio::test]
async fn a_sum_of_whole_numbers_is_one_and_what_64_bits_do_not_hold_is_text() {
    let lake = lake();
    put(
        &lake,
        "approval_calls/account_id=000011112222/month=2026-11/a.parquet",
        keys(&["a"]),
    )
    .await;
    let sql = "SELECT row_number() OVER (ORDER BY event_key) + 1 AS n, CAST(NULL AS decimal(20, 0)) AS none, \
               CAST('18446744073709551615' AS decimal(20, 0)) AS big FROM approval_calls";
    let answer = ask(&lake, sql).await;
    assert!(answer.columns.iter().all(|column| column.kind == Kind::Integer));
    let big = Value::Text("18446744073709551615".to_owned());
    assert_eq!(answer.rows, [[Value::Integer(2), Value::Null, big]]);
}

#[tokio::test]
async fn only_the_rows_that_have_copies_are_sorted() {
    let lake = lake();
    with_copies(&lake).await;
    let plan = async |sql: &str| {
        let rows = rows(&lake, &format!("EXPLAIN {sql}")).await;
        rows.into_iter().flatten().collect::<Vec<_>>().join("\n")
    };
    let split = plan(&first_copies("month = '2026-11'")).await;
    assert_eq!(split.matches("SplitExec: Once").count(), 1, "{split}");
    assert_eq!(split.matches("SplitExec: Repeated").count(), 1, "{split}");
    let by_account = first_copies("1 = 1").replace("PARTITION BY event_key", "PARTITION BY account_id, event_key");
    assert_eq!(plan(&by_account).await.matches("SplitExec: Once").count(), 1);
    // The search reads nothing but the keys, and what a filter needs.
    assert_eq!(split.matches("projection=[event_key], ").count(), 2, "{split}");
    let filtered = plan(&first_copies("region = 'x' AND month = '2026-11'")).await;
    assert_eq!(
        filtered.matches("projection=[event_key, region], ").count(),
        2,
        "{filtered}"
    );
    // Rows that stand once are not ordered: what only the order needs is not read of them.
    let counted = plan(&format!("SELECT count(*) AS n FROM ({}) AS d", first_copies("1 = 1"))).await;
    assert_eq!(counted.matches("projection=[event_key], ").count(), 3, "{counted}");
    assert_eq!(
        counted
            .matches("projection=[event_key, event_id, event_time, ingested_at], ")
            .count(),
        1,
        "{counted}"
    );
    for other in [
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY pipeline ORDER BY event_time) AS n FROM approval_calls) AS a WHERE n = 1",
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY event_key ORDER BY event_time) AS n FROM approval_calls) AS a WHERE n = 2",
        "SELECT * FROM (SELECT *, rank() OVER (PARTITION BY event_key ORDER BY event_time) AS n FROM approval_calls) AS a WHERE n = 1",
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY event_key || region ORDER BY event_time) AS n FROM approval_calls) AS a WHERE n = 1",
        "SELECT *, row_number() OVER (PARTITION BY event_key ORDER BY event_time) AS n FROM approval_calls",
        // What is read again is not the same.
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY event_key ORDER BY event_time) AS n FROM (SELECT * FROM approval_calls LIMIT 9) AS b) AS a WHERE n = 1",
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY event_key ORDER BY event_time) AS n FROM (SELECT * FROM approval_calls ORDER BY event_id LIMIT 9) AS b) AS a WHERE n = 1",
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY event_key ORDER BY event_time) AS n FROM approval_calls WHERE random() < 0.5) AS a WHERE n = 1",
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY event_key ORDER BY r) AS n FROM (SELECT *, random() AS r FROM approval_calls) AS b) AS a WHERE n = 1",
        "WITH RECURSIVE b AS (SELECT event_key, 1 AS i FROM approval_calls UNION ALL SELECT event_key, i + 1 FROM (SELECT event_key, i, row_number() OVER (PARTITION BY event_key ORDER BY i) AS n FROM b) AS c WHERE n = 1 AND i < 3) SELECT * FROM b",
    ] {
        let plan = plan(other).await;
        assert!(!plan.contains("SplitExec"), "{plan}");
    }
}

#[tokio::test]
async fn a_sort_that_memory_does_not_hold_goes_to_disk() {
    let lake = lake();
    for file in 0..8 {
        let keys: Vec<String> = (0..20_000_u64)
            .map(|i| format!("{:064x}", (i * 8 + file).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .collect();
        let bytes = parquet(vec![("event_key", text(keys.iter().map(String::as_str)))]);
        put(&lake, &format!("{NOVEMBER}/{file}.parquet"), bytes).await;
    }
    let engine = Embedded::with_memory(&lake, 48 << 20).unwrap();
    let sorted = engine
        .ask("SELECT event_key FROM approval_calls ORDER BY event_key")
        .await
        .unwrap();
    let sorted = sorted.collect().await.unwrap().rows;
    assert_eq!(sorted.len(), 160_000);
    assert!(sorted.is_sorted_by_key(|row| format!("{row:?}")));
    let none = Embedded::with_memory(&lake, 1 << 10).unwrap();
    let error = match none
        .ask("SELECT event_key, count(*) FROM approval_calls GROUP BY event_key")
        .await
    {
        Ok(rows) => rows.collect().await.err(),
        Err(error) => Some(error),
    };
    let error = error.unwrap();
    assert!(error.to_string().starts_with("the query needs more memory"), "{error}");
    assert!(error.rewrite().unwrap().contains("fewer months"));
}

#[tokio::test]
async fn nothing_is_written_and_nothing_outside_the_lake_is_read() {
    let lake = lake();
    put(&lake, &format!("{NOVEMBER}/a.parquet"), keys(&["k1"])).await;
    for sql in [
        "INSERT INTO approval_calls SELECT * FROM approval_calls",
        "UPDATE approval_calls SET region = 'x'",
        "DELETE FROM approval_calls",
        "COPY (SELECT 1) TO '/tmp/stolen.csv' STORED AS CSV",
        "CREATE TABLE t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "DROP TABLE approval_calls",
        "SET datafusion.execution.target_partitions = 1",
        "BEGIN",
        "PREPARE p AS SELECT 1",
        "EXPLAIN ANALYZE INSERT INTO approval_calls SELECT * FROM approval_calls",
    ] {
        let (message, hint) = refused(&lake, sql).await;
        assert_eq!(message, "a lake is only read here", "{sql}");
        assert!(hint.starts_with("only SELECT"), "{hint}");
    }
    for sql in [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'lake://local/approval_calls/'",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT 1; SELECT 2",
    ] {
        refused(&lake, sql).await;
    }
    let files: Vec<_> = futures::TryStreamExt::try_collect(lake.store.list(None)).await.unwrap();
    assert_eq!(files.len(), 1);
}

#[tokio::test]
async fn a_wrong_query_is_explained_with_its_position_and_a_hint() {
    let lake = lake();
    put(&lake, &format!("{NOVEMBER}/a.parquet"), keys(&["k1"])).await;
    let hints = [
        (
            "SELECT * FROM approval",
            "no table approval at line 1, column 15",
            "the tables are pipeline_executions, ",
        ),
        (
            "SELECT regoin\nFROM approval_calls",
            "no column regoin at line 1, column 8",
            "did you mean region?",
        ),
        (
            "SELECT region,\n  a.zzz FROM approval_calls AS a",
            "no column a.zzz at line 2, column 3",
            "`SHOW COLUMNS FROM <table>` lists a table's columns",
        ),
        (
            "SELEC 1",
            "expected: an SQL statement, found: SELEC at line 1, column 1",
            "docs/sql.md",
        ),
        (
            "SELECT region FROM approval_calls WHERE",
            "expected: an expression, found: EOF",
            "docs/sql.md",
        ),
        (
            "SELECT region, count(*) FROM approval_calls",
            "column in SELECT must be in GROUP BY",
            "docs/sql.md",
        ),
        (
            "SELECT no_such(region) FROM approval_calls",
            "invalid function 'no_such'",
            "docs/sql.md",
        ),
        (
            "SELECT a.region FROM approval_calls AS a, approval_calls AS b WHERE region = 'x'",
            "more than one table has a column region",
            "write <table>.region",
        ),
    ];
    for (sql, expected, expected_hint) in hints {
        let (message, hint) = refused(&lake, sql).await;
        assert!(message.starts_with(expected), "{sql}: {message}");
        assert!(hint.contains(expected_hint), "{sql}: {hint}");
        assert!(!message.contains('\n'), "{message}");
    }
    let deep = format!(
        "SELECT {}1{} AS n FROM approval_calls",
        "(".repeat(5_000),
        ")".repeat(5_000)
    );
    assert_eq!(refused(&lake, &deep).await.0, "the query is nested too deep");
    // Said while the rows are read.
    let (message, _) = refused(&lake, "SELECT CAST(region AS bigint) AS n FROM approval_calls").await;
    assert!(message.contains("eu-central-1"), "{message}");
    assert!(rows(&lake, "SHOW COLUMNS FROM approval_calls").await.len() > 20);
}
