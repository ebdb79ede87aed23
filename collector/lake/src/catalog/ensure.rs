//! Registers folders, and makes sure that Glue has them as they are: the same place, the same format.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_glue::types::{Partition, PartitionValueList, StorageDescriptor};
use jiff::Timestamp;
use thiserror::Error;

use super::client::{BATCH, Catalog};
use super::folder::Folder;
use crate::call::{CallError, from_sdk};
use crate::store::Location;

/// How often a batch is tried, and how long after the first time: twice as long after each.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(200);

/// More folders of a month than that are compared with all that Glue has of it, instead of being asked for.
const MANY: usize = 5 * BATCH;

/// Partitions that are not registered.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// Glue refuses, or does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Glue has the partition, and it is another folder.
    #[error("partition {partition} of table {table} is registered at {theirs}, and its files lie at {ours}")]
    Elsewhere {
        table: String,
        partition: String,
        ours: String,
        theirs: String,
    },
    /// Glue has the partition, and reads its files as what they are not.
    #[error("partition {partition} of table {table} is registered with the format {theirs}, and its table has {ours}")]
    Format {
        table: String,
        partition: String,
        ours: String,
        theirs: String,
    },
    /// Glue says that it has the partition, and does not show it.
    #[error("partition {partition} of table {table} can neither be registered nor be seen")]
    Unseen { table: String, partition: String },
}

/// Partitions that Glue has now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// How many it did not have before.
    pub created: usize,
    /// When the newest of them was registered, by Glue's clock; `None` where there are none.
    pub since: Option<Timestamp>,
}

impl Registered {
    fn add(&mut self, other: Registered) {
        self.created += other.created;
        self.since = self.since.max(other.since);
    }

    fn found(&mut self, partition: &Partition) {
        let created = partition.creation_time().and_then(|time| time.to_millis().ok());
        let created = created.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        self.since = self.since.max(created);
    }
}

impl Catalog {
    /// Registers partitions of a lake, by prefix: those that Glue does not have.
    ///
    /// # Errors
    /// Glue refuses one, or has it as something else.
    pub async fn register(&self, lake: &Location, prefixes: &BTreeSet<String>) -> Result<Registered, CatalogError> {
        let mut tables: BTreeMap<String, Vec<Folder>> = BTreeMap::new();
        for (table, folder) in prefixes.iter().filter_map(|prefix| Folder::of(lake, prefix)) {
            tables.entry(table).or_default().push(folder);
        }
        let mut registered = Registered::default();
        for (table, folders) in tables {
            registered.add(self.ensure(&table, &folders).await?);
        }
        Ok(registered)
    }

    /// Registers folders of a table, those that Glue does not have.
    ///
    /// # Errors
    /// Glue refuses one, or has it as something else.
    pub(super) async fn ensure(&self, table: &str, folders: &[Folder]) -> Result<Registered, CatalogError> {
        let mut registered = Registered::default();
        if folders.is_empty() {
            return Ok(registered);
        }
        let descriptor = self.descriptor(table).await?;
        // Month by month, so that what is held in memory does not grow with the years.
        let mut months: BTreeMap<&str, Vec<Folder>> = BTreeMap::new();
        for folder in folders {
            let month = folder.values.last().map_or("", String::as_str);
            months.entry(month).or_default().push(folder.clone());
        }
        for (month, folders) in months {
            // A thousand come in one page, a hundred can be asked for.
            let missing = match folders.len() > MANY {
                true => {
                    self.not_listed(table, &descriptor, month, &folders, &mut registered)
                        .await?
                }
                false => folders,
            };
            for batch in missing.chunks(BATCH) {
                registered.add(self.ensure_batch(table, &descriptor, batch).await?);
            }
        }
        Ok(registered)
    }

    /// Those of a month's, or a day's, folders that are not among all of it that Glue has.
    async fn not_listed(
        &self,
        table: &str,
        descriptor: &StorageDescriptor,
        month: &str,
        folders: &[Folder],
        registered: &mut Registered,
    ) -> Result<Vec<Folder>, CatalogError> {
        let key = if month.len() == "yyyy-mm".len() { "month" } else { "day" };
        let listed = self.partitions(table, &format!("{key} = '{month}'")).await?;
        let listed: HashMap<&[String], &Partition> = listed.iter().map(|one| (one.values(), one)).collect();
        let mut missing = Vec::new();
        for folder in folders {
            match listed.get(&*folder.values) {
                None => missing.push(folder.clone()),
                Some(found) => {
                    same(table, descriptor, folder, found.storage_descriptor())?;
                    registered.found(found);
                }
            }
        }
        Ok(missing)
    }

    async fn ensure_batch(
        &self,
        table: &str,
        descriptor: &StorageDescriptor,
        folders: &[Folder],
    ) -> Result<Registered, CatalogError> {
        let mut registered = Registered::default();
        let mut missing = self.unregistered(table, descriptor, folders, &mut registered).await?;
        let mut pause = PAUSE;
        for attempt in 0..ATTEMPTS {
            if missing.is_empty() {
                return Ok(registered);
            }
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let answer = self.create(table, descriptor, &missing).await?;
            registered.created += answer.created;
            let last = attempt + 1 == ATTEMPTS;
            if let Some((_, refused)) = answer.refused.into_iter().next().filter(|_| last) {
                return Err(refused.into());
            }
            // Others register too: what they have done is seen here.
            missing = self.unregistered(table, descriptor, &missing, &mut registered).await?;
        }
        match missing.first() {
            None => Ok(registered),
            Some(folder) => Err(CatalogError::Unseen {
                table: table.to_owned(),
                partition: folder.values.join("/"),
            }),
        }
    }

    /// Those of at most [`BATCH`] folders that Glue does not show.
    async fn unregistered(
        &self,
        table: &str,
        descriptor: &StorageDescriptor,
        folders: &[Folder],
        registered: &mut Registered,
    ) -> Result<Vec<Folder>, CatalogError> {
        let values = |folder: &Folder| {
            let values = PartitionValueList::builder().set_values(Some(folder.values.clone()));
            values.build().ok()
        };
        let call = self
            .glue
            .batch_get_partition()
            .set_catalog_id(self.account.clone())
            .database_name(&self.database);
        let call = call.table_name(table);
        let call = call.set_partitions_to_get(Some(folders.iter().filter_map(values).collect()));
        let answer = call
            .send()
            .await
            .map_err(from_sdk(format!("get partitions of table {table}")))?;
        let mut missing = Vec::new();
        for folder in folders {
            // What was not processed is asked for again, after an attempt to register it.
            let mut all = answer.partitions().iter();
            match all.find(|partition| partition.values() == folder.values) {
                None => missing.push(folder.clone()),
                Some(found) => {
                    same(table, descriptor, folder, found.storage_descriptor())?;
                    registered.found(found);
                }
            }
        }
        Ok(missing)
    }
}

/// Whether Glue has a folder as it is.
fn same(
    table: &str,
    ours: &StorageDescriptor,
    folder: &Folder,
    theirs: Option<&StorageDescriptor>,
) -> Result<(), CatalogError> {
    let partition = folder.values.join("/");
    let location = theirs.and_then(StorageDescriptor::location).unwrap_or("no place");
    // However its end is written.
    if folder.location.trim_end_matches('/') != location.trim_end_matches('/') {
        return Err(CatalogError::Elsewhere {
            table: table.to_owned(),
            partition,
            ours: folder.location.clone(),
            theirs: location.to_owned(),
        });
    }
    let (ours, theirs) = (format(Some(ours)), format(theirs));
    match ours == theirs {
        true => Ok(()),
        false => Err(CatalogError::Format {
            table: table.to_owned(),
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
        let table = "settled_approval_calls";
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
            "partition 111122223333/2026-11 of table settled_approval_calls is registered at s3://lake/b/, \
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
