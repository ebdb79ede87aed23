//! Whole runs over a lake: a day is settled, what it came from is deleted, a month is closed.

use std::collections::BTreeMap;

use pipetrail_settlement::{Done, Task, run};

use super::*;

pub(super) fn task(now: &str) -> Task {
    Task {
        lake: "lake".to_owned(),
        table: TABLE,
        now: now.parse().unwrap(),
        bytes: 1 << 30,
        retention: None,
        tidies: true,
        closes: true,
        ends: None,
    }
}

/// One run at that time.
async fn run_at(lake: &Lake, temp: &TempDir, now: &str) -> Done {
    run(&at(lake, temp, Some(now)), &task(now)).await.result().unwrap()
}

/// How many files the partitions have, and their rows with what the folders say, as text.
pub(super) async fn partitions(lake: &Lake, temp: &TempDir) -> (usize, Vec<String>) {
    let files = at(lake, temp, None).partitions().await.unwrap();
    let mut all = Vec::new();
    for file in &files {
        let partition = Partition::from_key(&file.key).unwrap();
        for mut row in rows(lake, &file.key).await {
            for (key, value) in TABLE.partition_keys().iter().zip(&partition.values) {
                row.insert((*key).to_owned(), value.clone().into());
            }
            all.push(row);
        }
    }
    (files.len(), sorted(&all))
}

/// Rows of three accounts: two files of one day, and one of the next in which some of the first are again.
fn arrived() -> [Vec<Row>; 3] {
    let of = |nth: u64| {
        let account = format!("{:012}", nth % 3);
        let ms = 1_795_166_878_000_u64 + nth;
        row(json!({"account_id": account, "event_key": key(nth), "event_id": key(nth), "event_ms": ms}))
    };
    let again = |nth: u64| {
        let mut row = of(nth);
        row.insert("ingested_at".to_owned(), "2026-11-21T08:00:00.000Z".into());
        row
    };
    let late = (30..45).map(again).chain((60..70).map(of)).collect();
    [(0..40).map(of).collect(), (40..60).map(of).collect(), late]
}

#[tokio::test]
async fn every_event_is_a_row_once_from_landing_to_the_closed_month() {
    let temp = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    for lake in [folder(place.path()).await, bucket()] {
        let [first, second, late] = arrived();
        let distinct: Vec<Row> = (first.iter().chain(&second).chain(late.iter().skip(15)))
            .cloned()
            .collect();
        let of_day = |day: &str, name: &str| format!("landing/{TABLE}/{day}-{name}.parquet");
        let bytes = |rows: &[Row]| parquet(&Form::landing(TABLE), rows);
        put(&lake, &of_day("2026-11-20", "a"), bytes(&first)).await;
        put(&lake, &of_day("2026-11-20", "b"), bytes(&second)).await;
        put(&lake, &of_day("2026-11-20", "broken"), b"nothing".to_vec()).await;
        put(&lake, &of_day("2026-11-21", "c"), bytes(&late)).await;

        // The first day is over, the second is not.
        let done = run_at(&lake, &temp, "2026-11-21T02:30:00Z").await;
        assert_eq!((done.days, done.settled.rows_out, done.deleted), (1, 60, 0), "{done:?}");
        assert_eq!(done.set_aside.len(), 1, "{done:?}");
        assert_eq!(keys(&lake, "landing").await.len(), 4);
        let done = run_at(&lake, &temp, "2026-11-21T02:40:00Z").await;
        assert_eq!((done.days, done.deleted), (0, 0), "{done:?}");

        let done = run_at(&lake, &temp, "2026-11-21T08:45:00Z").await;
        assert_eq!(done.deleted, 3, "{done:?}");
        assert_eq!(keys(&lake, "landing").await, [of_day("2026-11-21", "c")]);
        let done = run_at(&lake, &temp, "2026-11-22T02:30:00Z").await;
        assert_eq!(
            (done.days, done.settled.rows_in, done.settled.rows_out),
            (1, 25, 25),
            "{done:?}"
        );
        run_at(&lake, &temp, "2026-11-22T09:00:00Z").await;
        assert_eq!(keys(&lake, "landing").await, [""; 0]);
        assert_eq!(partitions(&lake, &temp).await.0, 6);

        // What a run left that was killed is one more file of its partition.
        let files = at(&lake, &temp, None).partitions().await.unwrap();
        let stray = files[0].key.replace("run-", "run-0");
        put(&lake, &stray, get(&lake, &files[0].key).await).await;

        let done = run_at(&lake, &temp, "2026-12-08T03:00:00Z").await;
        assert_eq!(
            (done.closes, done.closed.rows_out, done.closed.duplicates),
            (1, 70, 15),
            "{done:?}"
        );
        assert!(done.closed.repetition > 0, "{done:?}");
        let done = run_at(&lake, &temp, "2026-12-08T12:00:00Z").await;
        assert_eq!((done.closes, done.deleted), (0, 7), "{done:?}");
        assert_eq!(partitions(&lake, &temp).await, (3, sorted(&distinct)));
        let mut dropped: BTreeMap<String, usize> = BTreeMap::new();
        for file in listing::files(&lake, "copies", is_data, |_| true).await.unwrap() {
            for row in rows(&lake, &file.key).await {
                *dropped
                    .entry(row["event_key"].as_str().unwrap().to_owned())
                    .or_default() += 1;
            }
        }
        assert_eq!(dropped, (30..45).map(|nth| (key(nth), 1)).collect());
    }
}

#[tokio::test]
async fn a_month_that_is_kept_no_longer_goes_and_what_comes_for_it_later_is_counted() {
    let temp = tempfile::tempdir().unwrap();
    let lake = bucket();
    let old = row(json!({"month": "2026-08"}));
    let bytes = parquet(&Form::of(TABLE), &[placed(&old, TABLE)]);
    put(
        &lake,
        "approval_calls/account_id=111122223333/month=2026-08/run-a.parquet",
        bytes,
    )
    .await;
    land(&lake, TABLE, "a", &[old, row(json!({}))]).await;
    let run_at = async |now: &str| {
        let task = Task {
            retention: Some(30),
            ..task(now)
        };
        run(&at(&lake, &temp, Some(now)), &task).await.result().unwrap()
    };
    let done = run_at("2026-11-21T03:00:00Z").await;
    assert_eq!(
        (done.settled.expired, done.settled.rows_out, done.expired),
        (1, 1, 1),
        "{done:?}"
    );
    run_at("2026-11-21T12:00:00Z").await;
    let (files, found) = partitions(&lake, &temp).await;
    assert_eq!((files, found.len()), (1, 1));
    assert!(found[0].contains("2026-11"), "{found:?}");
}

#[tokio::test]
async fn whatever_lies_in_landing_and_is_no_parquet_is_set_aside_and_good_files_of_other_names_are_named() {
    let temp = tempfile::tempdir().unwrap();
    let lake = bucket();
    let good = parquet(&Form::landing(TABLE), &[row(json!({}))]);
    for (key, bytes) in [
        ("landing/approval_calls/notes.txt", b"Dear colleague".to_vec()),
        ("landing/approval_calls/empty", Vec::new()),
        ("landing/approval_calls/2026-11-20-no-ending", good.clone()),
        ("landing/approval_calls/no-day.parquet", good),
        ("landing/approval_calls/below/notes.txt", b"Dear colleague".to_vec()),
        ("landing/approval_calls/_hidden", b"Dear colleague".to_vec()),
    ] {
        put(&lake, key, bytes).await;
    }
    let done = run_at(&lake, &temp, "2026-11-21T03:00:00Z").await;
    let named = |problems: &[pipetrail_settlement::Problem]| -> Vec<String> {
        problems
            .iter()
            .map(|problem| problem.key.rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(named(&done.set_aside), ["empty", "notes.txt"], "{done:?}");
    assert_eq!(
        named(&done.left),
        ["2026-11-20-no-ending", "notes.txt", "no-day.parquet"],
        "{done:?}"
    );
    run_at(&lake, &temp, "2026-11-21T10:00:00Z").await;
    assert_eq!(
        keys(&lake, "errors").await,
        [
            "errors/approval_calls/damaged/empty",
            "errors/approval_calls/damaged/notes.txt"
        ]
    );
    assert_eq!(keys(&lake, "landing").await.len(), 4);
}

#[tokio::test]
async fn heartbeats_of_2001_are_settled_into_their_day_or_expire() {
    let temp = tempfile::tempdir().unwrap();
    for retention in [None, Some(400)] {
        let lake = bucket();
        let old = row(json!({
            "day": "2001-09-09", "month": null, "event_ms": 1_000_000_000_000_u64,
            "event_time": "2001-09-09T01:46:40.000Z",
        }));
        land(&lake, Table::Heartbeats, "old", &[old]).await;
        let now = "2026-11-21T03:00:00Z";
        let limits = Limits {
            jobs: 1,
            memory: 64 << 20,
            temp: temp.path().to_owned(),
        };
        let objects = Objects::new(
            lake.clone(),
            Table::Heartbeats,
            limits,
            None,
            Some(now.parse().unwrap()),
        );
        let task = Task {
            table: Table::Heartbeats,
            retention,
            ..task(now)
        };
        let done = run(&objects, &task).await.result().unwrap();
        let rows = (done.settled.rows_out, done.settled.expired);
        assert_eq!(rows, if retention.is_none() { (1, 0) } else { (0, 1) }, "{done:?}");
        let found = keys(&lake, "heartbeats/day=2001-09-09").await;
        assert_eq!(found.len(), usize::from(retention.is_none()));
    }
}
