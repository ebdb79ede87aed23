//! Glue's database of a lake, and what it says of a table.

use aws_sdk_glue::types::StorageDescriptor;
use pipetrail_collector::tables::Table;

use crate::call::{CallError, from_sdk, given};

/// Most partitions in one call to Glue.
pub const BATCH: usize = 100;

/// A lake's bucket and the database that describes it.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Glue where the database is.
    pub glue: aws_sdk_glue::Client,
    /// The database.
    pub database: String,
    /// The bucket.
    pub bucket: String,
}

impl Catalog {
    /// The table's storage descriptor, to be copied: a partition inherits nothing in Glue.
    ///
    /// # Errors
    /// Glue refuses, or the table has none.
    pub async fn descriptor(&self, table: Table) -> Result<StorageDescriptor, CallError> {
        let call = self.glue.get_table().database_name(&self.database).name(table.name());
        let answer = call.send().await.map_err(from_sdk(format!("get table {table}")))?;
        let descriptor = answer.table.and_then(|table| table.storage_descriptor);
        given(descriptor, "GetTable", "StorageDescriptor")
    }
}
