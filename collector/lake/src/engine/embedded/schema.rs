//! The check of each file before a row of it is read: it is whole, of its table's shape, and still there.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{CachedParquetFileReaderFactory, ParquetFileReaderFactory};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use thiserror::Error;

use super::shape::Shape;

/// A file in a table's folder that cannot be read as the table's.
#[derive(Clone, Debug, Error)]
#[error("{file}: {what}")]
pub(super) struct BadFile {
    /// Its key in the lake.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

/// A file that was listed and is not there any more: its rows were settled into another one meanwhile.
#[derive(Clone, Debug, Error)]
#[error("{file}: the file is gone")]
pub(super) struct Gone {
    /// Its key in the lake.
    pub file: String,
}

/// Opens files, each after its footer was found right.
#[derive(Debug)]
pub(super) struct Checked {
    shape: Arc<Shape>,
    store: Arc<dyn ObjectStore>,
    inner: CachedParquetFileReaderFactory,
}

impl Checked {
    pub(super) fn new(shape: Arc<Shape>, store: Arc<dyn ObjectStore>, footers: Arc<FileMetadataCache>) -> Self {
        Checked {
            shape,
            store: Arc::clone(&store),
            inner: CachedParquetFileReaderFactory::new(store, footers),
        }
    }
}

impl ParquetFileReaderFactory for Checked {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        footer_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::common::Result<Box<dyn AsyncFileReader + Send>> {
        Ok(Box::new(CheckedReader {
            shape: Arc::clone(&self.shape),
            store: Arc::clone(&self.store),
            file: file.object_meta.location.clone(),
            inner: self.inner.create_reader(partition, file, footer_hint, metrics)?,
        }))
    }
}

struct CheckedReader {
    shape: Arc<Shape>,
    store: Arc<dyn ObjectStore>,
    file: Path,
    inner: Box<dyn AsyncFileReader + Send>,
}

impl CheckedReader {
    fn bad(&self, what: String) -> ParquetError {
        let file = self.file.to_string();
        ParquetError::External(Box::new(BadFile { file, what }))
    }

    /// The file is gone, or else what was said. DataFusion keeps only the text of some errors, so the store is
    /// asked.
    fn gone(&self, or: ParquetError) -> BoxFuture<'static, ParquetError> {
        let (store, file) = (Arc::clone(&self.store), self.file.clone());
        async move {
            match store.head(&file).await {
                Err(object_store::Error::NotFound { .. }) => {
                    let file = file.to_string();
                    ParquetError::External(Box::new(Gone { file }))
                }
                _ => or,
            }
        }
        .boxed()
    }
}

impl AsyncFileReader for CheckedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            match self.inner.get_bytes(range).await {
                Err(error) => Err(self.gone(error).await),
                read => read,
            }
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        async move {
            match self.inner.get_byte_ranges(ranges).await {
                Err(error) => Err(self.gone(error).await),
                read => read,
            }
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            match self.inner.get_metadata(options).await {
                Err(error) => {
                    let unreadable = self.bad(unreadable(&error));
                    Err(self.gone(unreadable).await)
                }
                Ok(footer) => match self.shape.difference(footer.file_metadata().schema()) {
                    None => Ok(footer),
                    Some(what) => Err(self.bad(what)),
                },
            }
        }
        .boxed()
    }
}

/// The end of the chain of causes; what stands before it repeats the file's name.
fn unreadable(error: &ParquetError) -> String {
    let text = error.to_string();
    let last = text.rsplit(": ").next().unwrap_or(&text);
    format!("not a whole Parquet file ({last})")
}
