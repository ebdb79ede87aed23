//! Glue's database of a lake, and what it says of a table.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_glue::types::StorageDescriptor;

use crate::call::{CallError, from_sdk, given};

/// Most partitions in one call to Glue.
pub(super) const BATCH: usize = 100;

/// The database that describes a lake.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(super) glue: aws_sdk_glue::Client,
    pub(super) database: String,
    /// The account whose catalogue it is; the caller's without.
    pub(super) account: Option<String>,
}

/// For how long a call may take, and how often it is tried: Glue's limits are shared with all of Athena, and who
/// gives up throws the work of minutes away.
const ATTEMPT: Duration = Duration::from_secs(30);
const CALL: Duration = Duration::from_secs(150);
const TRIES: u32 = 8;

impl Catalog {
    /// A database in the caller's account.
    pub fn new(config: &SdkConfig, database: String) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL)
            .build();
        let config = aws_sdk_glue::config::Builder::from(config)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .build();
        Catalog {
            glue: aws_sdk_glue::Client::from_conf(config),
            database,
            account: None,
        }
    }

    /// The same of that account, whoever calls: a caller from elsewhere is refused, and finds no namesake.
    #[must_use]
    pub fn of_account(self, account: &str) -> Self {
        Catalog {
            account: Some(account.to_owned()),
            ..self
        }
    }

    /// The table's storage descriptor, to be copied: a partition inherits nothing in Glue.
    ///
    /// # Errors
    /// Glue refuses, or the table has none.
    pub(super) async fn descriptor(&self, table: &str) -> Result<StorageDescriptor, CallError> {
        let call = self.glue.get_table().set_catalog_id(self.account.clone());
        let call = call.database_name(&self.database).name(table);
        let answer = call.send().await.map_err(from_sdk(format!("get table {table}")))?;
        let descriptor = answer.table.and_then(|table| table.storage_descriptor);
        given(descriptor, "GetTable", "StorageDescriptor")
    }
}
