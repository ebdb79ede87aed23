//! A real lake, in a folder or in memory: log, listings, looks, deletion; and whole runs over it.

mod catalogued;
mod refusing;
mod runs;

use object_store::ObjectStoreExt;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::parquet::Form;
use crate::settle::rows::fixture::*;

const TABLE: Table = Table::ApprovalCalls;

/// A table's objects in that lake, at that time.
fn at(lake: &Lake, temp: &TempDir, now: Option<&str>) -> Objects {
    let limits = Limits {
        jobs: 2,
        memory: 64 << 20,
        temp: temp.path().to_owned(),
    };
    let now = now.map(|now| now.parse().unwrap());
    Objects::new(lake.clone(), TABLE, limits, None, now)
}

#[tokio::test]
async fn an_entry_is_written_once_and_the_last_one_is_found() {
    let temp = tempfile::tempdir().unwrap();
    for lake in [bucket(), folder(temp.path()).await] {
        let objects = at(&lake, &temp, None);
        assert_eq!(objects.last_entry().await.unwrap(), 0);
        assert_eq!(objects.entry(0).await.unwrap(), None);
        assert_eq!(objects.entry(1).await.unwrap(), None);
        assert!(objects.append(1, b"first").await.unwrap());
        assert!(!objects.append(1, b"second").await.unwrap());
        assert!(objects.append(2, b"{\"at\": \"2026-11-21T03:00:00Z\"}").await.unwrap());
        // The clock and other things beside the entries are none.
        objects.clock().await.unwrap();
        put(&lake, "settlement/approval_calls/77.json", Vec::new()).await;
        assert_eq!(objects.last_entry().await.unwrap(), 2);
        assert_eq!(objects.entry(1).await.unwrap().unwrap().bytes, b"first");
        assert_eq!(
            keys(&lake, "settlement").await,
            [
                "settlement/approval_calls/0000000001.json",
                "settlement/approval_calls/0000000002.json",
                "settlement/approval_calls/77.json",
                "settlement/approval_calls/clock",
            ]
        );
        // A time that is made up is that of the entries too.
        let made_up = at(&lake, &temp, Some("2026-11-21T04:00:00Z"));
        assert_eq!(made_up.clock().await.unwrap().to_string(), "2026-11-21T04:00:00Z");
        let written = made_up.entry(2).await.unwrap().unwrap().written;
        assert_eq!(written.to_string(), "2026-11-21T03:00:00Z");
        let written = objects.entry(2).await.unwrap().unwrap().written;
        assert!(
            Timestamp::now().duration_since(written).as_secs().abs() < 3600,
            "{written}"
        );
    }
}

#[tokio::test]
async fn the_store_s_clock_goes_on() {
    let temp = tempfile::tempdir().unwrap();
    let objects = at(&folder(temp.path()).await, &temp, None);
    let before = objects.clock().await.unwrap();
    assert!(
        Timestamp::now().duration_since(before).as_secs().abs() < 3600,
        "{before}"
    );
    assert!(objects.clock().await.unwrap() >= before);
}

#[tokio::test]
async fn a_listing_shows_files_of_rows_by_keys_of_the_lake() {
    let temp = tempfile::tempdir().unwrap();
    for lake in [bucket(), folder(temp.path()).await] {
        for key in [
            "landing/approval_calls/2026-11-20-a.parquet",
            "landing/approval_calls/a b%20=c.parquet",
            "landing/approval_calls/_2026-11-20-a.parquet",
            "landing/approval_calls/.2026-11-20-a.parquet",
            "landing/approval_calls/2026-11-20-a",
            "landing/approval_calls_2/2026-11-20-a.parquet",
            "approval_calls/account_id=111122223333/month=2026-11/b.parquet",
            "approval_calls/account_id=111122223333/month=2026-11/a.parquet",
            "approval_calls/account_id=111122223333/month=2026-11/_tmp/a.parquet",
            "approval_calls/account_id=no/month=2026-11/a.parquet",
            "approval_calls/a.parquet",
        ] {
            put(&lake, key, b"x".to_vec()).await;
        }
        let objects = at(&lake, &temp, None);
        let keys = |files: Vec<Listed>| -> Vec<String> { files.into_iter().map(|file| file.key).collect() };
        let landing = objects.landing().await.unwrap();
        // A key is what a file is found by again.
        for file in &landing {
            assert_eq!(get(&lake, &file.key).await, b"x");
            assert_eq!(file.size, 1);
        }
        // What Athena reads is among them, whatever its name.
        assert_eq!(
            keys(landing),
            [
                "landing/approval_calls/2026-11-20-a",
                "landing/approval_calls/2026-11-20-a.parquet",
                "landing/approval_calls/a b%20=c.parquet",
            ]
        );
        assert_eq!(
            keys(objects.partitions().await.unwrap()),
            [
                "approval_calls/account_id=111122223333/month=2026-11/a.parquet",
                "approval_calls/account_id=111122223333/month=2026-11/b.parquet",
            ]
        );
    }
}

#[tokio::test]
async fn a_look_at_footers_tells_good_files_from_others() {
    let temp = tempfile::tempdir().unwrap();
    let lake = bucket();
    let objects = at(&lake, &temp, None);
    let good = land(&lake, TABLE, "good", &[row(json!({}))]).await;
    let whole = get(&lake, &good.key).await;
    // So many row groups that their footer is longer than what is read first.
    let form = Form::landing(TABLE);
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), form.schema().clone(), None).unwrap();
    for _ in 0..100 {
        writer.write(&batch(&form, &[row(json!({}))])).unwrap();
        writer.flush().unwrap();
    }
    let long = writer.into_inner().unwrap();
    let columns = [("event_key", pipetrail_collector::columns::ColumnType::String); 1];
    let name = |name: &str| format!("landing/approval_calls/2026-11-20-{name}.parquet");
    let files = [
        good.clone(),
        put(&lake, &name("long"), long).await,
        put(&lake, &name("cut"), whole[..whole.len() - 1].to_vec()).await,
        put(&lake, &name("text"), b"no Parquet".to_vec()).await,
        put(&lake, &name("empty"), Vec::new()).await,
        put(&lake, &name("poor"), parquet(&Form::with(columns), &[row(json!({}))])).await,
        put(
            &lake,
            &name("liar"),
            [&b"x"[..], &u32::MAX.to_le_bytes(), b"PAR1"].concat(),
        )
        .await,
        Listed {
            etag: "another".to_owned(),
            ..good.clone()
        },
        Listed {
            key: name("gone"),
            ..good.clone()
        },
    ];
    let found = objects.inspect(&files.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(found[..2], [Inspected::Good, Inspected::Good]);
    for (nth, damaged) in found[2..7].iter().enumerate() {
        assert!(matches!(damaged, Inspected::Damaged(_)), "{nth}: {damaged:?}");
    }
    assert_eq!(found[7..], [Inspected::Changed, Inspected::Changed]);

    let columns = ["account_id", "month", "event_key", "mood"].map(|name| (name, columns[0].1));
    let newer = put(&lake, &name("newer"), parquet(&Form::with(columns), &[row(json!({}))])).await;
    assert_eq!(
        objects.inspect(&[&newer]).await.unwrap(),
        [Inspected::Newer("mood".to_owned())]
    );
}

#[tokio::test]
async fn a_copy_of_a_damaged_file_is_kept_and_replaces_no_other() {
    let temp = tempfile::tempdir().unwrap();
    let lake = bucket();
    let objects = at(&lake, &temp, None);
    let key = "landing/approval_calls/2026-11-20-a.parquet";
    let file = put(&lake, key, b"damaged".to_vec()).await;
    let aside = objects.copy_aside(&file, "why").await.unwrap().unwrap();
    assert_eq!(
        (aside.key.as_str(), aside.etag.as_str(), aside.why.as_str()),
        (key, file.etag.as_str(), "why")
    );
    assert_eq!(aside.copy, "errors/approval_calls/damaged/2026-11-20-a.parquet");
    assert_eq!(get(&lake, &aside.copy).await, b"damaged");
    // A run that was killed behind it does it again.
    assert_eq!(objects.copy_aside(&file, "why").await.unwrap().unwrap(), aside);

    let large = vec![7; 20 << 20];
    let other = put(&lake, key, large.clone()).await;
    assert_eq!(objects.copy_aside(&file, "why").await.unwrap(), None);
    let second = objects.copy_aside(&other, "why").await.unwrap().unwrap();
    assert_ne!(second.copy, aside.copy);
    assert_eq!(get(&lake, &second.copy).await, large);
    assert_eq!(get(&lake, &aside.copy).await, b"damaged");
    assert_eq!(keys(&lake, "errors").await.len(), 2);
}

#[tokio::test]
async fn only_the_file_that_was_named_is_deleted() {
    let temp = tempfile::tempdir().unwrap();
    for lake in [bucket(), folder(temp.path()).await] {
        let objects = at(&lake, &temp, None);
        let name = |nth: usize| format!("landing/approval_calls/2026-11-20-{nth}.parquet");
        let mut files = Vec::new();
        for nth in 0..40 {
            files.push(put(&lake, &name(nth), vec![0; nth]).await);
        }
        let changed = put(&lake, &name(7), b"somebody else's".to_vec()).await;
        lake.store.delete(&lake.path(&name(9)).unwrap()).await.unwrap();
        let named: Vec<(&str, &str)> = files.iter().map(|file| (&*file.key, &*file.etag)).collect();
        assert_eq!(objects.delete(&named).await.unwrap(), BTreeSet::new());
        assert_eq!(keys(&lake, "landing").await, [name(7)]);
        assert_eq!(
            objects.delete(&[(&changed.key, &changed.etag)]).await.unwrap(),
            BTreeSet::new()
        );
        assert_eq!(keys(&lake, "landing").await, [""; 0]);
    }
}
