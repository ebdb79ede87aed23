//! The partitions of a table that Glue has, of some months.

use aws_sdk_glue::types::Partition;

use super::client::Catalog;
use crate::call::{CallError, from_sdk};

/// Most partitions in a page.
const PAGE: i32 = 1000;

impl Catalog {
    /// The registered partitions of a table that an expression names, without their columns.
    ///
    /// # Errors
    /// Glue refuses.
    pub(super) async fn partitions(&self, table: &str, expression: &str) -> Result<Vec<Partition>, CallError> {
        let mut partitions = Vec::new();
        let mut token = None;
        loop {
            let call = self
                .glue
                .get_partitions()
                .set_catalog_id(self.account.clone())
                .database_name(&self.database);
            let call = call.table_name(table).expression(expression);
            let call = call.exclude_column_schema(true).max_results(PAGE).set_next_token(token);
            let answer = call
                .send()
                .await
                .map_err(from_sdk(format!("get partitions of table {table}")))?;
            partitions.extend(answer.partitions.unwrap_or_default());
            token = answer.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(partitions);
            }
        }
    }
}
