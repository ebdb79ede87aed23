//! λ partition: registers the partition of every new object of the lake in Glue.
//!
//! S3's notifications come through SQS. Partitions registered before are remembered for the life of
//! the process, the others go to `BatchCreatePartition`, where "already exists" is success.
//!
//! Retried by SQS: every AWS error, and every entry that Glue refuses for another reason. Given up
//! on, into the dead-letter queue after the queue's `maxReceiveCount`: messages that are no S3
//! notification, and objects of another bucket. Acknowledged: S3's test event, and keys that are no
//! data of a table.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use aws_sdk_glue::types::{PartitionInput, StorageDescriptor};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use crate::aws::causes;
use crate::layout::Partition;
use crate::sqs::{Batch, Failures};
use crate::tables::Table;
use crate::telemetry::{Level, counts, log};

/// What the function works with, built once at cold start.
#[derive(Debug)]
pub struct Registrar {
    glue: aws_sdk_glue::Client,
    database: String,
    lake_bucket: String,
    known: HashSet<Partition>,
    tables: HashMap<Table, (Instant, StorageDescriptor)>,
}

/// What kept a message's partitions from being registered.
#[derive(Clone, Debug, Error)]
pub enum PartitionError {
    /// The message is no S3 notification.
    #[error("not an S3 notification: {0}")]
    NotANotification(String),
    /// The object lies in another bucket.
    #[error("the object lies in bucket {0}, not in the lake")]
    OtherBucket(String),
    /// An AWS call failed.
    #[error("{call} failed for table {table}: {cause}")]
    Aws {
        /// The call.
        call: &'static str,
        /// The table.
        table: Table,
        /// The error with its causes.
        cause: String,
    },
}

/// Most partitions in one `BatchCreatePartition`.
const BATCH: usize = 100;

/// How long a table's storage descriptor is taken from memory: a column added by a new version
/// reaches new partitions after that.
const TABLE_LIFE: Duration = Duration::from_secs(300);

/// Most partitions remembered; beyond, memory is cleared and Glue answers "already exists".
const KNOWN_LIMIT: usize = 100_000;

impl Registrar {
    /// A registrar that remembers nothing yet.
    pub fn new(glue: aws_sdk_glue::Client, database: String, lake_bucket: String) -> Self {
        Self {
            glue,
            database,
            lake_bucket,
            known: HashSet::new(),
            tables: HashMap::new(),
        }
    }

    /// Handles a batch; never fails as a whole.
    pub async fn handle(&mut self, batch: &Batch) -> Failures {
        let read: Vec<_> = batch
            .records
            .iter()
            .map(|message| self.partitions_of(&message.body))
            .collect();
        let mut wanted: BTreeMap<Table, Vec<Partition>> = BTreeMap::new();
        for partition in read.iter().flatten().flatten() {
            let of_table = wanted.entry(partition.table).or_default();
            if !self.known.contains(partition) && !of_table.contains(partition) {
                of_table.push(partition.clone());
            }
        }
        let mut created = 0;
        let mut failed: HashMap<Partition, PartitionError> = HashMap::new();
        for (table, partitions) in wanted {
            for chunk in partitions.chunks(BATCH) {
                match self.register(table, chunk).await {
                    Ok(registered) => {
                        created += registered.created;
                        failed.extend(registered.refused);
                    }
                    Err(error) => failed.extend(chunk.iter().map(|partition| (partition.clone(), error.clone()))),
                }
            }
        }
        let mut failures = Failures::default();
        for (message, read) in batch.records.iter().zip(&read) {
            let error = match read {
                Ok(partitions) => partitions.iter().find_map(|partition| failed.get(partition)),
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                log(
                    Level::Error,
                    "partition not registered",
                    &json!({"message_id": message.message_id, "error": error.to_string()}),
                );
                failures.add(message);
            }
        }
        counts(
            "partition",
            &[
                ("PartitionsCreated", created),
                ("FailedMessages", failures.batch_item_failures.len()),
            ],
        );
        failures
    }

    fn partitions_of(&self, body: &str) -> Result<Vec<Partition>, PartitionError> {
        let notification: Notification =
            serde_json::from_str(body).map_err(|error| PartitionError::NotANotification(error.to_string()))?;
        let records = match notification {
            Notification { event: Some(event), .. } if event == "s3:TestEvent" => return Ok(Vec::new()),
            Notification {
                records: Some(records), ..
            } => records,
            _ => return Err(PartitionError::NotANotification("it has no Records".to_owned())),
        };
        let mut partitions = Vec::new();
        for record in records {
            if record.s3.bucket.name != self.lake_bucket {
                return Err(PartitionError::OtherBucket(record.s3.bucket.name));
            }
            let key = decoded(&record.s3.object.key);
            match Partition::from_key(&key) {
                Some(partition) => partitions.push(partition),
                None => log(Level::Warn, "object is no data of a table", &json!({"key": key})),
            }
        }
        Ok(partitions)
    }

    async fn register(&mut self, table: Table, partitions: &[Partition]) -> Result<Registered, PartitionError> {
        let mut registered = Registered::default();
        if partitions.is_empty() {
            return Ok(registered);
        }
        let descriptor = self.descriptor(table).await?;
        let inputs = partitions.iter().map(|partition| {
            let mut descriptor = descriptor.clone();
            descriptor.location = Some(format!("s3://{}/{}", self.lake_bucket, partition.prefix()));
            PartitionInput::builder()
                .set_values(Some(partition.values.clone()))
                .storage_descriptor(descriptor)
                .build()
        });
        let response = self
            .glue
            .batch_create_partition()
            .database_name(&self.database)
            .table_name(table.name())
            .set_partition_input_list(Some(inputs.collect()))
            .send()
            .await
            .map_err(|error| PartitionError::Aws {
                call: "glue:BatchCreatePartition",
                table,
                cause: causes(&error),
            })?;
        for refused in response.errors() {
            let detail = refused.error_detail();
            let code = detail.and_then(|detail| detail.error_code()).unwrap_or("unknown error");
            let Some(partition) = partitions
                .iter()
                .find(|partition| partition.values == refused.partition_values())
            else {
                let cause = format!(
                    "{code} for values that were not asked for: {:?}",
                    refused.partition_values()
                );
                return Err(PartitionError::Aws {
                    call: "glue:BatchCreatePartition",
                    table,
                    cause,
                });
            };
            if code == "AlreadyExistsException" {
                registered.existed += 1;
                continue;
            }
            let cause = format!(
                "{code}: {}",
                detail.and_then(|detail| detail.error_message()).unwrap_or_default()
            );
            registered.refused.insert(
                partition.clone(),
                PartitionError::Aws {
                    call: "glue:BatchCreatePartition",
                    table,
                    cause,
                },
            );
        }
        registered.created = partitions
            .len()
            .saturating_sub(registered.existed + registered.refused.len());
        if self.known.len() + partitions.len() > KNOWN_LIMIT {
            self.known.clear();
        }
        self.known.extend(
            partitions
                .iter()
                .filter(|partition| !registered.refused.contains_key(partition))
                .cloned(),
        );
        Ok(registered)
    }

    /// The table's storage descriptor, to be copied: a partition inherits nothing in Glue.
    async fn descriptor(&mut self, table: Table) -> Result<StorageDescriptor, PartitionError> {
        if let Some((read, descriptor)) = self.tables.get(&table)
            && read.elapsed() < TABLE_LIFE
        {
            return Ok(descriptor.clone());
        }
        let failed = |cause| PartitionError::Aws {
            call: "glue:GetTable",
            table,
            cause,
        };
        let answer = self
            .glue
            .get_table()
            .database_name(&self.database)
            .name(table.name())
            .send()
            .await
            .map_err(|error| failed(causes(&error)))?;
        let descriptor = answer
            .table
            .and_then(|table| table.storage_descriptor)
            .ok_or_else(|| failed("the table has no storage descriptor".to_owned()))?;
        self.tables.insert(table, (Instant::now(), descriptor.clone()));
        Ok(descriptor)
    }
}

#[derive(Debug, Default)]
struct Registered {
    created: usize,
    existed: usize,
    refused: HashMap<Partition, PartitionError>,
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Event")]
    event: Option<String>,
    #[serde(rename = "Records")]
    records: Option<Vec<NotificationRecord>>,
}

#[derive(Deserialize)]
struct NotificationRecord {
    s3: NotificationEntity,
}

#[derive(Deserialize)]
struct NotificationEntity {
    bucket: NotificationBucket,
    object: NotificationObject,
}

#[derive(Deserialize)]
struct NotificationBucket {
    name: String,
}

#[derive(Deserialize)]
struct NotificationObject {
    key: String,
}

/// Keys in S3's own notifications are form-URL-encoded: `+` is a space, `%3D` is `=`.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
