//! What is remembered of a replacement, as an object in the lake's bucket: it survives the laptop, and
//! whoever applies next goes on from it.

use aws_sdk_s3::Client;
use jiff::Timestamp;
use pipetrail_names::AccountId;
use serde::{Deserialize, Serialize};

use crate::error::{Error, from_sdk, unless_refused};
use crate::flow::replayed;
use crate::pause::Pause;

/// Key of the object; below no table's folder.
const KEY: &str = "replacement.json";

/// What S3 answers where the object is not the one that was read.
const OVERTAKEN: &str = "PreconditionFailed";

/// What S3 answers where the object is written at this moment: the call is to be made again.
const CONFLICT: &str = "ConditionalRequestConflict";

/// The last replacement, under way or done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Id of the stack that is replaced.
    pub stack: String,
    /// Since when the bus may have had no rules.
    pub from: Timestamp,
    /// When the rules were off, all of them.
    #[serde(default)]
    pub rules_off: Option<Timestamp>,
    /// When the oldest record came in that a stream had not written when it was deleted.
    #[serde(default)]
    pub oldest: Option<Timestamp>,
    /// Since when the new stack's rules are there.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Number of the replay: a failed one is followed by another.
    pub attempt: u32,
    /// Whether nothing is left to do.
    pub done: bool,
    /// The object that it was read from; `None` where there was none.
    #[serde(skip)]
    pub(crate) etag: Option<String>,
}

impl Record {
    /// Whether the new stack does not stand yet, as far as is written down.
    pub(crate) fn is_open(&self) -> bool {
        self.until.is_none()
    }

    /// The name of the replay, which makes a repeated start the same one.
    pub(crate) fn replay_name(&self) -> Option<String> {
        let until = self.until?.strftime("%Y%m%dT%H%M%SZ");
        Some(format!("pipetrail-{until}-{}", self.attempt))
    }

    /// The span that is replayed, once the gap has ended.
    pub(crate) fn replayed(&self) -> Option<(Timestamp, Timestamp)> {
        let from = self.oldest.map_or(self.from, |oldest| oldest.min(self.from));
        Some(replayed(from, self.until?))
    }

    /// For how long the bus had no rules, in words.
    pub fn gap(&self) -> Option<String> {
        let until = self.until?;
        let seconds = until.duration_since(self.from).as_secs().max(0);
        let length = match seconds {
            0..60 => format!("{seconds} s"),
            _ => format!("{} min {} s", seconds / 60, seconds % 60),
        };
        let second = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ");
        Some(format!("{length}, from {} to {}", second(self.from), second(until)))
    }

    /// Reads it; `None` where nothing was ever replaced.
    ///
    /// # Errors
    /// A refused call, or an object that is no record.
    pub async fn read(client: &Client, bucket: &str, owner: &AccountId) -> Result<Option<Self>, Error> {
        let call = client.get_object().bucket(bucket).key(KEY);
        let got = call.expected_bucket_owner(owner.as_str()).send().await;
        let got = got.map_err(from_sdk(format!("read s3://{bucket}/{KEY}")));
        let Some(got) = unless_refused("NoSuchKey", got)? else {
            return Ok(None);
        };
        let broken = |source: Box<dyn std::error::Error + Send + Sync>| Error::Record {
            place: format!("s3://{bucket}/{KEY}"),
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
        let place = format!("s3://{bucket}/{KEY}");
        let body = serde_json::to_vec(&self).map_err(|error| Error::Record {
            place: place.clone(),
            source: error.into(),
        })?;
        let put = async || {
            let call = client.put_object().bucket(bucket).key(KEY).body(body.clone().into());
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
impl Record {
    /// Of a stack whose rules went off at noon.
    pub(crate) fn of_test(stack: &str) -> Self {
        let noon = "2026-11-30T12:00:00Z".parse().ok();
        Record {
            stack: stack.to_owned(),
            from: noon.unwrap_or_default(),
            rules_off: noon,
            oldest: None,
            until: None,
            attempt: 1,
            done: false,
            etag: None,
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

    #[test]
    fn what_a_stream_had_not_written_is_replayed_too() {
        let record = Record {
            until: "2026-11-30T12:12:00Z".parse().ok(),
            oldest: "2026-11-30T10:00:00Z".parse().ok(),
            ..Record::of_test("x")
        };
        let (from, until) = record.replayed().unwrap();
        assert_eq!(
            (from.to_string(), until.to_string()),
            ("2026-11-30T09:15:00Z".into(), "2026-11-30T12:13:00Z".into())
        );
    }
}
