//! Deletes a file, if it is the one that is to go.

use object_store::{Error, ObjectStoreExt};

use crate::store::Lake;

/// Whether a file with that ETag is gone afterwards. S3 can delete under the condition that a file has an ETag, but
/// `object_store` cannot ask it to: between the question and the deletion a file could be replaced. Firehose
/// never writes a key again, and every other name is written once.
pub(super) async fn delete(lake: &Lake, key: &str, etag: &str) -> bool {
    let Ok(path) = lake.path(key) else { return false };
    match lake.store.head(&path).await {
        Err(Error::NotFound { .. }) => true,
        Err(_) => false,
        Ok(there) if there.e_tag.as_deref() != Some(etag) => true,
        Ok(_) => matches!(lake.store.delete(&path).await, Ok(()) | Err(Error::NotFound { .. })),
    }
}
