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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
    use pipetrail_unit::answers::answering;

    use super::*;
    use crate::gates::call::Reading;

    fn error(code: &str) -> String {
        match code {
            "" => String::new(),
            code => format!("<Error><Code>{code}</Code><Message>m</Message></Error>"),
        }
    }

    /// Enters the deletion of a pipeline in a bucket that gives these answers and then 412; gives what came of it, and
    /// the puts that were sent.
    async fn entered(answers: &[(u16, &str)]) -> (Result<Vec<Change>, ApprovalError>, Vec<String>) {
        let puts = Arc::new(Mutex::new(Vec::new()));
        let (seen, mut left) = (
            Arc::clone(&puts),
            answers
                .iter()
                .map(|(status, code)| (*status, error(code)))
                .collect::<Vec<_>>()
                .into_iter(),
        );
        let http = answering(move |request| {
            if request.starts_with("PUT") {
                seen.lock().unwrap().push(request.to_owned());
            }
            left.next().unwrap_or_else(|| (412, error("PreconditionFailed")))
        });
        let keys = Credentials::new("test", "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(http)
            .build();
        let s3 = aws_sdk_s3::Client::new(&config);
        let known = KnownGates {
            s3: &s3,
            bucket: "lake",
        };
        let event = br#"{"account":"000000000012","region":"eu-central-1","source":"aws.codepipeline","time":"2026-11-20T09:27:58Z","detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"DeletePipeline","eventID":"e1","requestParameters":{"name":"p"}}}"#;
        let Reading::Structure(call, made) = GateCall::of(event).unwrap() else {
            panic!("no structure")
        };
        let entered = known.enter(&call, "p", &made).await;
        let puts = puts.lock().unwrap().clone();
        (entered, puts)
    }

    #[tokio::test]
    async fn an_object_that_s3_does_not_show_is_none_and_is_only_made_where_there_is_none() {
        let (told, puts) = entered(&[(403, "AccessDenied"), (200, "")]).await;
        assert_eq!(told.unwrap().len(), 1);
        assert_eq!(puts.len(), 1);
        assert!(
            puts[0].starts_with("PUT /gates/account_id%3D000000000012/eu-central-1/p.json"),
            "{}",
            puts[0]
        );
        assert!(puts[0].contains("\nif-none-match: *\n"), "{}", puts[0]);
    }

    #[tokio::test]
    async fn who_comes_second_reads_again_and_gives_up_when_it_always_does() {
        let answers = [
            (404, "NoSuchKey"),
            (409, "ConditionalRequestConflict"),
            (404, "NoSuchKey"),
            (412, "PreconditionFailed"),
            (403, "AccessDenied"),
            (200, ""),
        ];
        let (told, puts) = entered(&answers).await;
        assert_eq!((told.unwrap().len(), puts.len()), (1, 3));

        let missing = [(404, "NoSuchKey"), (412, "PreconditionFailed")].repeat(8);
        let (told, puts) = entered(&missing).await;
        assert!(matches!(told, Err(ApprovalError::Contended { .. })), "{told:?}");
        assert_eq!(puts.len(), 8);
    }

    #[tokio::test]
    async fn a_bucket_that_refuses_the_put_or_fails_keeps_the_message() {
        let (told, _) = entered(&[(404, "NoSuchKey"), (403, "AccessDenied")]).await;
        assert!(
            matches!(
                told,
                Err(ApprovalError::Aws {
                    call: "s3:PutObject",
                    ..
                })
            ),
            "{told:?}"
        );
        let (told, puts) = entered(&[(400, "KMS.DisabledException")]).await;
        assert!(
            matches!(
                told,
                Err(ApprovalError::Aws {
                    call: "s3:GetObject",
                    ..
                })
            ),
            "{told:?}"
        );
        assert_eq!(puts, [""; 0]);
    }
}
