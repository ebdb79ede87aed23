//! Registering partitions, and taking them out.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::fixture::{Glue, catalog, descriptor};
use super::*;

const TABLE: &str = "settled_approval_calls";

fn folders(count: usize, month: &str) -> Vec<Folder> {
    let folder = |nth| {
        let account = format!("{nth:012}");
        Folder {
            location: format!("s3://lake/approval_calls/account_id={account}/month={month}/"),
            values: vec![account, month.to_owned()],
        }
    };
    (0..count).map(folder).collect()
}

#[tokio::test]
async fn what_is_not_registered_is_a_hundred_at_a_time_and_once() {
    let glue = Arc::new(Mutex::new(Glue::default()));
    let catalog = catalog(&glue);
    let all = folders(250, "2026-11");
    assert_eq!(catalog.ensure(TABLE, &all).await.unwrap().created, 250);
    assert_eq!(catalog.ensure(TABLE, &all).await.unwrap().created, 0);
    glue.lock().unwrap().partitions.remove(&all[170].values);
    assert_eq!(catalog.ensure(TABLE, &all).await.unwrap().created, 1);
    assert_eq!(catalog.ensure(TABLE, &[]).await.unwrap().created, 0);
    let creates = glue
        .lock()
        .unwrap()
        .calls
        .iter()
        .filter(|call| *call == "BatchCreatePartition")
        .count();
    assert_eq!(creates, 4);
}

#[tokio::test]
async fn many_are_compared_with_all_that_there_are() {
    let glue = Arc::new(Mutex::new(Glue::default()));
    let catalog = catalog(&glue);
    let all = folders(1_234, "2026-11");
    assert_eq!(catalog.ensure(TABLE, &all).await.unwrap().created, 1_234);
    glue.lock().unwrap().partitions.remove(&all[1_000].values);
    glue.lock().unwrap().calls.clear();
    assert_eq!(catalog.ensure(TABLE, &all).await.unwrap().created, 1);
    let calls = glue.lock().unwrap().calls.clone();
    assert_eq!(
        calls,
        [
            "GetTable",
            "GetPartitions",
            "GetPartitions",
            "BatchGetPartition",
            "BatchCreatePartition",
            "BatchGetPartition"
        ]
    );
    let theirs = json!({"Values": all[7].values, "StorageDescriptor": descriptor("s3://other/")});
    glue.lock().unwrap().partitions.insert(all[7].values.clone(), theirs);
    let error = catalog.ensure(TABLE, &all).await.unwrap_err().to_string();
    assert!(
        error.contains("s3://other/") && error.contains("000000000007/2026-11"),
        "{error}"
    );
}

#[tokio::test]
async fn what_somebody_else_registers_at_the_same_time_is_registered() {
    let glue = Arc::new(Mutex::new(Glue::default()));
    let all = folders(3, "2026-11");
    glue.lock().unwrap().raced = Some(all[1].values.clone());
    assert_eq!(catalog(&glue).ensure(TABLE, &all).await.unwrap().created, 2);
    assert_eq!(glue.lock().unwrap().partitions.len(), 3);
}

#[tokio::test]
async fn what_glue_refuses_is_tried_again() {
    let glue = Arc::new(Mutex::new(Glue::default()));
    glue.lock().unwrap().refusals = 1;
    assert_eq!(
        catalog(&glue)
            .ensure(TABLE, &folders(3, "2026-11"))
            .await
            .unwrap()
            .created,
        3
    );
}

#[tokio::test]
async fn a_partition_that_someone_points_elsewhere_is_an_error_that_names_both_places() {
    let glue = Arc::new(Mutex::new(Glue::default()));
    let all = folders(2, "2026-11");
    let theirs = json!({"Values": all[1].values, "StorageDescriptor": descriptor("s3://other/")});
    glue.lock().unwrap().partitions.insert(all[1].values.clone(), theirs);
    let error = catalog(&glue).ensure(TABLE, &all).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "partition 000000000001/2026-11 of table settled_approval_calls is registered at s3://other/, and its files lie at \
         s3://lake/approval_calls/account_id=000000000001/month=2026-11/"
    );
}

#[tokio::test]
async fn partitions_of_earlier_months_are_found_and_taken_out_once() {
    let glue = Arc::new(Mutex::new(Glue::default()));
    let catalog = catalog(&glue);
    let (old, new) = (folders(2, "2025-12"), folders(1, "2026-01"));
    catalog.ensure(TABLE, &[old.clone(), new].concat()).await.unwrap();
    assert_eq!(catalog.before(TABLE, "month", "2026-01").await.unwrap(), old);
    for _ in 0..2 {
        catalog.forget(TABLE, &old[0].values).await.unwrap();
    }
    assert_eq!(catalog.before(TABLE, "month", "2026-01").await.unwrap(), old[1..]);
}

#[tokio::test]
async fn since_when_all_of_them_are_seen_is_told_by_glue_s_clock() {
    let glue = Arc::new(Mutex::new(Glue::default()));
    let catalog = catalog(&glue);
    let all = folders(3, "2026-11");
    catalog.ensure(TABLE, &all).await.unwrap();
    for (nth, time) in [1_795_000_000, 1_795_000_900].into_iter().enumerate() {
        let mut glue = glue.lock().unwrap();
        glue.partitions.get_mut(&all[nth].values).unwrap()["CreationTime"] = json!(time);
    }
    let since = |seconds| jiff::Timestamp::from_second(seconds).ok();
    assert_eq!(catalog.ensure(TABLE, &all).await.unwrap().since, since(1_795_000_900));
    assert_eq!(
        catalog.ensure(TABLE, &all[..1]).await.unwrap().since,
        since(1_795_000_000)
    );
    assert_eq!(catalog.ensure(TABLE, &all[2..]).await.unwrap().since, None);
}
