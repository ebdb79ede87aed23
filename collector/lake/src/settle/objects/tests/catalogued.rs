//! A lake whose partitions are registered in Glue.

use std::sync::{Arc, Mutex};

use super::*;
use crate::catalog::fixture::{Glue, catalog, descriptor};

/// A bucket, and the Glue that describes it.
fn catalogued(temp: &TempDir) -> (Lake, Arc<Mutex<Glue>>, Objects) {
    let (lake, glue) = (bucket(), Arc::new(Mutex::new(Glue::default())));
    let mut objects = at(&lake, temp, None);
    objects.catalog = Some(catalog(&glue));
    (lake, glue, objects)
}

#[tokio::test]
async fn new_files_lie_in_partitions_that_are_registered() {
    let temp = tempfile::tempdir().unwrap();
    let (lake, glue, objects) = catalogued(&temp);
    let rows = ["111122223333", "444455556666"].map(|account| row(json!({"account_id": account})));
    let file = land(&lake, TABLE, "a", &rows).await;
    let merged = objects
        .merge(&[&file], pipetrail_settlement::Becomes::Runs, None)
        .await
        .unwrap();
    assert!(
        matches!(&merged, Merge::Settled(settled) if settled.outputs.len() == 2),
        "{merged:?}"
    );
    let registered = glue.lock().unwrap().partitions.clone();
    let locations: Vec<&str> = (registered.values())
        .map(|partition| partition["StorageDescriptor"]["Location"].as_str().unwrap())
        .collect();
    assert_eq!(
        locations,
        ["111122223333", "444455556666"]
            .map(|account| format!("s3://bucket/below/approval_calls/account_id={account}/month=2026-11/"))
    );
    let prefixes: BTreeSet<String> = (["111122223333", "777788889999"].iter())
        .map(|account| format!("approval_calls/account_id={account}/month=2026-11/"))
        .collect();
    assert_eq!(objects.register(&prefixes).await.unwrap().repaired, 1);
}

#[tokio::test]
async fn where_a_partition_is_registered_elsewhere_no_new_file_stays() {
    let temp = tempfile::tempdir().unwrap();
    let (lake, glue, objects) = catalogued(&temp);
    let values = vec!["111122223333".to_owned(), "2026-11".to_owned()];
    let theirs = json!({"Values": values, "StorageDescriptor": descriptor("s3://theirs/")});
    glue.lock().unwrap().partitions.insert(values, theirs);
    let copies = [
        json!({"event_id": "a"}),
        json!({"event_id": "b"}),
        json!({"account_id": "444455556666"}),
    ];
    let file = land(&lake, TABLE, "a", &copies.map(row)).await;
    let error = objects
        .merge(&[&file], pipetrail_settlement::Becomes::Runs, None)
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("s3://theirs/") && text.contains("account_id=111122223333"),
        "{text}"
    );
    assert_eq!(keys(&lake, "").await, [file.key]);
}

#[tokio::test]
async fn an_earlier_month_goes_out_of_the_catalogue_once_nothing_lies_in_it() {
    let temp = tempfile::tempdir().unwrap();
    let (lake, glue, objects) = catalogued(&temp);
    let prefix = |account: &str, month: &str| format!("approval_calls/account_id={account}/month={month}/");
    let [gone, full, kept] = [
        ("111122223333", "2025-12"),
        ("444455556666", "2025-12"),
        ("111122223333", "2026-01"),
    ]
    .map(|(account, month)| prefix(account, month));
    put(&lake, &format!("{full}run-a.parquet"), Vec::new()).await;
    objects.register(&[gone, full, kept].into()).await.unwrap();
    let values = vec!["777788889999".to_owned(), "2025-11".to_owned()];
    let theirs = json!({"Values": values, "StorageDescriptor": descriptor("s3://theirs/")});
    glue.lock().unwrap().partitions.insert(values, theirs);
    objects.unregister_before("2026-01").await.unwrap();
    let left: Vec<String> = glue
        .lock()
        .unwrap()
        .partitions
        .keys()
        .map(|values| values.join("/"))
        .collect();
    assert_eq!(
        left,
        ["111122223333/2026-01", "444455556666/2025-12", "777788889999/2025-11"]
    );
}
