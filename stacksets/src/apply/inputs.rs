//! What a step takes in: the outputs and uploads of earlier ones, and its template's address.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use pipetrail_names::AccountId;

use super::Run;
use crate::desired::ParameterValue;
use crate::error::{Error, from_sdk};
use crate::ids::answered;
use crate::step_id::Need;
use crate::template::{MAX_BODY_BYTES, Template};

impl Run<'_> {
    pub(super) fn needs(&self, parameters: &BTreeMap<String, ParameterValue>, template: &Template) -> BTreeSet<Need> {
        let mut needs: BTreeSet<Need> = parameters.values().filter_map(|value| self.needs_of(value)).collect();
        if template.body().len() > MAX_BODY_BYTES {
            needs.extend(self.needs_of(&self.plan.bucket));
        }
        needs
    }

    /// The stack whose output it is, or the upload whose key it is.
    pub(super) fn needs_of(&self, value: &ParameterValue) -> Option<Need> {
        match value {
            ParameterValue::Output { stack, .. } => Some(Need::Stack(stack.clone())),
            ParameterValue::Text(text) => {
                let upload = self.plan.uploads.iter().find(|upload| upload.key == *text);
                upload.map(|upload| Need::Upload(upload.key.clone()))
            }
            ParameterValue::Private(_) => None,
        }
    }

    pub(super) fn resolve(
        &self,
        parameters: &BTreeMap<String, ParameterValue>,
    ) -> Result<BTreeMap<String, String>, Error> {
        parameters
            .iter()
            .map(|(name, value)| Ok((name.clone(), self.value(value)?)))
            .collect()
    }

    pub(super) fn value(&self, value: &ParameterValue) -> Result<String, Error> {
        match value {
            ParameterValue::Text(text) | ParameterValue::Private(text) => Ok(text.clone()),
            ParameterValue::Output { stack, output } => {
                let known = self.outputs.get(stack).and_then(|outputs| outputs.get(output));
                known.cloned().ok_or_else(|| Error::MissingOutput {
                    stack: stack.clone(),
                    output: output.clone(),
                })
            }
        }
    }

    /// Where a template too large to be sent inline lies; puts it there.
    pub(super) async fn template_url(&self, name: &str, template: &Template) -> Result<Option<String>, Error> {
        if template.body().len() <= MAX_BODY_BYTES {
            return Ok(None);
        }
        let (bucket, owner) = (self.value(&self.plan.bucket)?, &self.plan.audit_account);
        let url = upload_template(&self.clients.s3, &bucket, owner, name, template).await;
        self.journal.note(url).map(Some)
    }

    pub(super) async fn put(&self, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<(), Error> {
        let (bucket, owner) = (self.value(&self.plan.bucket)?, &self.plan.audit_account);
        let put = put(&self.clients.s3, &bucket, owner, key, bytes, content_type).await;
        self.journal.note(put)
    }
}

/// Puts a template where CloudFormation can read it, in a bucket of `owner`; gives its address.
///
/// # Errors
/// A refused call.
pub async fn upload_template(
    s3: &Client,
    bucket: &str,
    owner: &AccountId,
    name: &str,
    template: &Template,
) -> Result<String, Error> {
    let key = format!("templates/{name}-{}.yaml", template.digest());
    let body = template.body().as_bytes().to_vec();
    put(s3, bucket, owner, &key, body, "application/yaml").await?;
    // The SDK knows the partition's host and a profile's endpoint_url; the signature is cut off,
    // since CloudFormation reads with the caller's permissions.
    let lifetime = PresigningConfig::expires_in(Duration::from_secs(60)).ok();
    let lifetime = answered("presigning", "lifetime", lifetime)?;
    let url = s3.get_object().bucket(bucket).key(&key).presigned(lifetime).await;
    let url = url.map_err(from_sdk(format!("make the address of s3://{bucket}/{key}")))?;
    Ok(url.uri().split('?').next().unwrap_or_default().to_owned())
}

async fn put(
    s3: &Client,
    bucket: &str,
    owner: &AccountId,
    key: &str,
    bytes: Vec<u8>,
    content_type: &str,
) -> Result<(), Error> {
    let put = s3.put_object().bucket(bucket).key(key);
    // Bucket names are global: one that was deleted may be somebody else's by now.
    let put = put.expected_bucket_owner(owner.as_str());
    let put = put.content_type(content_type).body(bytes.into()).send().await;
    put.map_err(from_sdk(format!("upload s3://{bucket}/{key}")))?;
    Ok(())
}
