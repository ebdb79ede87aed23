//! One call that registers folders in Glue, and what Glue says of each.

use aws_sdk_glue::types::{PartitionInput, StorageDescriptor};

use super::client::Catalog;
use super::folder::Folder;
use crate::call::{CallError, Fault, from_sdk};

/// What became of the folders.
#[derive(Debug, Default)]
pub(super) struct Created {
    /// How many are new.
    pub created: usize,
    /// The values of those that Glue had.
    pub existing: Vec<Vec<String>>,
    /// The values of those that Glue refused, each with the reason.
    pub refused: Vec<(Vec<String>, CallError)>,
}

impl Catalog {
    /// Registers at most [`BATCH`](super::BATCH) folders of a table.
    ///
    /// # Errors
    /// The call as a whole fails.
    pub(super) async fn create(
        &self,
        table: &str,
        descriptor: &StorageDescriptor,
        folders: &[Folder],
    ) -> Result<Created, CallError> {
        let inputs = folders.iter().map(|folder| {
            let mut descriptor = descriptor.clone();
            descriptor.location = Some(folder.location.clone());
            PartitionInput::builder()
                .set_values(Some(folder.values.clone()))
                .storage_descriptor(descriptor)
                .build()
        });
        let call = self
            .glue
            .batch_create_partition()
            .set_catalog_id(self.account.clone())
            .database_name(&self.database);
        let call = call.table_name(table);
        let answer = call.set_partition_input_list(Some(inputs.collect())).send().await;
        let answer = answer.map_err(from_sdk(format!("register partitions of table {table}")))?;
        let mut created = Created {
            created: folders.len().saturating_sub(answer.errors().len()),
            ..Created::default()
        };
        // Errors come in an answer that says 200.
        for error in answer.errors() {
            let values = error.partition_values().to_vec();
            let detail = error.error_detail();
            let code = detail.and_then(|detail| detail.error_code()).unwrap_or("unknown error");
            if code == "AlreadyExistsException" {
                created.existing.push(values);
                continue;
            }
            let message = detail.and_then(|detail| detail.error_message()).unwrap_or("no message");
            let refused = CallError::Aws {
                action: format!("register partition {} of table {table}", values.join("/")),
                fault: Fault::Refused {
                    code: code.to_owned(),
                    message: message.to_owned(),
                },
            };
            created.refused.push((values, refused));
        }
        Ok(created)
    }
}
