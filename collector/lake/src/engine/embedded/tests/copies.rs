//! De-duplication over both tiers of a lake: the first copy is kept, and only rows that have copies are sorted.

use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::TryStreamExt;

use super::*;

/// The files of a lake whose numbers are these, as they would have landed.
async fn land(lake: &Lake, numbers: &[u32]) {
    let all: Vec<_> = lake.store.list(None).try_collect().await.unwrap();
    for (i, object) in all.iter().enumerate() {
        let path = object.location.to_string();
        if !numbers
            .iter()
            .any(|number| path.ends_with(&format!("/{number}.parquet")))
        {
            continue;
        }
        let (_, account) = path.split_once("account_id=").unwrap();
        let bytes = lake.store.get(&object.location).await.unwrap().bytes().await.unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .unwrap()
            .with_batch_size(100_000);
        let batch = reader.build().unwrap().next().unwrap().unwrap();
        let named = batch.schema();
        let mut columns: Vec<_> = (named.fields().iter().zip(batch.columns()))
            .map(|(field, array)| (field.name().as_str(), Arc::clone(array)))
            .collect();
        let same = |value| text(std::iter::repeat_n(value, batch.num_rows()));
        columns.extend([("account_id", same(&account[..12])), ("month", same("2026-11"))]);
        put(
            lake,
            &format!("landing/approval_calls/2026-11-2{i}-a.parquet"),
            parquet(columns),
        )
        .await;
    }
}

#[tokio::test]
async fn of_all_copies_in_both_tiers_the_first_is_kept_whole() {
    let lake = lake();
    let expected = with_copies(&lake).await;
    land(&lake, &[1, 2, 3]).await;
    // Two files are in landing alone, two are settled, and one of them is there as well.
    for number in [1, 2] {
        let path = format!(
            "approval_calls/account_id=00000000000{}/month=2026-11/{number}.parquet",
            number % 2
        );
        lake.store.delete(&Path::from(path)).await.unwrap();
    }
    let every = |condition: &str| first_copies(condition).replace("FROM approval_calls", "FROM every_approval_calls");
    let ordered = format!("{} ORDER BY event_key", every("month = '2026-11'"));
    assert_eq!(rows(&lake, &ordered).await, expected);
    let counted = format!(
        "SELECT count(*) AS n, count(DISTINCT event_key) AS k FROM ({}) AS d",
        every("1 = 1")
    );
    let count = expected.len().to_string();
    assert_eq!(rows(&lake, &counted).await, [[count.clone(), count]]);
    // The plain name goes by account as well.
    let events = "SELECT count(*) AS n FROM (SELECT DISTINCT account_id, event_key FROM every_approval_calls) AS e";
    let plain = rows(&lake, "SELECT count(*) AS n FROM approval_calls").await;
    assert_eq!(plain, rows(&lake, events).await);
    assert!(plain[0][0].parse::<usize>().unwrap() > expected.len(), "{plain:?}");
}

#[tokio::test]
async fn of_both_tiers_too_only_the_rows_that_have_copies_are_sorted() {
    let lake = lake();
    with_copies(&lake).await;
    land(&lake, &[1, 2]).await;
    let every = |condition: &str| first_copies(condition).replace("FROM approval_calls", "FROM every_approval_calls");
    for sql in [
        every("month = '2026-11'"),
        every("region = 'x' AND account_id = '000000000001' AND month >= '2026-11'"),
        every("1 = 1").replace("PARTITION BY event_key", "PARTITION BY account_id, event_key"),
        "SELECT * FROM approval_calls".to_owned(),
        "SELECT event_id FROM approval_calls WHERE month = '2026-11' AND region = 'x'".to_owned(),
        "SELECT count(*) AS n FROM approval_calls WHERE account_id = '000000000001'".to_owned(),
    ] {
        let plan = rows(&lake, &format!("EXPLAIN {sql}")).await.concat().join("\n");
        assert_eq!(plan.matches("SplitExec: Once").count(), 1, "{sql}: {plan}");
        assert_eq!(plan.matches("SplitExec: Repeated").count(), 1, "{sql}: {plan}");
        // Both tiers, and those for each side and for its keys.
        let landing = plan.matches("landing/approval_calls/").count();
        assert!(
            landing >= 4 && plan.matches("/month=2026-11/").count() >= 4,
            "{sql}: {plan}"
        );
        let mut lines = plan
            .lines()
            .skip_while(|line| !line.trim_start().starts_with("SortExec"));
        assert!(lines.next().is_some(), "{sql}: {plan}");
        let sorted = lines.find(|line| !line.contains("RepartitionExec"));
        assert!(
            sorted.is_some_and(|line| line.contains("SplitExec: Repeated")),
            "{sql}: {plan}"
        );
        assert_eq!(plan.matches("SortExec").count(), 1, "{sql}: {plan}");
    }
    // The search reads nothing but the keys, of both tiers, for each side.
    let plan = rows(&lake, &format!("EXPLAIN {}", every("1 = 1")))
        .await
        .concat()
        .join("\n");
    assert_eq!(plan.matches("projection=[event_key], ").count(), 4, "{plan}");
}
