//! The last known gates of each pipeline, one object each in the lake's bucket, which nobody else may put.
//!
//! An object is replaced only as it was read (`If-Match`), so two calls of one pipeline that are handled at once both
//! find their place in it.

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use pipetrail_names::chain;
use serde_json::json;

use super::error::{ApprovalError, status};
use crate::gates::call::GateCall;
use crate::gates::compare::Change;
use crate::gates::history::{History, Made};
use crate::layout::known_gates;
use crate::telemetry::{Level, log};

/// How often a call tries to get its place beside others.
const ATTEMPTS: u32 = 8;
/// More than eight structures of 100 KB and what is remembered of 500 calls take.
const MOST_BYTES: i64 = 16 << 20;

#[derive(Clone, Copy, Debug)]
pub(super) struct KnownGates<'a> {
    pub(super) s3: &'a aws_sdk_s3::Client,
    pub(super) bucket: &'a str,
}

impl KnownGates<'_> {
    /// Enters a call in the history of its pipeline, unless it is there; gives what it did to gates.
    pub(super) async fn enter(
        &self,
        call: &GateCall,
        pipeline: &str,
        made: &Made,
    ) -> Result<Vec<Change>, ApprovalError> {
        let key = known_gates(&call.account_id, &call.region, pipeline);
        for _ in 0..ATTEMPTS {
            let (mut history, etag) = self.read(&key).await?;
            if let Some(changes) = history.known(&call.event_key) {
                return Ok(changes.to_vec());
            }
            let changes = history.take(call.entry(made.clone()));
            if self.put(&key, &history, etag).await? {
                return Ok(changes);
            }
        }
        Err(ApprovalError::Contended {
            bucket: self.bucket.to_owned(),
            key,
            attempts: ATTEMPTS,
        })
    }

    /// What is known, and the ETag under which; nothing where there is no object. S3 says 403 then, because the role
    /// may not list the lake: should there be an object all the same, the put is refused.
    async fn read(&self, key: &str) -> Result<(History, Option<String>), ApprovalError> {
        let found = match self.s3.get_object().bucket(self.bucket).key(key).send().await {
            Ok(found) => found,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(Default::default());
            }
            Err(error) if status(&error) == Some(403) => return Ok(Default::default()),
            Err(error) => return Err(ApprovalError::s3("s3:GetObject", self.bucket, key, &error)),
        };
        let etag = found.e_tag().map(str::to_owned);
        let mut history = None;
        if found.content_length().is_some_and(|length| length <= MOST_BYTES) {
            let body = found.body.collect().await.map_err(|error| ApprovalError::Aws {
                call: "s3:GetObject",
                target: format!("s3://{}/{key}", self.bucket),
                cause: chain(&error),
            })?;
            history = serde_json::from_slice(&body.into_bytes()).ok();
        }
        if history.is_none() {
            // The next call is told as one without a known structure.
            let place = format!("s3://{}/{key}", self.bucket);
            log(Level::Error, "known gates cannot be read", &json!({"object": place}));
        }
        Ok((history.unwrap_or_default(), etag))
    }

    /// Puts what is known in the place of what was read; false if somebody else was sooner.
    async fn put(&self, key: &str, history: &History, etag: Option<String>) -> Result<bool, ApprovalError> {
        let text = serde_json::to_vec(history).map_err(|error| ApprovalError::unwritable("known gates", &error))?;
        let put = self.s3.put_object().bucket(self.bucket).key(key);
        let put = match etag {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        match put
            .content_type("application/json")
            .body(ByteStream::from(text))
            .send()
            .await
        {
            Ok(_) => Ok(true),
            // 409: two conditional puts at once. 404: deleted since it was read.
            Err(error) if matches!(status(&error), Some(404 | 409 | 412)) => Ok(false),
            Err(error) => Err(ApprovalError::s3("s3:PutObject", self.bucket, key, &error)),
        }
    }
}
