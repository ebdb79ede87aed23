//! Registers folders, and makes sure that Glue has them as they are: the same place, the same format.

use std::time::Duration;

use aws_sdk_glue::types::{PartitionValueList, StorageDescriptor};
use pipetrail_collector::tables::Table;
use thiserror::Error;

use super::client::{BATCH, Catalog};
use super::folder::Folder;
use crate::call::{CallError, from_sdk};

/// How often a batch is tried, and how long after the first time: twice as long after each.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(200);

/// Partitions that are not registered.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// Glue refuses, or does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Glue has the partition, and it is another folder.
    #[error("partition {partition} of table {table} is registered at {theirs}, and its files lie at {ours}")]
    Elsewhere {
        table: Table,
        partition: String,
        ours: String,
        theirs: String,
    },
    /// Glue has the partition, and reads its files as what they are not.
    #[error("partition {partition} of table {table} is registered with the format {theirs}, and its table has {ours}")]
    Format {
        table: Table,
        partition: String,
        ours: String,
        theirs: String,
    },
    /// Glue says that it has the partition, and does not show it.
    #[error("partition {partition} of table {table} can neither be registered nor be seen")]
    Unseen { table: Table, partition: String },
}

impl Catalog {
    /// Registers folders of a table, those that Glue does not have; how many they were.
    ///
    /// # Errors
    /// Glue refuses one, or has it as something else.
    pub async fn ensure(&self, table: Table, folders: &[Folder]) -> Result<usize, CatalogError> {
        if folders.is_empty() {
            return Ok(0);
        }
        let descriptor = self.descriptor(table).await?;
        let mut created = 0;
        for batch in folders.chunks(BATCH) {
            created += self.ensure_batch(table, &descriptor, batch).await?;
        }
        Ok(created)
    }

    async fn ensure_batch(
        &self,
        table: Table,
        descriptor: &StorageDescriptor,
        folders: &[Folder],
    ) -> Result<usize, CatalogError> {
        let mut missing = self.unregistered(table, descriptor, folders).await?;
        let (mut created, mut pause) = (0, PAUSE);
        for attempt in 0..ATTEMPTS {
            if missing.is_empty() {
                return Ok(created);
            }
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let answer = self.create(table.name(), descriptor, &missing).await?;
            created += answer.created;
            let last = attempt + 1 == ATTEMPTS;
            if let Some((_, refused)) = answer.refused.into_iter().next().filter(|_| last) {
                return Err(refused.into());
            }
            // Others register too: what they have done is seen here.
            missing = self.unregistered(table, descriptor, &missing).await?;
        }
        match missing.first() {
            None => Ok(created),
            Some(folder) => Err(CatalogError::Unseen {
                table,
                partition: folder.values.join("/"),
            }),
        }
    }

    /// Those of at most [`BATCH`] folders that Glue does not show.
    async fn unregistered(
        &self,
        table: Table,
        descriptor: &StorageDescriptor,
        folders: &[Folder],
    ) -> Result<Vec<Folder>, CatalogError> {
        let values = |folder: &Folder| {
            let values = PartitionValueList::builder().set_values(Some(folder.values.clone()));
            values.build().ok()
        };
        let call = self.glue.batch_get_partition().database_name(&self.database);
        let call = call.table_name(table.name());
        let call = call.set_partitions_to_get(Some(folders.iter().filter_map(values).collect()));
        let answer = call
            .send()
            .await
            .map_err(from_sdk(format!("get partitions of table {table}")))?;
        let mut missing = Vec::new();
        for folder in folders {
            // What was not processed is asked for again, after an attempt to register it.
            let found = answer
                .partitions()
                .iter()
                .find(|partition| partition.values() == folder.values);
            match found {
                None => missing.push(folder.clone()),
                Some(found) => same(table, descriptor, folder, found.storage_descriptor())?,
            }
        }
        Ok(missing)
    }
}

/// Whether Glue has a folder as it is.
fn same(
    table: Table,
    ours: &StorageDescriptor,
    folder: &Folder,
    theirs: Option<&StorageDescriptor>,
) -> Result<(), CatalogError> {
    let partition = folder.values.join("/");
    let location = theirs.and_then(StorageDescriptor::location).unwrap_or("no place");
    // However its end is written.
    if folder.location.trim_end_matches('/') != location.trim_end_matches('/') {
        return Err(CatalogError::Elsewhere {
            table,
            partition,
            ours: folder.location.clone(),
            theirs: location.to_owned(),
        });
    }
    let (ours, theirs) = (format(Some(ours)), format(theirs));
    match ours == theirs {
        true => Ok(()),
        false => Err(CatalogError::Format {
            table,
            partition,
            ours,
            theirs,
        }),
    }
}

/// How files are read, in Glue's own words.
fn format(descriptor: Option<&StorageDescriptor>) -> String {
    let input = descriptor.and_then(StorageDescriptor::input_format);
    let serde = descriptor.and_then(StorageDescriptor::serde_info);
    let library = serde.and_then(|serde| serde.serialization_library());
    format!("{} {}", input.unwrap_or("none"), library.unwrap_or("none"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_glue::types::SerDeInfo;

    use super::*;

    fn descriptor(location: &str, library: &str) -> StorageDescriptor {
        let serde = SerDeInfo::builder().serialization_library(library).build();
        let descriptor = StorageDescriptor::builder().location(location).input_format("Parquet");
        descriptor.serde_info(serde).build()
    }

    #[test]
    fn a_partition_that_someone_points_elsewhere_or_reads_otherwise_is_named() {
        let table = Table::ApprovalCalls;
        let folder = Folder {
            values: vec!["111122223333".to_owned(), "2026-11".to_owned()],
            location: "s3://lake/a/".to_owned(),
        };
        let ours = descriptor("s3://lake/", "serde");
        let of =
            |theirs: Option<&StorageDescriptor>| same(table, &ours, &folder, theirs).map_err(|error| error.to_string());
        assert_eq!(of(Some(&descriptor("s3://lake/a", "serde"))), Ok(()));
        assert_eq!(
            of(Some(&descriptor("s3://lake/b/", "serde"))).unwrap_err(),
            "partition 111122223333/2026-11 of table approval_calls is registered at s3://lake/b/, \
             and its files lie at s3://lake/a/"
        );
        let otherwise = of(Some(&descriptor("s3://lake/a/", "csv"))).unwrap_err();
        assert!(
            otherwise.contains("Parquet csv") && otherwise.contains("Parquet serde"),
            "{otherwise}"
        );
        assert!(of(None).is_err());
    }
}
