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

use aws_sdk_glue::types::StorageDescriptor;
use percent_encoding::percent_decode_str;
use pipetrail_collector::layout::Partition;
use pipetrail_collector::sqs::{Batch, Failures};
use pipetrail_collector::tables::Table;
use pipetrail_collector::telemetry::{Level, counts, log};
use pipetrail_names::chain;
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use crate::call::CallError;
use crate::catalog::{BATCH, Catalog, Registered};

/// What the function works with, built once at cold start.
#[derive(Debug)]
pub struct Registrar {
    catalog: Catalog,
    known: HashSet<Partition>,
    tables: HashMap<Table, (Instant, StorageDescriptor)>,
}

/// What kept a message's partitions from being registered.
#[derive(Clone, Debug, Error)]
pub enum RegistrationError {
    /// The message is no S3 notification.
    #[error("not an S3 notification: {0}")]
    NotANotification(String),
    /// The object lies in another bucket.
    #[error("the object lies in bucket {0}, not in the lake")]
    OtherBucket(String),
    /// Glue refused; the error with its causes.
    #[error("{0}")]
    Aws(String),
}

/// How long a table's storage descriptor is taken from memory: a column added by a new version
/// reaches new partitions after that.
const TABLE_LIFE: Duration = Duration::from_secs(300);

/// Most partitions remembered; beyond, memory is cleared and Glue answers "already exists".
const KNOWN_LIMIT: usize = 100_000;

impl Registrar {
    /// A registrar that remembers nothing yet.
    pub fn new(catalog: Catalog) -> Self {
        Self {
            catalog,
            known: HashSet::new(),
            tables: HashMap::new(),
        }
    }

    /// Handles a batch; never fails as a whole.
    pub async fn handle(&mut self, batch: &Batch) -> Failures {
        let read = batch.records.iter().map(|message| self.partitions_of(&message.body));
        let read: Vec<_> = read.collect();
        let mut wanted: BTreeMap<Table, Vec<Partition>> = BTreeMap::new();
        for partition in read.iter().flatten().flatten() {
            let of_table = wanted.entry(partition.table).or_default();
            if !self.known.contains(partition) && !of_table.contains(partition) {
                of_table.push(partition.clone());
            }
        }
        let of = |error: &CallError| RegistrationError::Aws(chain(error));
        let mut created = 0;
        let mut failed: HashMap<Partition, RegistrationError> = HashMap::new();
        for (table, partitions) in wanted {
            for chunk in partitions.chunks(BATCH) {
                match self.register(table, chunk).await {
                    Ok(registered) => {
                        created += registered.created;
                        let refused = registered.refused.into_iter();
                        failed.extend(refused.map(|(partition, error)| (partition, of(&error))));
                    }
                    Err(error) => failed.extend(chunk.iter().map(|partition| (partition.clone(), of(&error)))),
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
                let detail = json!({"message_id": message.message_id, "error": error.to_string()});
                log(Level::Error, "partition not registered", &detail);
                failures.add(message);
            }
        }
        let failed = failures.batch_item_failures.len();
        counts(
            "partition",
            &[("PartitionsCreated", created), ("FailedMessages", failed)],
        );
        failures
    }

    fn partitions_of(&self, body: &str) -> Result<Vec<Partition>, RegistrationError> {
        let notification: Notification =
            serde_json::from_str(body).map_err(|error| RegistrationError::NotANotification(error.to_string()))?;
        if notification.event.as_deref() == Some("s3:TestEvent") {
            return Ok(Vec::new());
        }
        let Some(records) = notification.records else {
            return Err(RegistrationError::NotANotification("it has no Records".to_owned()));
        };
        let mut partitions = Vec::new();
        for record in records {
            if record.s3.bucket.name != self.catalog.bucket {
                return Err(RegistrationError::OtherBucket(record.s3.bucket.name));
            }
            // Form-URL-encoded: `+` is a space, `%3D` is `=`.
            let key = record.s3.object.key.replace('+', " ");
            let key = percent_decode_str(&key).decode_utf8_lossy();
            match Partition::from_key(&key) {
                Some(partition) => partitions.push(partition),
                None => log(Level::Warn, "object is no data of a table", &json!({"key": key})),
            }
        }
        Ok(partitions)
    }

    async fn register(&mut self, table: Table, partitions: &[Partition]) -> Result<Registered, CallError> {
        let descriptor = self.descriptor(table).await?;
        let registered = self.catalog.register(table, &descriptor, partitions).await?;
        if self.known.len() + partitions.len() > KNOWN_LIMIT {
            self.known.clear();
        }
        let is_refused = |partition: &&Partition| registered.refused.iter().any(|(refused, _)| refused == *partition);
        self.known
            .extend(partitions.iter().filter(|partition| !is_refused(partition)).cloned());
        Ok(registered)
    }

    async fn descriptor(&mut self, table: Table) -> Result<StorageDescriptor, CallError> {
        if let Some((read, descriptor)) = self.tables.get(&table)
            && read.elapsed() < TABLE_LIFE
        {
            return Ok(descriptor.clone());
        }
        let descriptor = self.catalog.descriptor(table).await?;
        self.tables.insert(table, (Instant::now(), descriptor.clone()));
        Ok(descriptor)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    event: Option<String>,
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
