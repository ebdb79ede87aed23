//! Keeps a copy of a file that cannot be read, before it goes.

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, Result};
use pipetrail_collector::Table;
use pipetrail_settlement::choice::Listed;
use sha2::{Digest, Sha256};

use crate::settle::error::SettleError;
use crate::staging::{is_change, unchanged};
use crate::store::Lake;

/// Files of less are put at once, larger ones in parts of so many bytes.
const PART: usize = 8 << 20;

/// Copies a file; where the copy is, relative to the lake. `None` where the file is gone, or another one by now.
///
/// # Errors
/// The store cannot be read or written.
pub(super) async fn copy(lake: &Lake, table: Table, file: &Listed) -> Result<Option<String>, SettleError> {
    let of = |error| SettleError::store("copy", &file.key)(error);
    let from = lake.path(&file.key).map_err(of)?;
    match copied(lake, table, file, &from).await {
        Err(error) if is_change(&error) => Ok(None),
        copied => copied.map(Some).map_err(of),
    }
}

async fn copied(lake: &Lake, table: Table, file: &Listed, from: &Path) -> Result<String> {
    let store = &*lake.store;
    let name = file.key.rsplit('/').next().unwrap_or_default();
    let mut key = format!("errors/{table}/damaged/{name}");
    if exists(store, &lake.path(&key)?).await? {
        // A run before this one copied it, or a file that was called the same.
        let ours = digest(unchanged(store, from, &file.etag, None).await?.into_stream()).await?;
        let theirs = digest(store.get(&lake.path(&key)?).await?.into_stream()).await?;
        if ours == theirs {
            return Ok(key);
        }
        key = format!("errors/{table}/damaged/{}-{name}", hex::encode(&ours[..8]));
    }
    let mut stream = unchanged(store, from, &file.etag, None).await?.into_stream();
    let to = lake.path(&key)?;
    let (mut part, mut upload) = (Vec::new(), None);
    let sent = async {
        while let Some(bytes) = stream.try_next().await? {
            part.extend_from_slice(&bytes);
            if part.len() >= PART {
                send(store, &to, &mut upload, std::mem::take(&mut part)).await?;
            }
        }
        match &mut upload {
            None => store.put(&to, PutPayload::from(part)).await.map(drop),
            Some(upload) => {
                if !part.is_empty() {
                    upload.put_part(part.into()).await?;
                }
                upload.complete().await.map(drop)
            }
        }
    };
    let sent = sent.await;
    if let (Err(_), Some(mut upload)) = (&sent, upload) {
        // What cannot be taken back is invisible all the same.
        let _ = upload.abort().await;
    }
    sent.map(|()| key)
}

async fn send(
    store: &dyn ObjectStore,
    to: &Path,
    upload: &mut Option<Box<dyn MultipartUpload>>,
    part: Vec<u8>,
) -> Result<()> {
    let upload = match upload {
        Some(upload) => upload,
        none => none.insert(store.put_multipart(to).await?),
    };
    upload.put_part(part.into()).await
}

async fn exists(store: &dyn ObjectStore, path: &Path) -> Result<bool> {
    match store.head(path).await {
        Err(Error::NotFound { .. }) => Ok(false),
        there => there.map(|_| true),
    }
}

async fn digest(bytes: impl futures::Stream<Item = Result<Bytes>> + Unpin) -> Result<[u8; 32]> {
    let hash = bytes.try_fold(Sha256::new(), |mut hash, bytes| async move {
        hash.update(&bytes);
        Ok(hash)
    });
    Ok(hash.await?.finalize().into())
}
