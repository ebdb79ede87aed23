//! What a JSON object is, told by the names of its fields.

use std::borrow::Cow;
use std::fmt;

use pipetrail_names::member::SERVICES;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The `eventSource` of the service whose records all matter.
pub(super) const SERVICE: &str = "codepipeline.amazonaws.com";

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An EventBridge envelope, or nothing known: the event model has the last word.
    Envelope,
    /// A CloudTrail record of CodePipeline.
    CodePipeline,
    /// A CloudTrail record of a service in which the member's stack made something.
    OwnService,
    /// A CloudTrail record of another service.
    OtherService,
    /// A record of CloudTrail Insights.
    Insight,
    /// A digest of a trail: hashes of its files.
    Digest,
    /// A file of a trail.
    TrailFile,
    /// A record that Firehose could not deliver.
    FirehoseError,
    /// A row as λ transform made it.
    Row,
}

/// Tells what an object is. It reads no further than to the field that decides.
pub(super) fn of(object: &[u8]) -> Kind {
    let mut kind = None;
    let mut parser = serde_json::Deserializer::from_slice(object);
    // It stops in the middle, which the parser reports as an error.
    let _ = Deserializer::deserialize_map(&mut parser, Names(&mut kind));
    kind.unwrap_or(Kind::Envelope)
}

/// Goes through the names of the fields; what it finds outlives the error of having stopped.
struct Names<'k>(&'k mut Option<Kind>);

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut record = false;
        while let Some(name) = map.next_key_seed(Name)? {
            *self.0 = Some(match name {
                Field::Envelope => Kind::Envelope,
                Field::Records => Kind::TrailFile,
                Field::Digest => Kind::Digest,
                Field::RawData => Kind::FirehoseError,
                Field::Row => Kind::Row,
                Field::Insight => Kind::Insight,
                Field::EventSource => match map.next_value::<Text<'_>>() {
                    Ok(Text(Some(text))) if text == SERVICE => Kind::CodePipeline,
                    Ok(Text(Some(text))) if SERVICES.contains(&text.as_ref()) => Kind::OwnService,
                    // What Lambda is handed by a queue is no record of a trail.
                    Ok(Text(Some(text))) if text.starts_with("aws:") => Kind::Envelope,
                    Ok(Text(_)) => Kind::OtherService,
                    // No JSON: passed over, it would disappear, and what it swallowed with it.
                    Err(_) => Kind::Envelope,
                },
                Field::OfRecord | Field::Other => {
                    record |= name == Field::OfRecord;
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            });
            return Ok(());
        }
        *self.0 = record.then_some(Kind::OtherService);
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Field {
    Envelope,
    Records,
    Digest,
    RawData,
    Row,
    Insight,
    EventSource,
    OfRecord,
    Other,
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Field, E> {
        Ok(match name {
            "detail-type" | "detailType" | "detail" => Field::Envelope,
            "Records" => Field::Records,
            "digestStartTime" | "digestS3Bucket" | "digestEndTime" => Field::Digest,
            "rawData" => Field::RawData,
            "event_key" => Field::Row,
            "insightDetails" => Field::Insight,
            "eventSource" => Field::EventSource,
            "eventVersion" | "userIdentity" => Field::OfRecord,
            _ => Field::Other,
        })
    }
}

/// A string, or something else that is passed over.
struct Text<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// The records of a trail's file that was read as a whole.
#[derive(Deserialize)]
pub(super) struct TrailFile<'a> {
    /// Each as it stands there.
    #[serde(borrow, rename = "Records")]
    pub records: Vec<&'a RawValue>,
}

/// What Firehose writes about a record that it could not deliver.
#[derive(Deserialize)]
pub(super) struct FirehoseError<'a> {
    /// The record, base64.
    #[serde(borrow, rename = "rawData")]
    pub raw_data: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_that_decides_tells_what_an_object_is() {
        for (object, kind) in [
            (r#"{"version":"0","id":"x","detail-type":"y""#, Kind::Envelope),
            (r#"{"account":"000000000012","detailType":"y"}"#, Kind::Envelope),
            (
                r#"{"eventVersion":"1.11","userIdentity":{"a":[1]},"eventSource":"codepipeline.amazonaws.com","#,
                Kind::CodePipeline,
            ),
            (
                r#"{"eventVersion":"1.11","eventSource":"code\u0070ipeline.amazonaws.com"}"#,
                Kind::CodePipeline,
            ),
            (
                r#"{"eventVersion":"1.11","requestParameters":{"eventSource":"codepipeline.amazonaws.com"},"eventSource":"s3.amazonaws.com"}"#,
                Kind::OtherService,
            ),
            (
                r#"{"eventVersion":"1.11","eventSource":"iam.amazonaws.com"}"#,
                Kind::OwnService,
            ),
            (r#"{"eventVersion":"1.11","eventSource":7}"#, Kind::OtherService),
            (r#"{"eventVersion":"1.11","eventName":"x"}"#, Kind::OtherService),
            (r#"{"eventVersion":"1.11","eventSource",{"a":1}}"#, Kind::Envelope),
            (
                r#"{"eventVersion":"1.07","insightDetails":{"eventSource":"codepipeline.amazonaws.com"}}"#,
                Kind::Insight,
            ),
            (r#"{"messageId":"x","eventSource":"aws:sqs"}"#, Kind::Envelope),
            (r#"{"awsAccountId":"000000000012","digestStartTime":"x"}"#, Kind::Digest),
            (r#"{"Records":[]}"#, Kind::TrailFile),
            (r#"{"attemptsMade":1,"rawData":"e30="}"#, Kind::FirehoseError),
            (r#"{"event_key":"0","raw":"{}"}"#, Kind::Row),
            (r#"{"a":1}"#, Kind::Envelope),
            (r#"{"a":"#, Kind::Envelope),
        ] {
            assert_eq!(of(object.as_bytes()), kind, "{object}");
        }
    }
}
