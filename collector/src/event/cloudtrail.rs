//! CloudTrail records: the event that EventBridge would have made of one.
//!
//! Source: EventBridge's envelope around a CloudTrail record (`detail` is the record, `time` its
//! `eventTime`, `region` its `awsRegion`), as real deliveries show it.

use std::borrow::Cow;

use pipetrail_names::AccountId;

use super::{API_CALL, CODEPIPELINE, Event, EventError, RECIPIENT, object};
use crate::json::Json;
use crate::time::Instant;

/// `eventType` of a record and the `detail-type` that EventBridge gives it.
const DETAIL_TYPES: [(&str, &str); 3] = [
    ("AwsApiCall", API_CALL),
    ("AwsServiceEvent", "AWS Service Event via CloudTrail"),
    ("AwsConsoleAction", "AWS Console Action via CloudTrail"),
];

impl<'a> Event<'a> {
    /// Reads a CloudTrail record, as a trail's file holds it.
    ///
    /// The event has no `id` and no `version`, which a trail does not know. Its key is the one it has
    /// when EventBridge delivers it, and redaction finds the same fields in it.
    ///
    /// # Errors
    /// [`EventError`] says what keeps the bytes from becoming a row.
    pub fn from_cloudtrail(bytes: &'a [u8]) -> Result<Self, EventError> {
        let record = object(bytes)?;
        let text = |path: &[&str]| record.at(path).and_then(Json::as_str);
        let account = match record.get(RECIPIENT) {
            // Records before version 1.02 have none.
            None | Some(Json::Null) => text(&["userIdentity", "accountId"]),
            Some(recipient) => recipient.as_str(),
        };
        let account = account
            .filter(|account| AccountId::admits(account))
            .ok_or(EventError::NoRecipient)?;
        let event_time = text(&["eventTime"]).ok_or(EventError::NoTime)?;
        let time = Instant::parse(event_time).ok_or(EventError::NoTime)?;
        let detail_type = match text(&["eventType"]) {
            // Records before version 1.02 do not say; there were only calls.
            None => Some(API_CALL),
            // The name of a type that AWS adds later is not known: none is made up.
            Some(given) => DETAIL_TYPES.iter().find(|(ty, _)| *ty == given).map(|(_, name)| *name),
        };
        // Who does not say which service it is of was asked for CodePipeline's.
        let service = text(&["eventSource"]).and_then(|service| service.strip_suffix(".amazonaws.com"));
        let source = service.map_or_else(|| CODEPIPELINE.to_owned(), |service| format!("aws.{service}"));
        let envelope = [
            ("detail-type", detail_type),
            ("source", Some(source.as_str())),
            ("account", Some(account)),
            ("time", Some(event_time)),
            ("region", text(&["awsRegion"])),
        ];
        let mut fields = Vec::with_capacity(envelope.len() + 1);
        fields.extend(envelope.into_iter().filter_map(|(name, value)| {
            let value = Cow::Owned(value?.to_owned());
            Some((Cow::Borrowed(name), Json::String(value)))
        }));
        fields.push((Cow::Borrowed("detail"), record));
        let json = Json::Object(fields);
        Ok(Self { json, time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Table;

    /// A record with one field changed or added.
    fn with(field: &str, value: &str) -> String {
        let record = r#"{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","accountId":"111122223333"},
            "eventTime":"2026-11-20T09:27:58Z","eventSource":"codepipeline.amazonaws.com","eventName":"StopPipelineExecution",
            "awsRegion":"eu-central-1","eventID":"e1","eventType":"AwsApiCall","recipientAccountId":"000000000012""#;
        format!(r#"{record},"{field}":{value}}}"#)
    }

    #[test]
    fn a_record_becomes_the_envelope_that_eventbridge_puts_around_it() {
        let record = with("readOnly", "false");
        let event = Event::from_cloudtrail(record.as_bytes()).unwrap();
        let detail: Json<'_> = serde_json::from_str(&record).unwrap();
        assert_eq!(
            event.json.to_string(),
            format!(
                r#"{{"detail-type":"AWS API Call via CloudTrail","source":"aws.codepipeline","account":"000000000012","time":"2026-11-20T09:27:58Z","region":"eu-central-1","detail":{detail}}}"#
            )
        );
        assert_eq!(event.time().text(), "2026-11-20T09:27:58.000Z");
        assert_eq!(event.table(), Table::ApiCalls);
        assert_eq!(
            event.key(),
            Event::parse(event.json.to_string().as_bytes()).unwrap().key()
        );
    }

    #[test]
    fn what_a_record_lacks_is_not_made_up() {
        let of = |text: &str| Event::from_cloudtrail(text.as_bytes()).map(|event| event.json.to_string());
        assert!(
            of(&with("awsRegion", "7"))
                .unwrap()
                .contains(r#""time":"2026-11-20T09:27:58Z","detail""#)
        );
        assert!(
            of(&with("recipientAccountId", "null"))
                .unwrap()
                .contains(r#""account":"111122223333""#)
        );
        // Somebody else's account is not taken instead.
        for wrong in ["7", r#""""#, r#""x""#] {
            assert_eq!(
                of(&with("recipientAccountId", wrong)),
                Err(EventError::NoRecipient),
                "{wrong}"
            );
        }
        let later = of(&with("eventType", r#""AwsDream""#)).unwrap();
        assert!(later.starts_with(r#"{"source":"aws.codepipeline""#), "{later}");
        let service = with("eventType", r#""AwsServiceEvent""#);
        let service = Event::from_cloudtrail(service.as_bytes()).unwrap();
        assert_eq!(service.detail_type(), "AWS Service Event via CloudTrail");
        assert_eq!(service.table(), Table::OtherEvents);
    }

    #[test]
    fn what_no_row_can_be_made_of_is_an_error() {
        for (text, error) in [
            (
                r#"{"recipientAccountId":"1","userIdentity":{"accountId":12}}"#.to_owned(),
                EventError::NoRecipient,
            ),
            (with("eventTime", r#""soon""#), EventError::NoTime),
            (with("eventTime", "null"), EventError::NoTime),
            ("[1]".to_owned(), EventError::NotAnObject),
        ] {
            assert_eq!(Event::from_cloudtrail(text.as_bytes()).unwrap_err(), error, "{text}");
        }
        assert!(matches!(Event::from_cloudtrail(b"{"), Err(EventError::NotJson(_))));
    }
}
