//! A Glue that answers as its documents say, for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_glue::config::{Credentials, SharedCredentialsProvider};
use pipetrail_unit::answers::{Answer, answering};
use serde_json::{Value, json};

use super::client::{BATCH, Catalog};

/// Partitions by their values, and what was asked.
#[derive(Debug, Default)]
pub(crate) struct Glue {
    pub partitions: BTreeMap<Vec<String>, Value>,
    pub calls: Vec<String>,
    /// Values of a partition that somebody registers just before we do.
    pub raced: Option<Vec<String>>,
    /// How often a call creates nothing, for want of capacity.
    pub refusals: usize,
}

fn values(value: &Value) -> Vec<String> {
    serde_json::from_value(value["Values"].clone()).unwrap()
}

pub(crate) fn descriptor(location: &str) -> Value {
    json!({"Location": location, "InputFormat": "Parquet", "SerdeInfo": {"SerializationLibrary": "serde"}})
}

impl Glue {
    fn answer(&mut self, request: &str) -> Answer {
        let (head, body) = request.split_once("\n\n").unwrap();
        let target = head
            .lines()
            .find_map(|line| line.strip_prefix("x-amz-target: AWSGlue."));
        let (call, body) = (target.unwrap().to_owned(), serde_json::from_str::<Value>(body).unwrap());
        assert_eq!(
            (&body["DatabaseName"], &body["CatalogId"]),
            (&json!("pipetrail"), &json!("999988887777"))
        );
        self.calls.push(call.clone());
        let answer = match call.as_str() {
            "GetTable" => json!({"Table": {"Name": body["Name"], "StorageDescriptor": descriptor("s3://lake/")}}),
            "BatchGetPartition" => {
                let asked = body["PartitionsToGet"].as_array().unwrap();
                assert!(asked.len() <= BATCH, "{}", asked.len());
                let found: Vec<&Value> = asked
                    .iter()
                    .filter_map(|one| self.partitions.get(&values(one)))
                    .collect();
                json!({"Partitions": found})
            }
            "BatchCreatePartition" => self.create(body["PartitionInputList"].as_array().unwrap()),
            "GetPartitions" => {
                let expression = body["Expression"].as_str().unwrap();
                assert!(
                    ["month < '2026-01'", "month = '2026-11'"].contains(&expression),
                    "{expression}"
                );
                let found: Vec<&Value> = self.partitions.values().collect();
                let (first, others) = found.split_at(found.len().min(1));
                let rest = if body["NextToken"].is_null() { first } else { others };
                let token = body["NextToken"].is_null().then_some("more");
                json!({"Partitions": rest, "NextToken": token})
            }
            "DeletePartition" => {
                let values: Vec<String> = serde_json::from_value(body["PartitionValues"].clone()).unwrap();
                match self.partitions.remove(&values) {
                    Some(_) => json!({}),
                    None => {
                        return (
                            400,
                            r#"{"__type": "EntityNotFoundException", "Message": "no"}"#.to_owned(),
                        );
                    }
                }
            }
            other => panic!("{other}"),
        };
        (200, answer.to_string())
    }

    fn create(&mut self, inputs: &[Value]) -> Value {
        assert!(inputs.len() <= BATCH, "{}", inputs.len());
        if let Some(values) = self.raced.take() {
            let location = format!("s3://lake/approval_calls/account_id={}/month={}/", values[0], values[1]);
            let partition = json!({"Values": values, "StorageDescriptor": descriptor(&location)});
            self.partitions.insert(values, partition);
        }
        let refuses = self.refusals > 0;
        self.refusals = self.refusals.saturating_sub(1);
        let mut errors = Vec::new();
        for input in inputs {
            let code = match self.partitions.contains_key(&values(input)) {
                true => "AlreadyExistsException",
                false if refuses => "InternalServiceException",
                false => {
                    self.partitions.insert(values(input), input.clone());
                    continue;
                }
            };
            errors.push(
                json!({"PartitionValues": input["Values"], "ErrorDetail": {"ErrorCode": code, "ErrorMessage": "no"}}),
            );
        }
        json!({"Errors": errors})
    }
}

/// A catalogue whose answers come from there.
pub(crate) fn catalog(glue: &Arc<Mutex<Glue>>) -> Catalog {
    let glue = Arc::clone(glue);
    let keys = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(answering(move |request| glue.lock().unwrap().answer(request)))
        .build();
    Catalog::new(&config, "pipetrail".to_owned()).of_account("999988887777")
}
