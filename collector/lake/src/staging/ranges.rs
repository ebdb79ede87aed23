//! A file of a store, read range by range: for files of which a part is read, or that are large.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use tokio::runtime::Handle;

use super::unchanged::unchanged;

/// What the store said when a range could not be read. Whoever reads Parquet hears only that the file is
/// broken, which it need not be.
pub(crate) type Failure = Arc<Mutex<Option<Arc<object_store::Error>>>>;

/// A file of the store.
#[derive(Clone)]
pub(crate) struct Ranges {
    pub store: Arc<dyn ObjectStore>,
    pub path: Path,
    pub size: u64,
    /// Only a file with this ETag is read, where there is one.
    pub etag: Option<String>,
    pub handle: Handle,
    /// The last failure of the store.
    pub failure: Failure,
}

impl Ranges {
    /// The last failure of the store, which then is the reason why the file looks broken.
    pub(crate) fn failure(&self) -> Option<Arc<object_store::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    #[cfg(feature = "ingest")]
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn range(&self, start: u64, length: u64) -> Result<Bytes, object_store::Error> {
        let range = start..start.saturating_add(length).min(self.size);
        self.handle.block_on(async {
            let Some(etag) = &self.etag else {
                return self.store.get_range(&self.path, range).await;
            };
            let got = unchanged(&*self.store, &self.path, etag, Some(range)).await?;
            got.bytes().await
        })
    }
}

impl Length for Ranges {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Ranges {
    type T = Sequence;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Sequence> {
        Ok(Sequence {
            file: self.clone(),
            next: start,
            read: Bytes::new(),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        if start.saturating_add(length as u64) > self.size {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} of {}", self.size)));
        }
        self.range(start, length as u64).map_err(|error| {
            let error = Arc::new(error);
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&error));
            ParquetError::External(Box::new(error))
        })
    }
}

/// A file of the store from somewhere on, a piece at a time.
pub(crate) struct Sequence {
    file: Ranges,
    next: u64,
    read: Bytes,
}

impl Read for Sequence {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        const PIECE: u64 = 64 << 10;
        if self.read.is_empty() && self.next < self.file.size {
            let length = PIECE.min(self.file.size - self.next) as usize;
            self.read = self.file.get_bytes(self.next, length).map_err(io::Error::other)?;
            self.next += self.read.len() as u64;
        }
        let length = out.len().min(self.read.len());
        let taken = self.read.split_to(length);
        out.get_mut(..length)
            .ok_or(io::ErrorKind::InvalidInput)?
            .copy_from_slice(&taken);
        Ok(length)
    }
}
