//! Deletes files, those that are the ones that are to go.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt};

use crate::store::Lake;

/// How many files are looked at at the same time.
const LOOKS: usize = 64;

/// What a look at a file shows.
enum Look {
    /// It is the one that is to go.
    There(Path),
    /// It is gone, or another one by now.
    Gone,
    /// The store does not say.
    Unknown,
}

/// Deletes files that have these ETags, a thousand in a call; the keys of those that could not be. S3 can delete
/// under the condition that a file has an ETag, but `object_store` cannot ask it to: between the question and
/// the deletion a file could be replaced. Firehose never writes a key again, and every other name is written once.
pub(super) async fn delete(lake: &Lake, files: &[(&str, &str)]) -> BTreeSet<String> {
    let mut failed = BTreeSet::new();
    let mut going = BTreeMap::new();
    for (nth, look) in looks(lake, files).await {
        match look {
            Look::There(path) => drop(going.insert(path, nth)),
            Look::Gone => {}
            Look::Unknown => drop(failed.insert(files[nth].0.to_owned())),
        }
    }
    let paths: Vec<object_store::Result<Path>> = going.keys().cloned().map(Ok).collect();
    let mut deleted = lake.store.delete_stream(futures::stream::iter(paths).boxed());
    while let Some(path) = deleted.next().await {
        if let Ok(path) = path {
            going.remove(&path);
        }
    }
    // What somebody else has deleted meanwhile is an error of some stores, and no failure.
    let left: Vec<(&str, &str)> = going.values().map(|nth| files[*nth]).collect();
    for (nth, look) in looks(lake, &left).await {
        if !matches!(look, Look::Gone) {
            failed.insert(left[nth].0.to_owned());
        }
    }
    failed
}

/// Looks at files; each with its place in the list.
async fn looks(lake: &Lake, files: &[(&str, &str)]) -> Vec<(usize, Look)> {
    let all = files.iter().enumerate();
    let all = all.map(|(nth, (key, etag))| async move { (nth, look(lake, key, etag).await) });
    futures::stream::iter(all).buffer_unordered(LOOKS).collect().await
}

async fn look(lake: &Lake, key: &str, etag: &str) -> Look {
    let Ok(path) = lake.path(key) else { return Look::Unknown };
    match lake.store.head(&path).await {
        Err(Error::NotFound { .. }) => Look::Gone,
        Err(_) => Look::Unknown,
        Ok(there) if there.e_tag.as_deref() != Some(etag) => Look::Gone,
        Ok(_) => Look::There(path),
    }
}
