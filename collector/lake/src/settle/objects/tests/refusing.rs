//! A store that refuses some calls: what was to be done is done when it no longer does, and nothing is lost meanwhile.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use pipetrail_settlement::{Ended, RunError, run};

use super::runs::{partitions, task};
use super::*;

type Refuses = Box<dyn FnMut(&str, &Path) -> bool + Send>;

/// A store that answers some calls as S3 does where a policy denies them.
struct Refusing {
    store: Arc<dyn ObjectStore>,
    refuses: Arc<Mutex<Refuses>>,
}

fn refused(path: &Path) -> Error {
    Error::PermissionDenied {
        path: path.to_string(),
        source: "AccessDenied".into(),
    }
}

impl Refusing {
    fn asked(&self, call: &str, path: &Path) -> Result<()> {
        let mut refuses = self.refuses.lock().unwrap_or_else(PoisonError::into_inner);
        match refuses(call, path) {
            true => Err(refused(path)),
            false => Ok(()),
        }
    }
}

impl fmt::Debug for Refusing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that refuses")
    }
}

impl fmt::Display for Refusing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that refuses")
    }
}

#[async_trait]
impl ObjectStore for Refusing {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.asked("put", path)?;
        self.store.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(&self, path: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.asked("put", path)?;
        self.store.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (store, refuses) = (Arc::clone(&self.store), Arc::clone(&self.refuses));
        let deleted = paths.then(move |path| {
            let this = Refusing {
                store: Arc::clone(&store),
                refuses: Arc::clone(&refuses),
            };
            async move {
                let path = path?;
                this.asked("delete", &path)?;
                let one = futures::stream::iter([Ok(path)]).boxed();
                let deleted: Vec<_> = this.store.delete_stream(one).collect().await;
                deleted.into_iter().next().unwrap()
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}

/// A lake and the same one through a store that refuses.
struct Place {
    temp: TempDir,
    lake: Lake,
    refusing: Lake,
}

impl Place {
    fn new(refuses: impl FnMut(&str, &Path) -> bool + Send + 'static) -> Self {
        let lake = bucket();
        let store = Refusing {
            store: Arc::clone(&lake.store),
            refuses: Arc::new(Mutex::new(Box::new(refuses))),
        };
        Place {
            temp: tempfile::tempdir().unwrap(),
            refusing: Lake {
                store: Arc::new(store),
                ..lake.clone()
            },
            lake,
        }
    }

    /// Rows of ten files, a copy and a malformed one among them, and a file that is none.
    async fn land(&self) {
        for nth in 0..10_u64 {
            let values = json!({"event_key": key(nth), "event_id": key(nth), "account_id": format!("{:012}", nth % 2)});
            land(&self.lake, TABLE, &nth.to_string(), &[row(values)]).await;
        }
        let copy = json!({"event_key": key(0), "event_id": "again", "account_id": format!("{:012}", 0)});
        let malformed = json!({"event_key": "none"});
        land(&self.lake, TABLE, "rest", &[row(copy), row(malformed)]).await;
        put(
            &self.lake,
            "landing/approval_calls/2026-11-20-text.parquet",
            b"text".to_vec(),
        )
        .await;
    }

    async fn run(lake: &Lake, temp: &TempDir, now: &str) -> Ended<SettleError> {
        run(&at(lake, temp, Some(now)), &task(now)).await
    }

    async fn refused(&self, now: &str) -> Ended<SettleError> {
        Self::run(&self.refusing, &self.temp, now).await
    }

    /// All is well again: in the end every event is where it belongs.
    async fn goes_on(&self) {
        for now in ["2026-11-22T03:00:00Z", "2026-11-22T10:00:00Z"] {
            Self::run(&self.lake, &self.temp, now).await.result().unwrap();
        }
        assert_eq!(keys(&self.lake, "landing").await, [""; 0]);
        assert_eq!(keys(&self.lake, "errors/approval_calls/damaged").await.len(), 1);
        let (_, rows) = partitions(&self.lake, &self.temp).await;
        let mut distinct: Vec<u64> = (0..10).collect();
        distinct.retain(|nth| rows.iter().any(|row| row.contains(&key(*nth))));
        assert_eq!(distinct.len(), 10, "{rows:?}");
    }
}

#[tokio::test]
async fn deletions_that_are_denied_are_named_and_done_when_they_are_not() {
    // All of them; and three.
    for most in [usize::MAX, 3] {
        let mut refused = 0;
        let place = Place::new(move |call, _| {
            refused += usize::from(call == "delete");
            call == "delete" && refused <= most
        });
        place.land().await;
        place.refused("2026-11-21T03:00:00Z").await.result().unwrap();
        let done = place.refused("2026-11-21T10:00:00Z").await.result().unwrap();
        let count = most.min(12);
        assert_eq!((done.left.len(), done.deleted), (count, 12 - count as u64), "{done:?}");
        assert!(
            done.left.iter().all(|left| left.why == "it could not be deleted"),
            "{done:?}"
        );
        assert_eq!(keys(&place.lake, "landing").await.len(), count);
        place.goes_on().await;
    }
}

#[tokio::test]
async fn files_that_may_not_be_written_are_named_and_nothing_is_entered() {
    for (place_of, what) in [
        ("approval_calls/account_id=", "partition"),
        ("copies/", "copies"),
        ("errors/approval_calls/rejected/", "rejected rows"),
        ("settlement/approval_calls/0", "the log"),
    ] {
        let place = Place::new(move |call, path| call == "put" && path.as_ref().contains(place_of));
        place.land().await;
        let ended = place.refused("2026-11-21T03:00:00Z").await;
        let error = match ended.error {
            Some(RunError::World(error)) => pipetrail_names::chain(&error),
            other => panic!("{what}: {other:?}"),
        };
        assert!(
            error.contains("AccessDenied") && error.contains(place_of),
            "{what}: {error}"
        );
        assert_eq!(ended.done.days, 0, "{what}");
        place.refused("2026-11-21T12:00:00Z").await;
        let landed = keys(&place.lake, "landing").await;
        // What was set aside before may have gone.
        assert!(landed.len() >= 11, "{what}: {landed:?}");
        place.goes_on().await;
    }
}

#[tokio::test]
async fn no_file_waits_for_one_that_cannot_be_set_aside() {
    let place = Place::new(|call, path| call == "put" && path.as_ref().contains("/damaged/"));
    place.land().await;
    let done = place.refused("2026-11-21T03:00:00Z").await.result().unwrap();
    assert_eq!((done.days, done.set_aside.len()), (1, 0), "{done:?}");
    let [left] = done.left.as_slice() else {
        panic!("{done:?}")
    };
    assert!(
        left.key.ends_with("text.parquet") && left.why.contains("AccessDenied"),
        "{left:?}"
    );
    place.refused("2026-11-21T12:00:00Z").await.result().unwrap();
    assert_eq!(keys(&place.lake, "landing").await.len(), 1);
    place.goes_on().await;
}
