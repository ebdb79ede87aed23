//! Files that go between the list of files and the reading: an answer is whole, or it is an error.

use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use async_trait::async_trait;
use datafusion::parquet::file::properties::WriterProperties;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions, PutOptions,
    PutPayload, PutResult,
};

use super::*;

const LANDED: &str = "landing/approval_calls/2026-11-20-a.parquet";
const HINT: &str = "ask again: files were settled";

/// A file as rows land, a row group for each ten thousand.
fn landed(keys: &[String]) -> Vec<u8> {
    let same = |value| text(std::iter::repeat_n(value, keys.len()));
    let columns = [
        ("event_key", text(keys.iter().map(String::as_str))),
        ("account_id", same("000011112222")),
        ("month", same("2026-11")),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(10_000))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{i:032x}")).collect()
}

/// Settles what has landed: the new file first, then the deletion.
async fn settle(lake: &Lake, keys: &[String]) {
    let bytes = parquet(vec![("event_key", text(keys.iter().map(String::as_str)))]);
    put(lake, &format!("{NOVEMBER}/run-1.parquet"), bytes).await;
    lake.store.delete(&Path::from(LANDED)).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_settled_after_it_was_listed_costs_no_row() {
    for sql in [
        "SELECT event_key FROM approval_calls ORDER BY event_key",
        "SELECT event_key FROM every_approval_calls ORDER BY event_key",
        "SELECT event_key FROM approval_calls WHERE month = '2026-11' ORDER BY event_key",
    ] {
        for by_page in [false, true] {
            let (lake, keys) = (lake(), numbered(20));
            put(&lake, LANDED, landed(&keys)).await;
            let engine = Embedded::over(&lake).unwrap();
            // Listed, and nothing read.
            let mut pages = engine.ask(sql).await.unwrap();
            settle(&lake, &keys).await;
            let mut found = Vec::new();
            if by_page {
                while let Some(page) = pages.next().await.unwrap() {
                    found.extend(page);
                }
            } else {
                found = pages.collect().await.unwrap().rows;
            }
            let expected: Vec<_> = keys.into_iter().map(|key| vec![Value::Text(key)]).collect();
            assert_eq!(found, expected, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_file_whose_footer_is_known_is_missed_as_well() {
    let (lake, keys) = (lake(), numbered(20));
    put(&lake, LANDED, landed(&keys)).await;
    let engine = Embedded::over(&lake).unwrap();
    let sql = "SELECT event_key FROM landing_approval_calls";
    assert_eq!(engine.ask(sql).await.unwrap().collect().await.unwrap().rows.len(), 20);
    let pages = engine.ask(sql).await.unwrap();
    settle(&lake, &keys).await;
    // A new list has none of it.
    assert!(pages.collect().await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn rows_that_were_given_out_are_never_given_again_nor_is_the_answer_short() {
    let (lake, keys) = (lake(), numbered(100_000));
    put(&lake, LANDED, landed(&keys)).await;
    let engine = Embedded::over(&lake).unwrap();
    let mut pages = engine.ask("SELECT event_key FROM every_approval_calls").await.unwrap();
    let first = pages.next().await.unwrap().unwrap();
    assert!(!first.is_empty());
    settle(&lake, &keys).await;
    let mut count = first.len();
    let error = loop {
        match pages.next().await {
            Ok(Some(page)) => count += page.len(),
            Ok(None) => panic!("{count} rows, and no word of the others"),
            Err(error) => break error,
        }
    };
    assert!(count < keys.len(), "{count}");
    assert_eq!(error.to_string(), format!("cannot read {LANDED}: the file is gone"));
    assert!(error.rewrite().unwrap().starts_with(HINT), "{error:?}");
}

/// A store that lists a file and does not have it any more, once it was read so many times.
#[derive(Debug)]
struct Without {
    inner: InMemory,
    file: Path,
    reads: AtomicUsize,
    /// The file in its place; without it the list never changes.
    settled: Option<(Path, Vec<u8>)>,
}

impl Without {
    async fn lose(&self) -> Answered<()> {
        if let Some((path, bytes)) = &self.settled {
            self.inner.put(path, bytes.clone().into()).await?;
            self.inner.delete(&self.file).await?;
        }
        Ok(())
    }
}

impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("without")
    }
}

type Answered<T> = object_store::Result<T>;

#[async_trait]
impl ObjectStore for Without {
    async fn put_opts(&self, at: &Path, bytes: PutPayload, options: PutOptions) -> Answered<PutResult> {
        self.inner.put_opts(at, bytes, options).await
    }

    async fn put_multipart_opts(&self, at: &Path, options: PutMultipartOptions) -> Answered<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Answered<GetResult> {
        let more = |reads: usize| reads.checked_sub(1);
        if *at == self.file && self.reads.fetch_update(Relaxed, Relaxed, more).is_err() {
            self.lose().await?;
            let (path, source) = (at.to_string(), "no such key".into());
            return Err(object_store::Error::NotFound { path, source });
        }
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(&self, at: BoxStream<'static, Answered<Path>>) -> BoxStream<'static, Answered<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Answered<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Answered<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Answered<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn what_is_gone_twice_is_an_error_that_names_the_file_and_says_to_ask_again() {
    for file in [LANDED.to_owned(), format!("{NOVEMBER}/a.parquet")] {
        let inner = InMemory::new();
        inner
            .put(&Path::from(LANDED), landed(&numbered(3)).into())
            .await
            .unwrap();
        let path = Path::from(format!("{NOVEMBER}/a.parquet"));
        inner.put(&path, keys(&["k1", "k2"]).into()).await.unwrap();
        let lake = Lake {
            store: Arc::new(Without {
                inner,
                file: Path::from(file.as_str()),
                reads: AtomicUsize::new(0),
                settled: None,
            }),
            ..lake()
        };
        for sql in [
            "SELECT event_key FROM every_approval_calls",
            "SELECT * FROM approval_calls",
            "SELECT count(*) AS n FROM approval_calls",
            &first_copies("1 = 1"),
        ] {
            let (message, hint) = refused(&lake, sql).await;
            assert_eq!(message, format!("cannot read {file}: the file is gone"), "{sql}");
            assert!(hint.starts_with(HINT), "{hint}");
        }
    }
}

#[tokio::test]
async fn what_was_read_of_a_file_that_goes_in_the_middle_of_it_is_not_counted_twice() {
    let keys = numbered(100_000);
    let settled = parquet(vec![("event_key", text(keys.iter().map(String::as_str)))]);
    // The footer, then a row group at a time.
    for reads in [0, 1, 2, 4, 8] {
        let inner = InMemory::new();
        inner.put(&Path::from(LANDED), landed(&keys).into()).await.unwrap();
        let lake = Lake {
            store: Arc::new(Without {
                inner,
                file: Path::from(LANDED),
                reads: AtomicUsize::new(reads),
                settled: Some((Path::from(format!("{NOVEMBER}/run-1.parquet")), settled.clone())),
            }),
            ..lake()
        };
        let engine = Embedded::over(&lake).unwrap();
        let pages = engine.ask("SELECT event_key FROM every_approval_calls").await.unwrap();
        let rows = pages.collect().await.unwrap().rows;
        assert_eq!(rows.len(), keys.len(), "{reads}");
        // It was lost: the question came to the settled file.
        let left: Vec<_> = futures::TryStreamExt::try_collect(lake.store.list(None)).await.unwrap();
        assert!(
            left.iter().all(|object| object.location != Path::from(LANDED)),
            "{reads}: {left:?}"
        );
    }
}
