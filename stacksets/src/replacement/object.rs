//! The object that remembers a replacement, in the lake's bucket: it survives the laptop, and whoever
//! applies next goes on from it.

use aws_sdk_s3::Client;
use pipetrail_names::AccountId;

use super::record::Record;
use crate::error::{Error, from_sdk, unless_refused};
use crate::pause::Pause;

/// What S3 answers where the object is not the one that was read.
const OVERTAKEN: &str = "PreconditionFailed";

/// What S3 answers where the object is written at this moment: the call is to be made again.
const CONFLICT: &str = "ConditionalRequestConflict";

impl Record {
    /// Reads it; `None` where nothing was ever replaced.
    ///
    /// # Errors
    /// A refused call, or an object that is no record.
    pub async fn read(client: &Client, bucket: &str, owner: &AccountId) -> Result<Option<Self>, Error> {
        let place = format!("s3://{bucket}/{}", Record::KEY);
        let call = client.get_object().bucket(bucket).key(Record::KEY);
        let got = call.expected_bucket_owner(owner.as_str()).send().await;
        let got = got.map_err(from_sdk(format!("read {place}")));
        let Some(got) = unless_refused("NoSuchKey", got)? else {
            return Ok(None);
        };
        let broken = |source: Box<dyn std::error::Error + Send + Sync>| Error::Record {
            place: place.clone(),
            source,
        };
        let bytes = got.body.collect().await.map_err(|error| broken(error.into()))?;
        let record: Record = serde_json::from_slice(&bytes.into_bytes()).map_err(|error| broken(error.into()))?;
        Ok(Some(Record {
            etag: got.e_tag,
            ..record
        }))
    }

    /// Writes it over what it was read from, and over nothing else: whoever replaces at the same time is not undone.
    ///
    /// # Errors
    /// A refused call, or somebody else has written meanwhile.
    pub(super) async fn put(self, client: &Client, bucket: &str, owner: &AccountId) -> Result<Self, Error> {
        let place = format!("s3://{bucket}/{}", Record::KEY);
        let body = serde_json::to_vec(&self).map_err(|error| Error::Record {
            place: place.clone(),
            source: error.into(),
        })?;
        let put = async || {
            let call = client
                .put_object()
                .bucket(bucket)
                .key(Record::KEY)
                .body(body.clone().into());
            let call = match &self.etag {
                Some(etag) => call.if_match(etag),
                None => call.if_none_match("*"),
            };
            let call = call.content_type("application/json");
            let put = call.expected_bucket_owner(owner.as_str()).send().await;
            put.map_err(from_sdk(format!("write {place}")))
        };
        let mut answer = put().await;
        if answer.as_ref().is_err_and(|error| error.code() == Some(CONFLICT)) {
            Pause::default().sleep().await;
            answer = put().await;
        }
        match answer {
            Ok(put) => Ok(Record {
                etag: put.e_tag,
                ..self
            }),
            Err(error) if error.code() == Some(OVERTAKEN) => {
                // An answer that was lost is asked for again, and then the object is this one.
                let there = Record::read(client, bucket, owner).await?;
                let is_this = |there: &Record| {
                    Record {
                        etag: None,
                        ..there.clone()
                    } == Record {
                        etag: None,
                        ..self.clone()
                    }
                };
                there.filter(is_this).ok_or(Error::Overtaken { place })
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;
    use crate::ids::known;

    #[tokio::test]
    async fn a_record_is_read_as_it_was_written_and_anything_else_is_an_error() {
        let record = Record {
            until: "2026-11-30T12:12:05Z".parse().ok(),
            ..Record::of_test("arn:pipeline")
        };
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains(r#""from":"2026-11-30T12:00:00Z""#), "{text}");
        let server = Answers::new(&[
            ("GET /the-lake/replacement.json", 200, &text),
            (
                "GET /the-lake/replacement.json",
                404,
                "<Error><Code>NoSuchKey</Code></Error>",
            ),
            ("GET /the-lake/replacement.json", 200, "{}"),
            (
                "GET /the-lake/replacement.json",
                403,
                "<Error><Code>AccessDenied</Code></Error>",
            ),
        ]);
        let (client, owner) = (server.s3(), known("999988887777"));
        let read = async || Record::read(&client, "the-lake", &owner).await;
        assert_eq!(read().await.unwrap(), Some(record.clone()));
        assert_eq!(read().await.unwrap(), None);
        let broken = read().await.unwrap_err().to_string();
        assert_eq!(broken, "s3://the-lake/replacement.json does not say what was replaced");
        assert_eq!(read().await.unwrap_err().code(), Some("AccessDenied"));
        assert_eq!(
            record.gap().unwrap(),
            "12 min 5 s, from 2026-11-30T12:00:00Z to 2026-11-30T12:12:05Z"
        );
        assert_eq!(record.replay_name().unwrap(), "pipetrail-20261130T121205Z-1");
    }

    #[tokio::test]
    async fn a_record_is_written_over_the_one_that_was_read_and_over_no_other() {
        let record = Record::of_test("arn:pipeline");
        let text = serde_json::to_string(&record).unwrap();
        let other = serde_json::to_string(&Record::of_test("arn:other")).unwrap();
        let refused = "<Error><Code>PreconditionFailed</Code></Error>";
        let server = Answers::new(&[
            ("PUT /the-lake/replacement.json", 412, refused),
            // Its own, of which the answer was lost.
            ("GET /the-lake/replacement.json", 200, &text),
            ("PUT /the-lake/replacement.json", 412, refused),
            ("GET /the-lake/replacement.json", 200, &other),
        ]);
        let (client, owner) = (server.s3(), known("999988887777"));
        let put = async || record.clone().put(&client, "the-lake", &owner).await;
        assert_eq!(put().await.unwrap(), record);
        let error = put().await.unwrap_err();
        assert!(matches!(error, Error::Overtaken { .. }), "{error}");
    }
}
