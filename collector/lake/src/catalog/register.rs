//! Registers partitions, whatever Glue has for them.

use aws_sdk_glue::types::StorageDescriptor;
use pipetrail_collector::layout::Partition;
use pipetrail_collector::tables::Table;

use super::client::Catalog;
use super::folder::Folder;
use crate::call::CallError;

/// What became of a batch of partitions.
#[derive(Debug, Default)]
pub struct Registered {
    /// New ones.
    pub created: usize,
    /// Those that Glue refused, each with the reason. One that existed already is not among them.
    pub refused: Vec<(Partition, CallError)>,
}

impl Catalog {
    /// Registers at most [`BATCH`](super::BATCH) partitions of a table.
    ///
    /// # Errors
    /// The call as a whole fails; what Glue says of single partitions is in the result.
    pub async fn register(
        &self,
        table: Table,
        descriptor: &StorageDescriptor,
        partitions: &[Partition],
    ) -> Result<Registered, CallError> {
        let folder = |partition: &Partition| Folder {
            values: partition.values.clone(),
            location: format!("s3://{}/{}", self.bucket, partition.prefix()),
        };
        let folders: Vec<Folder> = partitions.iter().map(folder).collect();
        let created = self.create(table.name(), descriptor, &folders).await?;
        let mut registered = Registered {
            created: created.created,
            refused: Vec::new(),
        };
        for (values, refused) in created.refused {
            let Some(partition) = partitions.iter().find(|partition| partition.values == values) else {
                // Which one it speaks of is not known: none of them counts as registered.
                return Err(refused);
            };
            registered.refused.push((partition.clone(), refused));
        }
        Ok(registered)
    }
}
