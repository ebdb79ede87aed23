//! The files of rows that lie in a lake.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt};
use pipetrail_settlement::choice::Listed;

use super::entries::time;
use crate::settle::error::SettleError;
use crate::store::Lake;

/// The files below a place, by key, that an engine reads by `is_read`; `wanted` is asked for the key of each.
///
/// # Errors
/// The store cannot be listed, or does not say what it must of a file.
pub(super) async fn files(
    lake: &Lake,
    place: &str,
    is_read: impl Fn(&Path, &Path) -> bool,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Listed>, SettleError> {
    let folder = lake.at(place);
    let mut listing = lake.store.list(Some(&folder));
    let mut files = Vec::new();
    while let Some(file) = listing
        .try_next()
        .await
        .map_err(SettleError::store("list", folder.as_ref()))?
    {
        let Some(key) = key(lake, &file).filter(|key| is_read(&folder, &file.location) && wanted(key)) else {
            continue;
        };
        files.push(Listed {
            key: key.to_owned(),
            size: file.size,
            written: time(&file)?,
            etag: file.e_tag.clone().ok_or_else(|| SettleError::NoEtag(key.to_owned()))?,
        });
    }
    files.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(files)
}

/// Bytes and ETag of a file, where there is one.
///
/// # Errors
/// The store does not answer, or not with what it must say of a file.
pub(super) async fn head(lake: &Lake, key: &str) -> Result<Option<(u64, String)>, SettleError> {
    let of = |error| SettleError::store("read", key)(error);
    match lake.store.head(&lake.path(key).map_err(of)?).await {
        Ok(file) => {
            let etag = file.e_tag.ok_or_else(|| SettleError::NoEtag(key.to_owned()))?;
            Ok(Some((file.size, etag)))
        }
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(of(error)),
    }
}

/// A file's key relative to the lake.
fn key<'f>(lake: &Lake, file: &'f ObjectMeta) -> Option<&'f str> {
    let key = file.location.as_ref().strip_prefix(lake.root.as_ref())?;
    Some(key.trim_start_matches('/'))
}
