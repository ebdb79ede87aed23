//! Partitions in Glue: a folder of a table is seen by queries once it is registered.

use aws_sdk_glue::types::{PartitionInput, StorageDescriptor};
use pipetrail_collector::layout::Partition;
use pipetrail_collector::tables::Table;

use crate::call::{CallError, Fault, from_sdk, given};

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

/// What became of a batch of partitions.
#[derive(Debug, Default)]
pub struct Registered {
    /// New ones.
    pub created: usize,
    /// Those that Glue refused, each with the reason. One that existed already is not among them.
    pub refused: Vec<(Partition, CallError)>,
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

    /// Registers at most [`BATCH`] partitions of a table.
    ///
    /// # Errors
    /// The call as a whole fails; what Glue says of single partitions is in the result.
    pub async fn register(
        &self,
        table: Table,
        descriptor: &StorageDescriptor,
        partitions: &[Partition],
    ) -> Result<Registered, CallError> {
        let inputs = partitions.iter().map(|partition| {
            let mut descriptor = descriptor.clone();
            descriptor.location = Some(format!("s3://{}/{}", self.bucket, partition.prefix()));
            PartitionInput::builder()
                .set_values(Some(partition.values.clone()))
                .storage_descriptor(descriptor)
                .build()
        });
        let call = self.glue.batch_create_partition().database_name(&self.database);
        let call = call.table_name(table.name());
        let answer = call.set_partition_input_list(Some(inputs.collect())).send().await;
        let answer = answer.map_err(from_sdk(format!("register partitions of table {table}")))?;
        let mut registered = Registered {
            created: partitions.len().saturating_sub(answer.errors().len()),
            refused: Vec::new(),
        };
        for error in answer.errors() {
            let detail = error.error_detail();
            let code = detail.and_then(|detail| detail.error_code()).unwrap_or("unknown error");
            if code == "AlreadyExistsException" {
                continue;
            }
            let message = detail.and_then(|detail| detail.error_message()).unwrap_or("no message");
            let values = error.partition_values();
            let refused = CallError::Aws {
                action: format!("register partition {} of table {table}", values.join("/")),
                fault: Fault::Refused {
                    code: code.to_owned(),
                    message: message.to_owned(),
                },
            };
            let Some(partition) = partitions.iter().find(|partition| partition.values == values) else {
                // Which one it speaks of is not known: none of them counts as registered.
                return Err(refused);
            };
            registered.refused.push((partition.clone(), refused));
        }
        Ok(registered)
    }
}
