//! Partitions of months that are kept no longer: which there are, and taking one out.

use aws_sdk_glue::types::Partition;

use super::client::Catalog;
use super::folder::Folder;
use crate::call::{CallError, Fault, from_sdk};

impl Catalog {
    /// The registered partitions of months, or days, before a month: of the last key of a table.
    ///
    /// # Errors
    /// Glue refuses.
    pub async fn before(&self, table: &str, key: &str, month: &str) -> Result<Vec<Folder>, CallError> {
        // As text a day comes behind its month, so that a month bounds both.
        let expression = format!("{key} < '{}'", month.replace('\'', ""));
        let partitions = self.partitions(table, &expression).await?;
        let folder = |partition: Partition| {
            let location = partition.storage_descriptor.and_then(|descriptor| descriptor.location);
            Folder {
                values: partition.values.unwrap_or_default(),
                location: location.unwrap_or_default(),
            }
        };
        let folders = partitions.into_iter().map(folder);
        // Not every Glue knows the expression.
        let is_before = |folder: &Folder| folder.values.last().is_some_and(|value| value.as_str() < month);
        Ok(folders.filter(is_before).collect())
    }

    /// Takes a partition out. One that is not there is out.
    ///
    /// # Errors
    /// Glue refuses.
    pub async fn forget(&self, table: &str, values: &[String]) -> Result<(), CallError> {
        let call = self
            .glue
            .delete_partition()
            .set_catalog_id(self.account.clone())
            .database_name(&self.database)
            .table_name(table);
        let action = format!("take partition {} out of table {table}", values.join("/"));
        let answer = call.set_partition_values(Some(values.to_vec())).send().await;
        match answer.map_err(from_sdk(action)) {
            Err(CallError::Aws {
                fault: Fault::Refused { code, .. },
                ..
            }) if code == "EntityNotFoundException" => Ok(()),
            answer => answer.map(drop),
        }
    }
}
