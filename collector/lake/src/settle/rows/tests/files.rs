//! Files that are older or newer than the table, broken, or not what they were when they were listed.

use object_store::ObjectStoreExt;
use serde_json::json;

use super::*;
use crate::parquet::Form;
use pipetrail_collector::columns::ColumnType;

const TABLE: Table = Table::ApprovalCalls;

/// A file of landing with these columns.
async fn file_of(bench: &Bench, columns: &[(&'static str, ColumnType)], rows: &[Row]) -> Listed {
    let bytes = parquet(&Form::with(columns.iter().copied()), rows);
    put(&bench.lake, "landing/approval_calls/2026-11-20-x.parquet", bytes).await
}

#[tokio::test]
async fn what_an_older_file_lacks_is_null() {
    let bench = Bench::new(TABLE);
    let text = ColumnType::String;
    let columns = [
        ("month", text),
        ("event_ms", ColumnType::Bigint),
        ("event_key", text),
        ("account_id", text),
    ];
    let file = file_of(&bench, &columns, &[row(json!({}))]).await;
    let settled = settled(bench.job(&[file], Tier::Landing)).await;
    let kept = all_rows(&bench.lake, &settled.outputs).await;
    let names: Vec<&String> = kept[0].keys().collect();
    assert_eq!(names, ["event_key", "event_ms"]);
}

#[tokio::test]
async fn text_that_nobody_called_text_is_read_and_bytes_that_are_none_are_damage() {
    use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch};
    use std::sync::Arc;
    let bench = Bench::new(TABLE);
    for (raw, good) in [(&b"{}"[..], true), (&b"\xff\xfe"[..], false)] {
        let bytes = |value: &[u8]| Arc::new(BinaryArray::from_vec(vec![value])) as ArrayRef;
        let key = key(1);
        let columns = [
            ("account_id", bytes(b"111122223333")),
            ("month", bytes(b"2026-11")),
            ("event_key", bytes(key.as_bytes())),
            ("event_ms", Arc::new(Int64Array::from(vec![1])) as ArrayRef),
            ("raw", bytes(raw)),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        let file = put(
            &bench.lake,
            "landing/approval_calls/2026-11-20-x.parquet",
            writer.into_inner().unwrap(),
        )
        .await;
        let merge = merged(bench.job(std::slice::from_ref(&file), Tier::Landing))
            .await
            .unwrap();
        match merge {
            Merge::Settled(settled) if good => assert_eq!(settled.equation.rows_out, 1),
            Merge::Damaged(key, why) if !good => assert_eq!((key, why), (file.key, "its column raw is no text".into())),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_newer_file_or_one_of_another_type_is_not_taken() {
    let bench = Bench::new(TABLE);
    let text = ColumnType::String;
    let basis = [("account_id", text), ("month", text), ("event_key", text)];
    let newer = [&basis[..], &[("mood", text)]].concat();
    let file = file_of(&bench, &newer, &[row(json!({"mood": "good"}))]).await;
    let error = merged(bench.job(&[file], Tier::Landing)).await.unwrap_err();
    assert!(
        matches!(&error, SettleError::Newer { column, .. } if column == "mood"),
        "{error}"
    );

    let wrong = [&basis[..], &[("event_ms", text)]].concat();
    let file = file_of(&bench, &wrong, &[row(json!({"event_ms": "1", "event_time": "t"}))]).await;
    match merged(bench.job(&[file], Tier::Landing)).await.unwrap() {
        Merge::Damaged(_, why) => assert!(why.contains("event_ms"), "{why}"),
        other => panic!("{other:?}"),
    }

    // In a partition its folder is left alone.
    let key = "approval_calls/account_id=111122223333/month=2026-11/newer.parquet";
    let columns = [("event_key", text), ("mood", text)];
    let bytes = parquet(&Form::with(columns), &[row(json!({"mood": "good"}))]);
    let file = put(&bench.lake, key, bytes).await;
    match merged(bench.job(&[file], Tier::Partition)).await.unwrap() {
        Merge::Damaged(found, why) => assert!(found == key && why.contains("mood"), "{found}: {why}"),
        other => panic!("{other:?}"),
    }
}

/// Files that cannot be read to their end: cut, with a page of nonsense behind a good footer, of nothing.
fn broken(whole: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut page = whole.to_vec();
    page[4..400].fill(0xff);
    vec![
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("page", page),
        ("empty", Vec::new()),
        ("text", b"{\"event_key\": \"no Parquet\"}".to_vec()),
    ]
}

#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_is_named_and_nothing_is_written() {
    let bench = Bench::new(TABLE);
    let rows: Vec<Row> = (0..500).map(|nth| row(json!({"event_key": key(nth)}))).collect();
    let good = land(&bench.lake, TABLE, "good", &rows).await;
    let whole = get(&bench.lake, &good.key).await;
    for (name, bytes) in broken(&whole) {
        let file = put(
            &bench.lake,
            &format!("landing/approval_calls/2026-11-20-{name}.parquet"),
            bytes,
        )
        .await;
        for limit in [WHOLE, 0] {
            let mut job = bench.job(&[good.clone(), file.clone()], Tier::Landing);
            job.whole = limit;
            match merged(job).await.unwrap() {
                Merge::Damaged(key, _) => assert_eq!(key, file.key),
                other => panic!("{name}: {other:?}"),
            }
        }
        let there = keys(&bench.lake, "approval_calls").await;
        assert_eq!(there, [""; 0], "{name}");
    }
    // In a partition the same.
    let cut = broken(&whole).swap_remove(0).1;
    let file = put(
        &bench.lake,
        "approval_calls/account_id=111122223333/month=2026-11/cut.parquet",
        cut,
    )
    .await;
    let merge = merged(bench.job(std::slice::from_ref(&file), Tier::Partition))
        .await
        .unwrap();
    assert!(matches!(merge, Merge::Damaged(key, _) if key == file.key));
}

/// The file with a footer that says of its only row group that it has one row more.
fn lying(whole: &[u8]) -> Vec<u8> {
    use ::parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter};
    let (rest, tail) = whole.split_last_chunk().unwrap();
    let begin = rest.len() - FooterTail::try_new(tail).unwrap().metadata_length();
    let truth = ParquetMetaDataReader::decode_metadata(&rest[begin..]).unwrap();
    let group = truth.row_group(0);
    let group = group
        .clone()
        .into_builder()
        .set_num_rows(group.num_rows() + 1)
        .build()
        .unwrap();
    let mut bytes = rest[..begin].to_vec();
    let lie = ParquetMetaData::new(truth.file_metadata().clone(), vec![group]);
    ParquetMetaDataWriter::new(&mut bytes, &lie).finish().unwrap();
    bytes
}

#[tokio::test]
async fn a_footer_that_promises_more_rows_than_there_are_is_damage() {
    let bench = Bench::new(TABLE);
    let good = land(&bench.lake, TABLE, "a", &[row(json!({}))]).await;
    let bytes = lying(&get(&bench.lake, &good.key).await);
    let file = put(&bench.lake, &good.key, bytes).await;
    match merged(bench.job(&[file], Tier::Landing)).await.unwrap() {
        Merge::Damaged(_, why) => assert!(why.contains("2 rows") && why.ends_with("it has 1"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_is_another_one_by_now_is_not_read() {
    let bench = Bench::new(TABLE);
    let listed = land(&bench.lake, TABLE, "a", &[row(json!({}))]).await;
    let now = land(&bench.lake, TABLE, "a", &[row(json!({"event_id": "other"}))]).await;
    assert_ne!(listed.etag, now.etag);
    for limit in [WHOLE, 0] {
        let mut job = bench.job(std::slice::from_ref(&listed), Tier::Landing);
        job.whole = limit;
        assert_eq!(merged(job).await.unwrap(), Merge::Changed);
    }
    bench
        .lake
        .store
        .delete(&bench.lake.path(&listed.key).unwrap())
        .await
        .unwrap();
    for limit in [WHOLE, 0] {
        let mut job = bench.job(std::slice::from_ref(&now), Tier::Landing);
        job.whole = limit;
        assert_eq!(merged(job).await.unwrap(), Merge::Changed);
    }
}

#[tokio::test]
async fn a_file_that_is_read_in_ranges_gives_the_same_rows() {
    let bench = Bench::new(TABLE);
    let rows: Vec<Row> = (0..3000)
        .map(|nth| row(json!({"event_key": key(nth), "event_id": key(nth)})))
        .collect();
    let file = land(&bench.lake, TABLE, "a", &rows).await;
    let whole = settled(bench.job(std::slice::from_ref(&file), Tier::Landing)).await;
    let mut job = bench.job(&[file], Tier::Landing);
    job.whole = 0;
    assert_eq!(bytes(&settled(job).await), bytes(&whole));
}

#[tokio::test]
async fn the_files_of_a_partition_become_one_and_the_folder_says_whose_rows_they_are() {
    let bench = Bench::new(TABLE);
    let folder = "approval_calls/account_id=111122223333/month=2026-11/";
    let of = |ids: &[u64]| -> Vec<u8> {
        let rows: Vec<Row> = ids
            .iter()
            .map(|id| placed(&row(json!({"event_key": key(*id)})), TABLE))
            .collect();
        parquet(&Form::of(TABLE), &rows)
    };
    let one = put(&bench.lake, &format!("{folder}run-1.parquet"), of(&[1, 2])).await;
    // A run that was never entered wrote the same.
    let two = put(&bench.lake, &format!("{folder}run-2.parquet"), of(&[2, 3])).await;
    let settled = settled(bench.job(&[one, two], Tier::Partition)).await;
    assert_eq!((settled.equation.rows_out, settled.equation.repetition), (3, 1));
    let [closed] = settled.outputs.as_slice() else {
        panic!("{:?}", settled.outputs)
    };
    assert!(closed.key.starts_with(&format!("{folder}closed-")), "{}", closed.key);
    assert!(settled.copies.is_empty());

    let deeper = put(&bench.lake, &format!("{folder}09/run-3.parquet"), of(&[4])).await;
    let three = put(&bench.lake, &format!("{folder}run-3.parquet"), of(&[4, 5])).await;
    let settled = super::settled(bench.job(&[deeper, three], Tier::Partition)).await;
    assert_eq!((settled.equation.rows_out, settled.equation.repetition), (2, 1));
    assert!(
        settled
            .outputs
            .iter()
            .all(|output| output.key.starts_with(&format!("{folder}closed-")))
    );
}

#[tokio::test]
async fn rows_that_memory_does_not_hold_make_the_same_files() {
    let bench = Bench::new(TABLE);
    let of = |nth: u64| {
        let account = format!("{:012}", nth / 3 % 17);
        // Every event three times, some of which say something else.
        let content = if nth.is_multiple_of(9) { "b" } else { "a" };
        row(json!({
            "account_id": account, "event_key": key(nth / 3), "event_id": key(nth), "content_sha256": content,
            "event_ms": 1_795_166_878_000_u64 + nth % 5,
        }))
    };
    let rows: Vec<Row> = (0..2000).map(of).collect();
    let mut files = Vec::new();
    for (nth, rows) in rows.chunks(300).enumerate() {
        files.push(land(&bench.lake, TABLE, &nth.to_string(), rows).await);
    }
    let whole = settled(bench.job(&files, Tier::Landing)).await;
    assert!(
        whole.equation.duplicates > 0 && whole.equation.conflicts > 0,
        "{:?}",
        whole.equation
    );
    for memory in [1, 20_000, 400_000] {
        let mut job = bench.job(&files, Tier::Landing);
        job.limits.memory = memory;
        let settled = settled(job).await;
        assert_eq!(settled.equation, whole.equation, "{memory}");
        assert_eq!(bytes(&settled), bytes(&whole), "{memory}");
    }
    assert_eq!(std::fs::read_dir(bench.temp.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn where_one_file_cannot_be_written_none_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(TABLE);
    bench.lake = super::folder(folder.path()).await;
    let rows = [
        row(json!({"account_id": "111122223333"})),
        row(json!({"account_id": "444455556666"})),
        row(json!({"account_id": "no account"})),
    ];
    let file = land(&bench.lake, TABLE, "a", &rows).await;
    // A file in the place of the second one's folder.
    std::fs::create_dir(folder.path().join("approval_calls")).unwrap();
    std::fs::write(folder.path().join("approval_calls/account_id=444455556666"), "").unwrap();
    let mut job = bench.job(&[file], Tier::Landing);
    job.limits.jobs = 1;
    let error = merged(job).await.unwrap_err();
    assert!(error.to_string().contains("account_id=444455556666"), "{error}");
    for place in ["approval_calls", "errors"] {
        let there = keys(&bench.lake, place).await;
        assert!(there.iter().all(|key| !key.ends_with(".parquet")), "{there:?}");
    }
}
