//! The event model: a tolerant view of one EventBridge envelope.
//!
//! Any field may be missing or of another type; only what partitions a row (a 12-digit account and
//! a time) is required. Unknown fields and states are kept.

mod carried;
mod cloudtrail;
mod own;

use std::borrow::Cow;

use pipetrail_names::AccountId;
use pipetrail_names::member::HEARTBEAT_SOURCE;
use thiserror::Error;

use crate::json::Json;
use crate::tables::Table;
use crate::time::Instant;
pub use carried::Uncarried;
pub use own::OwnResource;

/// Why bytes are no event that could become a row. The messages never quote the input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EventError {
    /// Not JSON, not UTF-8, or nested deeper than the parser goes (128).
    #[error("not valid JSON: {0}")]
    NotJson(String),
    /// JSON, but an array or a scalar.
    #[error("not a JSON object")]
    NotAnObject,
    /// `account` is missing or not a string of 12 digits.
    #[error("`account` is missing or not 12 digits in a string")]
    NoAccount,
    /// A CloudTrail record of which neither `recipientAccountId` nor the caller's `accountId` is a
    /// string of 12 digits.
    #[error("`recipientAccountId` is missing or not 12 digits in a string")]
    NoRecipient,
    /// `detail.recipientAccountId` names another account than `account`: the record of one account in
    /// the envelope of another.
    #[error("`detail.recipientAccountId` is not the envelope's `account`")]
    OtherAccount,
    /// Neither `time` nor, for an API call, `detail.eventTime` is an RFC 3339 time.
    #[error("`time` is missing or not an RFC 3339 time")]
    NoTime,
}

/// One event that can be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    pub(crate) json: Json<'a>,
    time: Instant,
}

const STATE_CHANGES: [(&str, Table); 3] = [
    (
        "CodePipeline Pipeline Execution State Change",
        Table::PipelineExecutions,
    ),
    ("CodePipeline Stage Execution State Change", Table::StageExecutions),
    ("CodePipeline Action Execution State Change", Table::ActionExecutions),
];
const API_CALL: &str = "AWS API Call via CloudTrail";
const CODEPIPELINE: &str = "aws.codepipeline";
/// Field of a CloudTrail record: the account whose trail it is for.
const RECIPIENT: &str = "recipientAccountId";

impl<'a> Event<'a> {
    /// Reads an EventBridge envelope.
    ///
    /// # Errors
    /// [`EventError`] says what keeps the bytes from becoming a row.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EventError> {
        let json = object(bytes)?;
        let account = json.get("account").and_then(Json::as_str).unwrap_or_default();
        if !AccountId::admits(account) {
            return Err(EventError::NoAccount);
        }
        let recipient = json.at(&["detail", RECIPIENT]).filter(|value| **value != Json::Null);
        if recipient.is_some_and(|recipient| recipient.as_str() != Some(account)) {
            return Err(EventError::OtherAccount);
        }
        let api_time = || {
            json.at(&["detail", "eventTime"]).filter(|_| {
                detail_type(&json) == API_CALL && json.get("source").and_then(Json::as_str) == Some(CODEPIPELINE)
            })
        };
        let time = [api_time(), json.get("time")]
            .into_iter()
            .flatten()
            .find_map(|value| Instant::parse(value.as_str()?))
            .ok_or(EventError::NoTime)?;
        Ok(Self { json, time })
    }

    /// The table the event belongs to, where it comes from a file: changes of our own resources have one of their own.
    pub fn table_in_file(&self) -> Table {
        match self.table() {
            Table::OtherEvents if self.own_resource().is_some() => Table::OwnChanges,
            table => table,
        }
    }

    /// The table the event belongs to where it comes over the bus, whose rules sort in the same way.
    pub fn table(&self) -> Table {
        match (self.text(&["source"]), self.detail_type()) {
            (Some(HEARTBEAT_SOURCE), _) => Table::Heartbeats,
            (Some(CODEPIPELINE), API_CALL) if self.event_name() == Some("PutApprovalResult") => Table::ApprovalCalls,
            (Some(CODEPIPELINE), API_CALL) => Table::ApiCalls,
            (Some(CODEPIPELINE), detail_type) => STATE_CHANGES
                .iter()
                .find(|(name, _)| *name == detail_type)
                .map_or(Table::OtherEvents, |(_, table)| *table),
            _ => Table::OtherEvents,
        }
    }

    /// Account in which it happened, 12 digits. A forwarded event keeps it.
    pub fn account(&self) -> &str {
        self.text(&["account"]).unwrap_or_default()
    }

    /// Region in which it happened: of an API call what its record says, else the envelope's, which a
    /// forwarded event keeps.
    pub fn region(&self) -> &str {
        let of_record = || {
            self.text(&["detail", "awsRegion"])
                .filter(|_| self.detail_type() == API_CALL)
        };
        of_record().or_else(|| self.text(&["region"])).unwrap_or_default()
    }

    /// Whether EventBridge delivered it out of an archive.
    pub(crate) fn is_replayed(&self) -> bool {
        self.at(&["replay-name"]).is_some()
    }

    /// When it happened: of an API call `detail.eventTime`, else the envelope's `time`.
    pub fn time(&self) -> Instant {
        self.time
    }

    /// API operation, if it is an API call that names one.
    pub fn event_name(&self) -> Option<&str> {
        self.text(&["detail", "eventName"])
    }

    pub(crate) fn detail_type(&self) -> &str {
        detail_type(&self.json)
    }

    /// The value at a path, `null` included.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Json<'a>> {
        self.json.at(path)
    }

    /// The string at a path.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// What a text column holds of the value at a path.
    pub(crate) fn column(&self, path: &[&str]) -> Option<Cow<'_, str>> {
        self.at(path)?.text()
    }
}

fn object(bytes: &[u8]) -> Result<Json<'_>, EventError> {
    // Checked as a whole it is UTF-8 sooner than string by string. What is none fails in the parser.
    let parsed = match std::str::from_utf8(bytes) {
        Ok(text) => Json::parse(text),
        Err(_) => serde_json::from_slice(bytes),
    };
    let json = parsed.map_err(|error| EventError::NotJson(position(&error)))?;
    match json {
        Json::Object(_) => Ok(json),
        _ => Err(EventError::NotAnObject),
    }
}

fn detail_type<'j>(json: &'j Json<'_>) -> &'j str {
    json.get("detail-type").and_then(Json::as_str).unwrap_or_default()
}

/// Where parsing stopped and why, without a word of the input.
fn position(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ => "it cannot be read",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_of_one_account_in_the_envelope_of_another_is_refused() {
        let envelope = |recipient: &str| {
            let text = format!(
                r#"{{"source":"aws.codepipeline","detail-type":"{API_CALL}","account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{{"eventID":"e1"{recipient}}}}}"#
            );
            Event::parse(text.as_bytes()).map(|event| event.key())
        };
        let own = envelope(r#","recipientAccountId":"000000000012""#).unwrap();
        for none in ["", r#","recipientAccountId":null"#] {
            assert_eq!(envelope(none).as_ref(), Ok(&own), "{none}");
        }
        for other in [r#""111122223333""#, r#""""#, "12", r#"["000000000012"]"#, "{}"] {
            let envelope = envelope(&format!(r#","recipientAccountId":{other}"#));
            assert_eq!(envelope, Err(EventError::OtherAccount), "{other}");
        }
    }
}
