use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use datafusion::prelude::{col, lit};
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectStoreExt, PutMultipartOptions, PutOptions,
    PutPayload, PutResult,
};
use pipetrail_collector::Table;

use super::*;

/// A store that counts how often it is listed, a call per thousand keys as S3 answers.
#[derive(Debug, Default)]
struct Counted {
    inner: InMemory,
    lists: AtomicUsize,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counted")
    }
}

type Answer<T> = object_store::Result<T>;

#[async_trait]
impl ObjectStore for Counted {
    async fn put_opts(&self, at: &Path, bytes: PutPayload, options: PutOptions) -> Answer<PutResult> {
        self.inner.put_opts(at, bytes, options).await
    }

    async fn put_multipart_opts(&self, at: &Path, options: PutMultipartOptions) -> Answer<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Answer<GetResult> {
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(&self, at: BoxStream<'static, Answer<Path>>) -> BoxStream<'static, Answer<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Answer<ObjectMeta>> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Answer<ListResult> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Answer<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Accounts × three months, two files each.
async fn store(accounts: u32) -> Counted {
    let store = Counted::default();
    for account in 0..accounts {
        for month in ["2026-09", "2026-10", "2026-11"] {
            for file in ["a.parquet", "2026/11/20/09/b.parquet"] {
                let key = format!("root/approval_calls/account_id={account:012}/month={month}/{file}");
                store.put(&Path::from(key), "x".into()).await.unwrap();
            }
        }
    }
    store
}

/// How many files are found, in how many calls.
async fn found(store: &Counted, filters: &[Expr], flat: usize) -> (usize, usize) {
    store.lists.store(0, Ordering::Relaxed);
    let root = Path::from("root");
    let wanted = Wanted {
        store,
        root: &root,
        folders: Folders::Table(Table::ApprovalCalls),
        filters,
        flat,
    };
    let files = wanted.list().await.unwrap();
    assert!(files.is_sorted_by(|a, b| a.object_meta.location < b.object_meta.location));
    (files.len(), store.lists.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_small_table_is_listed_in_one_call_and_a_large_one_only_where_it_is_wanted() {
    let store = store(200).await;
    let month = col("month").eq(lit("2026-10"));
    let account = col("account_id").eq(lit("000000000007"));
    let some = col("account_id").in_list(
        vec![lit("000000000007"), lit("000000000008"), lit("000000000999")],
        false,
    );
    let late = col("month").gt_eq(lit("2026-10"));

    assert_eq!(found(&store, &[], FLAT).await, (1200, 1));
    assert_eq!(found(&store, std::slice::from_ref(&month), FLAT).await, (400, 1));
    // Named partitions are not searched for.
    assert_eq!(found(&store, &[account.clone(), month.clone()], 0).await, (2, 1));
    assert_eq!(found(&store, &[some.clone(), month.clone()], 0).await, (4, 3));
    assert_eq!(found(&store, &[some.clone(), late.clone()], FLAT).await, (8, 3));
    assert_eq!(found(&store, &[account.clone().and(month.clone())], 0).await, (2, 1));
    assert_eq!(
        found(
            &store,
            &[account.clone().or(col("account_id").eq(lit("000000000008")))],
            FLAT
        )
        .await,
        (12, 2)
    );
    // A large table: its folder, the 200 accounts, then each account's own files.
    assert_eq!(found(&store, std::slice::from_ref(&late), 1000).await, (800, 2 + 200));
    let not_all = Expr::not_eq(col("account_id"), lit("000000000007"));
    assert_eq!(found(&store, &[not_all, month.clone()], 1000).await, (398, 2 + 199));
    // Accounts that are large themselves: 3 calls for each and one for each wanted month.
    assert_eq!(found(&store, &[some, late], 3).await, (8, 2 * 2 + 1 + 2 * 2));
    assert_eq!(
        found(&store, &[account, Expr::not_eq(col("month"), lit("2026-10"))], 3).await,
        (4, 2 + 2)
    );
    // Nothing can be asked of what is unknown.
    assert_eq!(
        found(&store, &[Expr::eq(col("month"), lit("2027-01"))], 1000).await,
        (0, 2 + 200)
    );
}

#[tokio::test]
async fn contradictions_and_nulls_choose_no_file() {
    let store = store(2).await;
    let seven = || col("account_id").eq(lit("000000000001"));
    assert_eq!(
        found(&store, &[seven(), col("account_id").eq(lit("000000000000"))], FLAT)
            .await
            .0,
        0
    );
    assert_eq!(
        found(&store, &[col("month").eq(lit(ScalarValue::Utf8(None)))], FLAT)
            .await
            .0,
        0
    );
    assert_eq!(found(&store, &[lit(false)], FLAT).await.0, 0);
    assert_eq!(found(&store, &[seven().is_not_true()], FLAT).await.0, 6);
}

#[test]
fn a_filter_that_speaks_of_other_columns_or_chance_settles_nothing() {
    let keys = ["account_id", "month"];
    assert!(speaks_only_of(&col("month").eq(lit("x")), &keys));
    assert!(!speaks_only_of(&col("month").eq(col("region")), &keys));
    assert!(!speaks_only_of(&col("approval_calls.region").eq(lit("x")), &keys));
}
