//! What lies in the buckets.

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_smithy_types::base64;
use serde_json::Value;

use super::athena::GlueTable;
use crate::{aws, names};

pub(super) struct Store {
    client: Client,
    lake: String,
    evidence: String,
}

impl Store {
    pub(super) fn new(config: &SdkConfig, account: &str, region: &str) -> Self {
        Self {
            client: aws::s3(config),
            lake: names::bucket("lake", account, region),
            evidence: names::bucket("evidence", account, region),
        }
    }

    /// Objects below a table's location.
    pub(super) async fn objects(&self, table: &GlueTable) -> Result<u64> {
        let prefix = table.root.strip_prefix(&format!("s3://{}/", self.lake));
        let prefix = prefix.with_context(|| format!("{} does not lie in the lake", table.name))?;
        Ok(aws::object_keys(&self.client, &self.lake, prefix).await?.len() as u64)
    }

    /// Evidence records; the markers of sent alerts do not count.
    pub(super) async fn evidence(&self) -> Result<u64> {
        Ok(aws::object_keys(&self.client, &self.evidence, "account_id=")
            .await?
            .len() as u64)
    }

    /// The original bytes of every record under the error prefix.
    pub(super) async fn errors(&self) -> Result<Vec<Vec<u8>>> {
        let mut errors = Vec::new();
        for key in aws::object_keys(&self.client, &self.lake, names::ERRORS).await? {
            let object = self.client.get_object().bucket(&self.lake).key(&key).send().await?;
            let body = object.body.collect().await?.into_bytes();
            for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let record: Value = serde_json::from_slice(line).with_context(|| format!("in {key}"))?;
                let raw = record["rawData"]
                    .as_str()
                    .with_context(|| format!("{key} holds no rawData"))?;
                errors.push(base64::decode(raw).with_context(|| format!("in {key}"))?);
            }
        }
        Ok(errors)
    }
}
