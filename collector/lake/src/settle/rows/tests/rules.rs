//! Which of several copies stays, what becomes of the others, and what belongs nowhere.

use serde_json::json;

use super::*;

const DAY: i64 = 86_400_000;
const MS: i64 = 1_795_166_878_000;

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1).into_iter();
    let with = |order: Vec<usize>| {
        (0..count).map(move |place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    };
    shorter.flat_map(with).collect()
}

#[tokio::test]
async fn the_survivor_is_the_readers_choice_whatever_came_first() {
    // In the order of choice: by source, time, arrival, id, content, and NULL behind everything.
    let copies = [
        json!({"event_id": "b", "source": "live", "event_ms": MS + 1}),
        json!({"event_id": "a", "source": "live", "event_ms": MS + 2}),
        json!({"source": "replay", "ingested_at": "2026-11-20T09:00:00.000Z"}),
        json!({"source": "replay", "ingested_at": null, "content_sha256": "0"}),
        json!({"source": "backfill:events", "event_id": "a"}),
        json!({"source": "backfill:events", "event_id": null}),
    ];
    let copies: Vec<Row> = copies.into_iter().map(row).collect();
    for begin in 0..copies.len() - 1 {
        let bench = Bench::new(Table::PipelineExecutions);
        let four: Vec<Row> = copies.iter().skip(begin).take(4).cloned().collect();
        let mut first = None;
        for order in orders(four.len()) {
            let shuffled: Vec<Row> = order.iter().map(|nth| four[*nth].clone()).collect();
            let settled = bench.landed(&shuffled).await;
            let kept = all_rows(&bench.lake, &settled.outputs).await;
            assert_eq!(kept, [placed(&four[0], bench.table)], "{order:?} from {begin}");
            // Not only the survivor: the files are the same to the last byte.
            let bytes = bytes(&settled);
            assert_eq!(*first.get_or_insert(bytes.clone()), bytes, "{order:?} from {begin}");
        }
    }
}

#[tokio::test]
async fn a_record_comes_before_its_addendum_in_tables_of_calls() {
    let bench = Bench::new(Table::ApprovalCalls);
    let record = row(json!({"event_id": "z", "error_code": "AccessDenied", "decision": "Approved"}));
    let addendum = row(json!({"event_id": "a", "addendum_of": "z", "decision": "Approved", "content_sha256": "0"}));
    let settled = bench.landed(&[addendum, record.clone()]).await;
    assert_eq!(
        all_rows(&bench.lake, &settled.outputs).await,
        [placed(&record, bench.table)]
    );
    let copies = all_rows(&bench.lake, &settled.copies).await;
    assert_eq!(copies[0]["addendum_of"], "z");
    assert_eq!(copies[0]["says"], "Approved");
}

#[tokio::test]
async fn dropped_copies_are_kept_elsewhere_whole_where_they_say_something_else() {
    let bench = Bench::new(Table::ApprovalCalls);
    let kept = row(json!({"event_id": "a"}));
    let duplicate = row(json!({"event_id": "b", "event_ms": MS + 5, "source": "backfill:events", "source_file": "f"}));
    let conflict = row(json!({
        "event_id": "c", "content_sha256": "b".repeat(64), "error_code": "AccessDenied", "decision": "Approved",
        "mfa": true, "raw": "{\"a\":\"é\\n\"}",
    }));
    // Another account's event is another event.
    let other = row(json!({"account_id": "444455556666"}));
    let settled = bench
        .landed(&[conflict.clone(), kept.clone(), duplicate.clone(), other.clone()])
        .await;
    let Settled { equation, .. } = settled;
    assert_eq!((equation.rows_in, equation.rows_out), (4, 2));
    assert_eq!(
        (equation.duplicates, equation.conflicts, equation.repetition),
        (1, 1, 0)
    );
    assert_eq!(
        all_rows(&bench.lake, &settled.outputs).await,
        [placed(&kept, bench.table), placed(&other, bench.table)]
    );
    let [file] = settled.copies.as_slice() else {
        panic!("{:?}", settled.copies)
    };
    let name = file.key.strip_prefix("copies/month=2026-11/approval_calls-").unwrap();
    assert_eq!(name.len(), "0123456789abcdef0123456789abcdef.parquet".len());
    assert!(settled.outputs[0].key.ends_with(&format!("/run-{name}")));

    let copies = rows(&bench.lake, &file.key).await;
    let written: Row = serde_json::from_str(copies[0]["whole_row"].as_str().unwrap()).unwrap();
    assert_eq!(written, placed(&conflict, bench.table));
    let of = |row: &Row, says: Option<&str>| {
        let names = copies_table_names();
        let mut copy: Row = row
            .clone()
            .into_iter()
            .filter(|(name, _)| names.contains(&name.as_str()))
            .collect();
        copy.insert("table_name".to_owned(), "approval_calls".into());
        copy.extend(says.map(|says| ("says".to_owned(), says.into())));
        copy
    };
    let mut first = copies[0].clone();
    first.remove("whole_row");
    assert_eq!(first, of(&conflict, Some("AccessDenied")));
    assert_eq!(copies[1], of(&duplicate, None));
    assert_eq!(copies.len(), 2);
}

fn copies_table_names() -> Vec<&'static str> {
    crate::copies_table::COLUMNS.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn the_same_delivery_again_is_repetition_and_goes_nowhere() {
    let bench = Bench::new(Table::ApiCalls);
    let kept = row(json!({"event_id": "a"}));
    // Only what tells two deliveries apart counts: a column more or less is no other delivery.
    let older = row(json!({"event_id": "a", "event_version": "0"}));
    let dropped = row(json!({"event_id": "b"}));
    let settled = bench.landed(&[kept, older, dropped.clone(), dropped]).await;
    let Settled { equation, .. } = settled;
    assert_eq!((equation.rows_out, equation.duplicates, equation.repetition), (1, 1, 2));
    assert_eq!(all_rows(&bench.lake, &settled.copies).await.len(), 1);
}

#[tokio::test]
async fn of_rows_that_are_one_delivery_the_same_stays_whatever_came_first() {
    let bench = Bench::new(Table::ApiCalls);
    let rows = ["0", "1", "2"].map(|version| row(json!({"event_version": version})));
    let mut first = None;
    for order in orders(rows.len()) {
        let shuffled: Vec<Row> = order.iter().map(|nth| rows[*nth].clone()).collect();
        let bytes = bytes(&bench.landed(&shuffled).await);
        assert_eq!(*first.get_or_insert(bytes.clone()), bytes, "{order:?}");
    }
}

#[tokio::test]
async fn copies_of_another_day_stay_rows_and_rule_over_theirs() {
    let bench = Bench::new(Table::ApiCalls);
    let at = |ms: i64, id: &str| row(json!({"event_ms": MS + ms, "event_id": id}));
    let rows = [
        at(0, "a"),
        at(DAY, "b"),
        at(DAY + 1, "c"),
        at(2 * DAY + 1, "d"),
        at(2 * DAY + 2, "e"),
    ];
    let settled = bench.landed(&rows).await;
    let kept = all_rows(&bench.lake, &settled.outputs).await;
    let ids: Vec<&str> = kept.iter().map(|row| row["event_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "c", "e"]);
    assert_eq!(settled.equation.duplicates, 2);
}

#[tokio::test]
async fn rows_that_belong_nowhere_are_kept_as_they_came() {
    let bench = Bench::new(Table::StageExecutions);
    let wrong = [
        json!({"account_id": "11112222333"}),
        json!({"account_id": null}),
        json!({"account_id": "11112222333x"}),
        json!({"month": "2026-13"}),
        json!({"month": "2026-11/x"}),
        json!({"month": null}),
        json!({"event_key": "000102030405060708090A0B0C0D0E0F"}),
        json!({"event_key": null}),
        json!({"event_ms": null}),
    ];
    let wrong: Vec<Row> = wrong.into_iter().map(row).collect();
    let mut landed = wrong.clone();
    landed.insert(3, row(json!({})));
    let settled = bench.landed(&landed).await;
    assert_eq!((settled.equation.rejected, settled.equation.rows_out), (9, 1));
    let [file] = settled.rejected.as_slice() else {
        panic!("{:?}", settled.rejected)
    };
    assert!(
        file.key.starts_with("errors/stage_executions/rejected/"),
        "{}",
        file.key
    );
    assert_eq!(rows(&bench.lake, &file.key).await, wrong);
}

#[tokio::test]
async fn rows_of_months_that_are_kept_no_longer_are_counted_and_not_written() {
    let bench = Bench::new(Table::StageExecutions);
    let of = |month: &str| row(json!({"month": month}));
    let file = land(
        &bench.lake,
        bench.table,
        "a",
        &[of("2025-12"), of("2026-01"), of("2025-11")],
    )
    .await;
    let mut job = bench.job(&[file], Tier::Landing);
    job.kept_from = Some("2026-01".to_owned());
    let settled = settled(job).await;
    assert_eq!((settled.equation.expired, settled.equation.rows_out), (2, 1));
    assert!(settled.outputs[0].key.contains("/month=2026-01/"));
}

#[tokio::test]
async fn heartbeats_go_by_day_all_accounts_together() {
    let bench = Bench::new(Table::Heartbeats);
    let of = |account: &str, day: &str, key_of: u64| {
        row(json!({"account_id": account, "day": day, "month": null, "event_key": key(key_of)}))
    };
    let rows = [
        of("111122223333", "2026-11-20", 1),
        of("444455556666", "2026-11-20", 1),
        of("444455556666", "2026-11-19", 2),
        of("44445555666", "2026-11-19", 3),
        of("444455556666", "2026-11-31", 4),
    ];
    let settled = bench.landed(&rows).await;
    assert_eq!((settled.equation.rows_out, settled.equation.rejected), (3, 2));
    let keys: Vec<&str> = settled.outputs.iter().map(|output| output.key.as_str()).collect();
    assert!(keys[0].starts_with("heartbeats/day=2026-11-19/run-"), "{keys:?}");
    assert!(keys[1].starts_with("heartbeats/day=2026-11-20/run-"), "{keys:?}");
    let first = all_rows(&bench.lake, &settled.outputs[..1]).await;
    assert_eq!(first, [placed(&rows[2], bench.table)]);

    // The dropped copy of one says its day, which is no column of its row.
    let mut later = rows[0].clone();
    later.insert("ingested_at".to_owned(), "2026-11-20T10:00:00.000Z".into());
    let settled = bench.landed(&[rows[0].clone(), later]).await;
    let copies = all_rows(&bench.lake, &settled.copies).await;
    assert_eq!(copies[0]["day"], "2026-11-20");
    assert!(settled.copies[0].key.starts_with("copies/month=2026-11/heartbeats-"));
}
