//! Partitions of months that are kept no longer: which there are, and taking one out.

use pipetrail_collector::tables::Table;

use super::client::Catalog;
use super::folder::Folder;
use crate::call::{CallError, Fault, from_sdk};

impl Catalog {
    /// The registered partitions of months, or days, before a month.
    ///
    /// # Errors
    /// Glue refuses.
    pub async fn before(&self, table: Table, month: &str) -> Result<Vec<Folder>, CallError> {
        let Some(key) = table.partition_keys().last() else {
            return Ok(Vec::new());
        };
        let mut folders = Vec::new();
        let mut token = None;
        loop {
            let call = self
                .glue
                .get_partitions()
                .database_name(&self.database)
                .table_name(table.name());
            // As text a day comes behind its month, so that a month bounds both.
            let call = call.expression(format!("{key} < '{}'", month.replace('\'', "")));
            let call = call.exclude_column_schema(true).set_next_token(token);
            let answer = call
                .send()
                .await
                .map_err(from_sdk(format!("get partitions of table {table}")))?;
            for partition in answer.partitions() {
                let location = partition
                    .storage_descriptor()
                    .and_then(|descriptor| descriptor.location());
                let values = partition.values().to_vec();
                // Not every Glue knows the expression.
                if values.last().is_some_and(|value| value.as_str() < month) {
                    let location = location.unwrap_or_default().to_owned();
                    folders.push(Folder { values, location });
                }
            }
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(folders);
            }
        }
    }

    /// Takes a partition out. One that is not there is out.
    ///
    /// # Errors
    /// Glue refuses.
    pub async fn forget(&self, table: Table, values: &[String]) -> Result<(), CallError> {
        let call = self
            .glue
            .delete_partition()
            .database_name(&self.database)
            .table_name(table.name());
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
