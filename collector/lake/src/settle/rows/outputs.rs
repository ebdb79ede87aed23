//! The new files of one job: their names, and taking them back where not all can be written.

use std::sync::{Mutex, PoisonError};

use futures::StreamExt;
use object_store::ObjectStoreExt;
use pipetrail_settlement::entry::Output;

use super::job::Job;
use super::names::unique;
use crate::parquet::Form;
use crate::settle::error::SettleError;
use crate::staging::{File, Written};

/// What was begun. All names of a job have the same 32 hex digits, which no other job has.
pub(super) struct Outputs<'j> {
    job: &'j Job,
    name: String,
    begun: Mutex<Vec<String>>,
}

impl<'j> Outputs<'j> {
    pub(super) fn of(job: &'j Job) -> Self {
        Outputs {
            job,
            name: unique(),
            begun: Mutex::new(Vec::new()),
        }
    }

    /// The key of a partition's file.
    pub(super) fn of_partition(&self, prefix: &str) -> String {
        format!("{prefix}{}{}.parquet", self.job.prefix, self.name)
    }

    /// The key of the file of copies below that prefix.
    pub(super) fn of_copies(&self, prefix: &str) -> String {
        format!("{prefix}{}-{}.parquet", self.job.table, self.name)
    }

    /// The key of the file of rows that belong to no partition.
    pub(super) fn rejected(&self) -> String {
        format!("errors/{}/rejected/{}.parquet", self.job.table, self.name)
    }

    /// Begins a file.
    ///
    /// # Errors
    /// No file can be called so, or have these columns.
    pub(super) fn file(&self, key: &str, form: &Form) -> Result<File<'j>, SettleError> {
        let path = self.job.lake.path(key).map_err(SettleError::store("write", key))?;
        // A file whose writing fails may be there all the same: the answer was lost.
        self.begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(key.to_owned());
        Ok(File::create(&self.job.lake, path, form, &self.job.handle)?)
    }

    /// A file that is there, as the log names it.
    ///
    /// # Errors
    /// The store gave no ETag.
    pub(super) fn finished(&self, key: String, written: Written) -> Result<Output, SettleError> {
        let Written {
            size,
            etag,
            sha256,
            rows,
        } = written;
        let etag = etag.ok_or_else(|| SettleError::NoEtag(key.clone()))?;
        Ok(Output {
            key,
            size,
            etag,
            sha256,
            rows,
        })
    }

    /// Deletes what was written. What cannot be deleted are copies of rows, which the next close takes up.
    pub(super) fn take_back(self) {
        const AT_ONCE: usize = 16;
        let begun = self.begun.into_inner().unwrap_or_else(PoisonError::into_inner);
        let lake = &self.job.lake;
        let delete = begun
            .iter()
            .filter_map(|key| lake.path(key).ok())
            .map(|path| async move {
                let _ = lake.store.delete(&path).await;
            });
        let all = futures::stream::iter(delete).buffer_unordered(AT_ONCE);
        self.job.handle.block_on(all.for_each(|()| async {}));
    }
}
