//! One new Parquet file of the lake. It is there as a whole or not at all.

use std::sync::Arc;

use crate::parquet::{Form, RowBatch};
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, Result};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use parquet::file::metadata::{FooterTail, ParquetMetaDataReader};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::error::PartitionError;
use crate::store::Lake;

/// A file of less is put at once, a larger one in parts of at least so many bytes; S3 refuses smaller
/// ones than 5 MiB.
const PART: usize = 8 << 20;

/// A file that is being written. Its name is one that no other file has, or one of its content.
pub(crate) struct File<'l> {
    store: &'l dyn ObjectStore,
    handle: &'l Handle,
    path: Path,
    arrow: ArrowWriter<Vec<u8>>,
    upload: Option<Box<dyn MultipartUpload>>,
    hash: Sha256,
    size: u64,
}

/// A file that is there.
#[cfg_attr(
    not(feature = "settle"),
    expect(dead_code, reason = "only settle enters files in a log")
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Bytes.
    pub size: u64,
    /// What the store calls this state of it.
    pub etag: Option<String>,
    /// SHA-256 of its bytes, 64 hex digits.
    pub sha256: String,
    /// Rows, by its footer.
    pub rows: u64,
}

impl<'l> File<'l> {
    /// Begins it; nothing is written yet.
    ///
    /// # Errors
    /// No file can have these columns.
    pub(crate) fn create(lake: &'l Lake, path: Path, form: &Form, handle: &'l Handle) -> Result<Self, PartitionError> {
        let options = ArrowWriterOptions::new()
            .with_properties(form.properties().clone())
            .with_skip_arrow_metadata(true);
        let arrow = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(form.schema()), options);
        Ok(File {
            store: &*lake.store,
            handle,
            arrow: arrow.map_err(of_parquet(&path))?,
            path,
            upload: None,
            hash: Sha256::new(),
            size: 0,
        })
    }

    /// Adds rows, and sends what is complete.
    ///
    /// # Errors
    /// The rows make no Parquet, or the store fails.
    pub(crate) fn write(&mut self, batch: &mut RowBatch) -> Result<(), PartitionError> {
        let batch = batch.finish().map_err(ParquetError::from);
        batch
            .and_then(|batch| self.arrow.write(&batch))
            .map_err(of_parquet(&self.path))?;
        if self.arrow.inner().len() >= PART {
            let part = std::mem::take(self.arrow.inner_mut());
            self.count(&part);
            self.send(part)?;
        }
        Ok(())
    }

    fn count(&mut self, part: &[u8]) {
        self.hash.update(part);
        self.size += part.len() as u64;
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
    pub(crate) fn finish(mut self) -> Result<Written, PartitionError> {
        let finished = self.close();
        if finished.is_err() {
            self.abandon();
        }
        finished
    }

    fn close(&mut self) -> Result<Written, PartitionError> {
        self.arrow.finish().map_err(of_parquet(&self.path))?;
        let mut rest = std::mem::take(self.arrow.inner_mut());
        self.count(&rest);
        let rows = rows(&rest).map_err(of_parquet(&self.path))?;
        if self.upload.is_some() {
            self.send(std::mem::take(&mut rest))?;
        }
        let put = match &mut self.upload {
            None => self.handle.block_on(put(self.store, &self.path, rest)),
            // S3 could refuse to complete a file where one is, but `object_store` cannot ask it to: this one
            // replaces one of the same rows then.
            Some(upload) => self.handle.block_on(upload.complete()).map(|put| put.e_tag),
        };
        let etag = put.map_err(of_store(&self.path))?;
        Ok(Written {
            size: self.size,
            etag,
            sha256: hex::encode(self.hash.clone().finalize()),
            rows,
        })
    }

    /// Takes back what was sent.
    pub(crate) fn abandon(mut self) {
        if let Some(upload) = &mut self.upload {
            // What cannot be taken back is invisible all the same.
            let _ = self.handle.block_on(upload.abort());
        }
    }
}

/// Puts a file, unless one is there: that is the same, put by another run or by an attempt before this one.
/// Gives its ETag.
async fn put(store: &dyn ObjectStore, path: &Path, bytes: Vec<u8>) -> Result<Option<String>> {
    let options = PutOptions::from(PutMode::Create);
    match store.put_opts(path, PutPayload::from(bytes), options).await {
        Err(Error::AlreadyExists { .. }) => Ok(store.head(path).await?.e_tag),
        put => Ok(put?.e_tag),
    }
}

/// The rows of a file, by the footer at the end of its bytes.
fn rows(end: &[u8]) -> Result<u64, ParquetError> {
    let short = || ParquetError::EOF("no footer was written".to_owned());
    let (rest, tail) = end.split_last_chunk().ok_or_else(short)?;
    let length = FooterTail::try_new(tail)?.metadata_length();
    let begin = rest.len().checked_sub(length).ok_or_else(short)?;
    let footer = ParquetMetaDataReader::decode_metadata(rest.get(begin..).ok_or_else(short)?)?;
    u64::try_from(footer.file_metadata().num_rows()).map_err(|error| ParquetError::External(Box::new(error)))
}

fn of_store(path: &Path) -> impl Fn(Error) -> PartitionError {
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

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use pipetrail_collector::Table;
    use pipetrail_collector::columns::{ColumnType, Visitor};
    use url::Url;

    use super::*;

    /// Writes a file of so many rows, each with that text, on a thread that may wait for the store.
    async fn written(lake: &Lake, rows: usize, text: String, finish: bool) -> Option<Written> {
        let (lake, handle) = (lake.clone(), Handle::current());
        let write = move || {
            let form = Form::of(Table::OtherEvents);
            let mut file = File::create(&lake, lake.at("a/file.parquet"), &form, &handle).unwrap();
            let mut batch = form.batch();
            for _ in 0..rows {
                for ty in form.types() {
                    match ty {
                        ColumnType::String => batch.string(Some(&text)),
                        ColumnType::Bigint => batch.bigint(None),
                        ColumnType::Boolean => batch.boolean(None),
                    }
                }
                file.write(&mut batch).unwrap();
            }
            match finish {
                true => Some(file.finish().unwrap()),
                false => {
                    file.abandon();
                    None
                }
            }
        };
        tokio::task::spawn_blocking(write).await.unwrap()
    }

    fn lake() -> Lake {
        Lake {
            location: "/lake".parse().unwrap(),
            store: Arc::new(InMemory::new()),
            root: Path::default(),
            url: Url::parse("lake://local/").unwrap(),
        }
    }

    /// Text that no compression makes small.
    fn noise(bytes: usize) -> String {
        let digest = |nth: usize| hex::encode(Sha256::digest(nth.to_le_bytes()));
        (0..bytes / 64).map(digest).collect()
    }

    #[tokio::test]
    async fn a_file_says_what_lies_in_the_store_put_at_once_or_in_parts() {
        for (rows, text) in [(3, "x".to_owned()), (12, noise(1 << 20))] {
            let lake = lake();
            let written = written(&lake, rows, text.clone(), true).await.unwrap();
            let there = lake.store.get(&lake.at("a/file.parquet")).await.unwrap();
            let etag = there.meta.e_tag.clone();
            let bytes = there.bytes().await.unwrap();
            assert_eq!(written.rows, rows as u64);
            assert_eq!(written.size, bytes.len() as u64);
            assert_eq!(written.etag, etag);
            assert_eq!(written.sha256, hex::encode(Sha256::digest(&bytes)));
            assert_eq!(written.size > PART as u64, text.len() > 1000, "{}", written.size);
        }
    }

    #[tokio::test]
    async fn a_file_that_is_there_is_the_same_and_stays() {
        let lake = lake();
        let first = written(&lake, 1, "x".to_owned(), true).await.unwrap();
        assert_eq!(written(&lake, 1, "x".to_owned(), true).await.unwrap(), first);
    }

    #[tokio::test]
    async fn of_a_file_that_was_given_up_nothing_is_there() {
        let lake = lake();
        written(&lake, 20, noise(1 << 20), false).await;
        assert!(lake.store.head(&lake.at("a/file.parquet")).await.is_err());
    }
}
