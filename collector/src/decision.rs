//! A manual approval decision, as the auditor reads it and as subscribers hear of it.
//!
//! Pure: [`Decision::of`] reads and redacts a message, [`Decision::record`] is the evidence file, and
//! [`Decision::alert`] what is published. Whatever people wrote is hostile text: it can forge neither
//! a line of the record, nor a mail's subject, nor a key.

use serde::Serialize;
use thiserror::Error;

use crate::event::{Event, EventError};
use crate::key::sha256_hex;
use crate::rows::{Origin, row};
use crate::tables::{Own, Table};

/// Why a message is no decision to record.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DecisionError {
    #[error(transparent)]
    NotAnEvent(#[from] EventError),
    /// The event is something else; the rule that sends decisions should not have matched.
    #[error("the event is neither a decision nor a call that may take a gate away")]
    NotADecision,
}

/// A decision that counted. Serialises as the alert's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Always `decision`.
    pub event_class: &'static str,
    /// `Approved` or `Rejected`, AWS's own words.
    pub decision: Option<String>,
    /// Account of the pipeline.
    pub account_id: String,
    /// Region of the pipeline.
    pub region: String,
    pub pipeline: Option<String>,
    pub stage: Option<String>,
    /// Name of the approval action.
    pub action: Option<String>,
    pub approver: Option<String>,
    pub principal_kind: String,
    pub principal_arn: Option<String>,
    /// Role of a role session.
    pub role_name: Option<String>,
    /// Whether AWS saw MFA; absent where it cannot be known.
    pub mfa: Option<bool>,
    /// The reviewer's comment.
    pub reason: Option<String>,
    /// When, UTC.
    pub event_time: String,
    /// Address the call came from.
    pub source_ip: Option<String>,
    pub user_agent: Option<String>,
    /// Whether the call came from the console.
    pub console: Option<bool>,
    /// SHA-256 of the approval token, equal to the action execution id in the lake.
    pub action_execution_id: Option<String>,
    /// `eventID` of the CloudTrail record.
    pub cloudtrail_event_id: Option<String>,
    /// `requestID` of the call.
    pub request_id: Option<String>,
    /// The identity of the decision; equal in duplicates. Subscribers de-duplicate by it.
    pub event_key: String,
    /// Whether it is read from CloudTrail's addendum to the record of the call.
    #[serde(skip)]
    pub is_addendum: bool,
}

/// What to do with a message of the decisions queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Record it and tell.
    Record(Box<Decision>, String),
    /// A call that AWS refused: it decided nothing. It is a row of `approval_calls` all the same.
    Refused,
}

impl Decision {
    /// Reads a message of the decisions queue: the decision and the redacted event for the log.
    ///
    /// # Errors
    /// [`DecisionError`] for what is no decision; such a message belongs in the dead-letter queue.
    pub fn of(message: &[u8]) -> Result<Reading, DecisionError> {
        let mut event = Event::parse(message)?;
        if event.table() != Table::ApprovalCalls {
            return Err(DecisionError::NotADecision);
        }
        let key = event.key();
        event.redact();
        let origin = Origin::Stream { arrived: None };
        let row = row(&event, Table::ApprovalCalls, key.clone(), origin);
        let Own::Approval(call, caller) = row.own else {
            return Err(DecisionError::NotADecision);
        };
        if call.error_code.is_some() {
            return Ok(Reading::Refused);
        }
        let own = |text: Option<std::borrow::Cow<'_, str>>| text.map(|text| limited(&text));
        let decision = Self {
            event_class: "decision",
            decision: own(call.decision),
            account_id: event.account().to_owned(),
            region: limited(event.region()),
            pipeline: own(row.common.pipeline),
            stage: own(call.stage),
            action: own(call.action),
            approver: own(call.approver),
            principal_kind: own(caller.principal_kind).unwrap_or_default(),
            principal_arn: own(caller.principal_arn),
            role_name: own(caller.role_name),
            mfa: caller.mfa,
            reason: own(call.summary),
            event_time: event.time().text(),
            source_ip: own(caller.source_ip),
            user_agent: own(caller.user_agent),
            console: caller.console,
            action_execution_id: own(call.action_execution_id),
            cloudtrail_event_id: own(caller.cloudtrail_event_id),
            request_id: own(caller.request_id),
            event_key: key,
            is_addendum: caller.addendum_of.is_some(),
        };
        let redacted = row.common.raw.map(ToString::to_string).unwrap_or_default();
        Ok(Reading::Record(Box::new(decision), redacted))
    }
}

/// Most characters of one field that a record or alert carries: AWS's own limits are 1 KB and below,
/// and an alert must stay under 256 KiB.
const FIELD_LIMIT: usize = 1024;

/// The text, or its beginning and its hash: nobody can make two long texts look alike.
pub(crate) fn limited(text: &str) -> String {
    limited_to(text, FIELD_LIMIT)
}

/// As [`limited`], for a field of at most that many characters.
pub(crate) fn limited_to(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… [cut; SHA-256 of the whole {}]", &text[..end], sha256_hex(text)),
    }
}

/// Text that cannot leave its line or change its direction: control and invisible formatting
/// characters, and the backslash that marks them, are written as `\u{…}`.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let formatting = c == '\\'
            || matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
                    | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}');
        if c.is_control() || formatting {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A decision with these request parameters.
    pub(crate) fn decision(parameters: &str) -> Decision {
        let message = format!(
            r#"{{"detail-type":"AWS API Call via CloudTrail","source":"aws.codepipeline","account":"000000000012","region":"eu-central-1","time":"2026-11-20T09:27:58Z",
            "detail":{{"eventTime":"2026-11-20T09:27:58Z","eventName":"PutApprovalResult","eventID":"e1","recipientAccountId":"000000000012",
            "userIdentity":{{"type":"IAMUser","userName":"dana"}},"sourceIPAddress":"203.0.113.40","requestParameters":{parameters}}}}}"#
        );
        match Decision::of(message.as_bytes()).unwrap() {
            Reading::Record(decision, _) => *decision,
            Reading::Refused => panic!("refused"),
        }
    }

    #[test]
    fn what_is_no_decision_is_told_apart() {
        assert_eq!(
            Decision::of(b"{broken").unwrap_err(),
            DecisionError::NotAnEvent(Event::parse(b"{broken").unwrap_err())
        );
        let other = br#"{"account":"000000000012","time":"2026-11-20T09:27:58Z","detail-type":"x"}"#;
        assert_eq!(Decision::of(other).unwrap_err(), DecisionError::NotADecision);
        let refused = br#"{"account":"000000000012","source":"aws.codepipeline","time":"2026-11-20T09:27:58Z","detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"PutApprovalResult","errorCode":"AccessDenied"}}"#;
        assert_eq!(Decision::of(refused).unwrap(), Reading::Refused);
    }

    #[test]
    fn an_empty_error_code_is_a_decision_here_and_for_the_rule_that_sends_it() {
        let empty = br#"{"account":"000000000012","source":"aws.codepipeline","time":"2026-11-20T09:27:58Z","detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"PutApprovalResult","errorCode":""}}"#;
        assert!(matches!(Decision::of(empty).unwrap(), Reading::Record(..)));
        let rule = r#""errorCode": [{"exists": false}, null, ""]"#;
        assert!(crate::templates::DATA.contains(rule));
    }
}
