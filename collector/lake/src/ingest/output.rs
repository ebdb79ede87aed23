//! One new Parquet file of the lake. It is there as a whole or not at all.

use std::sync::Arc;

use crate::parquet::{RowBatch, properties, schema};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use pipetrail_collector::Table;
use tokio::runtime::Handle;

use super::error::PartitionError;
use crate::store::Lake;

/// A file of less is put at once, a larger one in parts of at least so many bytes; S3 refuses smaller
/// ones than 5 MiB.
const PART: usize = 8 << 20;

/// A file that is being written.
pub(super) struct File<'l> {
    store: &'l dyn ObjectStore,
    handle: &'l Handle,
    path: Path,
    arrow: ArrowWriter<Vec<u8>>,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl<'l> File<'l> {
    /// Begins it; nothing is written yet.
    ///
    /// # Errors
    /// The table has no such schema.
    pub(super) fn create(lake: &'l Lake, path: Path, table: Table, handle: &'l Handle) -> Result<Self, PartitionError> {
        let options = ArrowWriterOptions::new()
            .with_properties(properties(table))
            .with_skip_arrow_metadata(true);
        let arrow = ArrowWriter::try_new_with_options(Vec::new(), Arc::new(schema(table)), options);
        Ok(File {
            store: &*lake.store,
            handle,
            arrow: arrow.map_err(of_parquet(&path))?,
            path,
            upload: None,
        })
    }

    /// Adds rows, and sends what is complete.
    ///
    /// # Errors
    /// The rows make no Parquet, or the store fails.
    pub(super) fn write(&mut self, batch: &mut RowBatch) -> Result<(), PartitionError> {
        let batch = batch.finish().map_err(ParquetError::from);
        batch
            .and_then(|batch| self.arrow.write(&batch))
            .map_err(of_parquet(&self.path))?;
        if self.arrow.inner().len() >= PART {
            let part = std::mem::take(self.arrow.inner_mut());
            self.send(part)?;
        }
        Ok(())
    }

    fn send(&mut self, part: Vec<u8>) -> Result<(), PartitionError> {
        let sent = self.handle.block_on(async {
            let upload = match &mut self.upload {
                Some(upload) => upload,
                none => none.insert(self.store.put_multipart(&self.path).await?),
            };
            upload.put_part(part.into()).await
        });
        sent.map_err(of_store(&self.path))
    }

    /// Makes the file visible.
    ///
    /// # Errors
    /// As [`File::write`]; it is not visible then.
    pub(super) fn finish(mut self) -> Result<(), PartitionError> {
        if let Err(cause) = self.arrow.finish() {
            let error = of_parquet(&self.path)(cause);
            self.abandon();
            return Err(error);
        }
        let rest = std::mem::take(self.arrow.inner_mut());
        if self.upload.is_none() {
            let put = self.store.put(&self.path, PutPayload::from(rest));
            return self.handle.block_on(put).map(drop).map_err(of_store(&self.path));
        }
        let sent = self.send(rest).and_then(|()| match &mut self.upload {
            Some(upload) => self
                .handle
                .block_on(upload.complete())
                .map(drop)
                .map_err(of_store(&self.path)),
            None => Ok(()),
        });
        if sent.is_err() {
            self.abandon();
        }
        sent
    }

    /// Takes back what was sent.
    pub(super) fn abandon(mut self) {
        if let Some(upload) = &mut self.upload {
            // What cannot be taken back is invisible all the same.
            let _ = self.handle.block_on(upload.abort());
        }
    }
}

fn of_store(path: &Path) -> impl Fn(object_store::Error) -> PartitionError {
    move |cause| PartitionError::Store {
        what: "write",
        place: path.to_string(),
        cause,
    }
}

fn of_parquet(path: &Path) -> impl Fn(ParquetError) -> PartitionError {
    move |cause| PartitionError::Parquet {
        place: path.to_string(),
        cause,
    }
}
