//! Records and markers in the evidence bucket: read, and put where there is none.

use std::cell::Cell;

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use pipetrail_names::chain;
use serde_json::json;

use super::error::{ApprovalError, status};
use crate::evidence::{Evidence, Marker, beside};
use crate::key::sha256_hex;
use crate::telemetry::{Level, log};

/// More than any record has: two dozen fields of 1,024 characters.
const MOST_BYTES: i64 = 1 << 20;

/// The evidence bucket, while one batch is handled.
#[derive(Debug)]
pub(super) struct Records<'a> {
    pub(super) s3: &'a aws_sdk_s3::Client,
    pub(super) bucket: &'a str,
    /// How many objects lay in the place of a record or marker and were neither.
    pub(super) foreign: Cell<usize>,
}

impl Records<'_> {
    /// Whether a marker says that this was told. `digest` is that of the record.
    pub(super) async fn is_told(&self, evidence: &Evidence, digest: &str) -> Result<bool, ApprovalError> {
        let marker_key = evidence.marker_key();
        for key in [marker_key.clone(), beside(&marker_key, digest)] {
            match self.read(&key).await? {
                None => break,
                Some(marker) if self.counts(&marker, evidence, digest).await? => return Ok(true),
                Some(_) => {}
            }
        }
        Ok(false)
    }

    async fn counts(&self, marker: &str, evidence: &Evidence, digest: &str) -> Result<bool, ApprovalError> {
        let Some(marker) = Marker::parse(marker).filter(|marker| evidence.may_have(&marker.record_key)) else {
            return Ok(false);
        };
        // Of an addendum the record is another: the one of the record that it adds to.
        if !evidence.is_addendum && marker.digest != digest {
            return Ok(false);
        }
        let record = self.read(&marker.record_key).await?;
        Ok(record.is_some_and(|record| sha256_hex(&record) == marker.digest))
    }

    /// Puts a text, unless it is there already; beside it, if something else is. Gives the key where it is.
    pub(super) async fn create(&self, key: &str, text: &str, digest: &str) -> Result<String, ApprovalError> {
        for key in [key.to_owned(), beside(key, digest)] {
            if self.put(&key, text).await? || self.read(&key).await?.as_deref() == Some(text) {
                return Ok(key);
            }
            self.foreign.set(self.foreign.get() + 1);
            let place = format!("s3://{}/{key}", self.bucket);
            log(Level::Warn, "foreign evidence", &json!({"object": place}));
        }
        Err(ApprovalError::Occupied {
            bucket: self.bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Puts an object; false if there is one.
    async fn put(&self, key: &str, text: &str) -> Result<bool, ApprovalError> {
        let put = self
            .s3
            .put_object()
            .bucket(self.bucket)
            .key(key)
            .if_none_match("*")
            .content_type("text/plain; charset=utf-8");
        match put.body(ByteStream::from(text.as_bytes().to_vec())).send().await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(412) => Ok(false),
            Err(error) => Err(ApprovalError::s3("s3:PutObject", self.bucket, key, &error)),
        }
    }

    /// Reads a record or marker, if there is one. What is neither reads as an empty one: what is too large, and what S3
    /// does not hand out (400 and 403), because it is archived or encrypted with a key of somebody else's.
    async fn read(&self, key: &str) -> Result<Option<String>, ApprovalError> {
        let get = self.s3.get_object().bucket(self.bucket).key(key);
        let found = match get.send().await {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) if matches!(status(&error), Some(400 | 403)) => return Ok(Some(String::new())),
            Err(error) => return Err(ApprovalError::s3("s3:GetObject", self.bucket, key, &error)),
        };
        if found.content_length().is_none_or(|length| length > MOST_BYTES) {
            return Ok(Some(String::new()));
        }
        let bytes = found.body.collect().await.map_err(|error| ApprovalError::Aws {
            call: "s3:GetObject",
            target: format!("s3://{}/{key}", self.bucket),
            cause: chain(&error),
        })?;
        Ok(Some(String::from_utf8_lossy(&bytes.into_bytes()).into_owned()))
    }
}
