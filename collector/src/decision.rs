//! A manual approval decision, as the auditor reads it and as subscribers hear of it.
//!
//! Pure: [`Decision::of`] takes a redacted event, [`Decision::record`] is the evidence file, and
//! [`Decision::alert`] what is published. Whatever people wrote is hostile text here: it can forge
//! neither a line of the record, nor a mail's subject, nor a key.

use std::fmt::Write as _;

use serde::Serialize;
use thiserror::Error;

use crate::event::{Event, EventError};
use crate::key::sha256_hex;
use crate::layout::segment;
use crate::rows::row;
use crate::tables::{Own, Table};

/// Why a message is no decision to record.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DecisionError {
    /// The message is no event.
    #[error(transparent)]
    NotAnEvent(#[from] EventError),
    /// The event is something else; the rule that sends decisions should not have matched.
    #[error("the event is no PutApprovalResult call")]
    NotADecision,
}

/// A decision that counted. Serialises as the alert's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Always `approval_decision`.
    pub event_class: &'static str,
    /// `Approved` or `Rejected`, AWS's own words.
    pub decision: Option<String>,
    /// Account of the pipeline.
    pub account_id: String,
    /// Region of the pipeline.
    pub region: String,
    /// Pipeline name.
    pub pipeline: Option<String>,
    /// Stage name.
    pub stage: Option<String>,
    /// Name of the approval action.
    pub action: Option<String>,
    /// Who decided.
    pub approver: Option<String>,
    /// Kind of principal.
    pub principal_kind: String,
    /// ARN of the caller.
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
    /// User agent.
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
}

/// What to do with a message of the decisions queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Record it and tell.
    Record(Box<Decision>, String),
    /// A call that AWS refused: it decided nothing. It is a row of `approvals` all the same.
    Refused,
}

impl Decision {
    /// Reads a message of the decisions queue: the decision and the redacted event for the log.
    ///
    /// # Errors
    /// [`DecisionError`] for what is no decision; such a message belongs in the dead-letter queue.
    pub fn of(message: &[u8]) -> Result<Verdict, DecisionError> {
        let mut event = Event::parse(message)?;
        if event.table() != Table::Approvals {
            return Err(DecisionError::NotADecision);
        }
        let key = event.key();
        event.redact();
        let row = row(&event, Table::Approvals, key.clone(), event.time());
        let Own::Approval(call) = row.own else {
            return Err(DecisionError::NotADecision);
        };
        if call.error_code.is_some_and(|code| !code.is_empty()) {
            return Ok(Verdict::Refused);
        }
        let own = |text: Option<std::borrow::Cow<'_, str>>| text.map(|text| limited(&text));
        let decision = Self {
            event_class: "approval_decision",
            decision: own(call.decision),
            account_id: event.account().to_owned(),
            region: limited(event.region()),
            pipeline: own(row.common.pipeline),
            stage: own(call.stage),
            action: own(call.action),
            approver: own(call.approver),
            principal_kind: own(call.principal_kind).unwrap_or_default(),
            principal_arn: own(call.principal_arn),
            role_name: own(call.role_name),
            mfa: call.mfa,
            reason: own(call.summary),
            event_time: event.time().text(),
            source_ip: own(call.source_ip),
            user_agent: own(call.user_agent),
            console: call.console,
            action_execution_id: own(call.action_execution_id),
            cloudtrail_event_id: own(call.cloudtrail_event_id),
            request_id: own(call.request_id),
            event_key: key,
        };
        let redacted = row.common.raw.map(std::borrow::Cow::into_owned).unwrap_or_default();
        Ok(Verdict::Record(Box::new(decision), redacted))
    }

    /// Key of the evidence record: `account_id=…/<pipeline>/<yyyy>/<mm>/<dd>/<gate>_<time>_<event>.txt`.
    /// It follows from the decision alone, so a duplicate meets the record of the first delivery.
    pub fn record_key(&self) -> String {
        let name = |name: &Option<String>| segment(name.as_deref().unwrap_or_default());
        let (day, clock) = self.event_time.split_at(10);
        format!(
            "account_id={}/{}/{}/{}_{}T{}Z_{}.txt",
            self.account_id,
            name(&self.pipeline),
            day.replace('-', "/"),
            name(&self.action),
            day.replace('-', ""),
            clock.chars().filter(char::is_ascii_digit).take(6).collect::<String>(),
            self.event_key,
        )
    }

    /// Key of the marker that says that the alert went out.
    pub fn marker_key(&self) -> String {
        format!("alerted/{}", self.event_key)
    }

    /// The evidence record: plain text, one fact a line. Deterministic, so that its hash is too.
    pub fn record(&self) -> String {
        let mut out = String::from("pipetrail decision record\n=========================\n\n");
        let mut line = |label: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{label:<18}{value}");
        };
        let text = |value: &Option<String>| value.as_deref().map_or_else(|| "unknown".to_owned(), one_line);
        line("Decision", &text(&self.decision));
        line("Who", &text(&self.approver));
        line("Kind of principal", &one_line(&self.principal_kind));
        line("Principal ARN", &text(&self.principal_arn));
        if self.role_name.is_some() {
            line("Role", &text(&self.role_name));
        }
        line("Account", &self.account_id);
        line("Region", &one_line(&self.region));
        line("Pipeline", &text(&self.pipeline));
        line("Gate", &format!("{} (stage {})", text(&self.action), text(&self.stage)));
        line("When (UTC)", &self.event_time);
        line("From", &text(&self.source_ip));
        line("User agent", &text(&self.user_agent));
        line(
            "Console",
            self.console
                .map_or("not reported", |console| if console { "yes" } else { "no" }),
        );
        line(
            "MFA",
            match self.mfa {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown (an identity provider's MFA is not visible to AWS)",
            },
        );
        line("CloudTrail event", &text(&self.cloudtrail_event_id));
        line("Request", &text(&self.request_id));
        line("Token SHA-256", &text(&self.action_execution_id));
        line("Event key", &self.event_key);
        out.push_str("\nReason\n");
        let reason = self.reason.as_deref().unwrap_or_default();
        if reason.is_empty() {
            out.push_str("  (none given)\n");
        }
        for part in reason.lines() {
            let _ = writeln!(out, "  | {}", one_line(part));
        }
        out
    }

    /// What is published of the decision; `evidence` is the record's S3 URI.
    ///
    /// # Errors
    /// When the message cannot be written as JSON, which no decision makes happen.
    pub fn alert(&self, evidence: &str) -> Result<Alert, serde_json::Error> {
        let name = |text: &Option<String>| text.as_deref().map_or_else(|| "?".to_owned(), one_line);
        let subject = format!(
            "[pipetrail] {}: {} / {} in {}",
            name(&self.decision),
            name(&self.pipeline),
            name(&self.action),
            self.account_id
        );
        let mail = format!(
            "{} by {}\n\nPipeline  {}\nGate      {} (stage {})\nAccount   {}\nRegion    {}\nWhen      {}\nReason    {}\n\nEvidence  {evidence}\nEvent key {}\n",
            name(&self.decision),
            name(&self.approver),
            name(&self.pipeline),
            name(&self.action),
            name(&self.stage),
            self.account_id,
            one_line(&self.region),
            self.event_time,
            self.reason
                .as_deref()
                .filter(|reason| !reason.is_empty())
                .map_or_else(|| "(none given)".to_owned(), one_line),
            self.event_key,
        );
        let full = serde_json::to_string(&Full {
            decision: self,
            evidence,
        })?;
        let message = serde_json::to_string(&ByProtocol {
            default: &full,
            email: &mail,
            sms: &subject,
        })?;
        let pairs = [
            ("account_id", Some(self.account_id.as_str())),
            ("region", Some(self.region.as_str())),
            ("pipeline", self.pipeline.as_deref()),
            ("decision", self.decision.as_deref()),
            ("event_class", Some(self.event_class)),
        ];
        // SNS refuses an empty value: the attribute is left out instead.
        let attributes = pairs
            .into_iter()
            .filter_map(|(name, value)| {
                let value: String = value?.chars().filter(|c| !c.is_control()).collect();
                (!value.is_empty()).then_some((name, value))
            })
            .collect();
        Ok(Alert {
            subject: ascii(&subject, 99),
            message,
            attributes,
        })
    }
}

/// What goes to SNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Under 100 characters, printable ASCII, never empty.
    pub subject: String,
    /// For `MessageStructure: json`: a short text for mail, full JSON for everything else.
    pub message: String,
    /// Message attributes, for filter policies.
    pub attributes: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct Full<'a> {
    #[serde(flatten)]
    decision: &'a Decision,
    evidence: &'a str,
}

#[derive(Serialize)]
struct ByProtocol<'a> {
    default: &'a str,
    email: &'a str,
    sms: &'a str,
}

/// Most characters of one field that a record or alert carries: AWS's own limits are 1 KB and below,
/// and an alert must stay under 256 KiB.
const FIELD_LIMIT: usize = 1024;

/// The text, or its beginning and its hash: nobody can make two long texts look alike.
fn limited(text: &str) -> String {
    match text.char_indices().nth(FIELD_LIMIT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… [cut; SHA-256 of the whole {}]", &text[..end], sha256_hex(text)),
    }
}

/// Text that cannot leave its line or change its direction: control and invisible formatting
/// characters, and the backslash that marks them, are written as `\u{…}`.
fn one_line(text: &str) -> String {
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

fn ascii(text: &str, limit: usize) -> String {
    text.chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(limit)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(parameters: &str) -> Decision {
        let message = format!(
            r#"{{"detail-type":"AWS API Call via CloudTrail","source":"aws.codepipeline","account":"000000000012","region":"eu-central-1","time":"2026-11-20T09:27:58Z",
            "detail":{{"eventTime":"2026-11-20T09:27:58Z","eventName":"PutApprovalResult","eventID":"e1","recipientAccountId":"000000000012",
            "userIdentity":{{"type":"IAMUser","userName":"dana"}},"sourceIPAddress":"203.0.113.40","requestParameters":{parameters}}}}}"#
        );
        match Decision::of(message.as_bytes()).unwrap() {
            Verdict::Record(decision, _) => *decision,
            Verdict::Refused => panic!("refused"),
        }
    }

    #[test]
    fn a_record_says_who_what_when_where_and_why() {
        let decision = decision(
            r#"{"pipelineName":"payments-api","stageName":"Prod","actionName":"ApproveProd","result":{"status":"Approved","summary":"CAB-118 ok"},"token":"t"}"#,
        );
        assert_eq!(
            decision.record_key(),
            format!(
                "account_id=000000000012/payments-api/2026/11/20/ApproveProd_20261120T092758Z_{}.txt",
                decision.event_key
            )
        );
        let record = decision.record();
        for fact in [
            "Decision          Approved\n",
            "Who               dana\n",
            "Account           000000000012\n",
            "From              203.0.113.40\n",
            "MFA               no\n",
            "  | CAB-118 ok\n",
        ] {
            assert!(record.contains(fact), "{fact:?} in\n{record}");
        }
    }

    #[test]
    fn a_hostile_comment_or_name_cannot_forge_a_line_a_subject_or_a_path() {
        let decision = decision(
            r#"{"pipelineName":"..","actionName":"a/../\n\u202eb","result":{"status":"Rejected","summary":"no\nDecision          Approved\u0007\r\n"},"token":"t"}"#,
        );
        assert!(
            decision
                .record_key()
                .starts_with("account_id=000000000012/!2E./2026/11/20/a!2F..!2F!0A"),
            "{}",
            decision.record_key()
        );
        let record = decision.record();
        assert!(!record.contains("\nDecision          Approved"), "{record}");
        assert!(
            record.lines().all(|line| line.chars().all(|c| !c.is_control())),
            "{record:?}"
        );
        let alert = decision.alert("s3://b/k").unwrap();
        assert!(
            alert.subject.chars().all(|c| c == ' ' || c.is_ascii_graphic()),
            "{}",
            alert.subject
        );
    }

    #[test]
    fn an_alert_fits_sns_whatever_the_event_held() {
        let long = "é".repeat(100_000);
        let decision = decision(&format!(
            r#"{{"pipelineName":"{long}","actionName":"","result":{{"status":"Approved","summary":"{long}"}}}}"#
        ));
        let alert = decision.alert("s3://b/k").unwrap();
        assert!(alert.subject.len() < 100 && !alert.subject.is_empty());
        let attributes: usize = alert
            .attributes
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        assert!(alert.message.len() + attributes < 256 * 1024);
        assert!(decision.record_key().len() < 1024);
        assert!(alert.attributes.iter().all(|(_, value)| !value.is_empty()));
        let by_protocol: serde_json::Value = serde_json::from_str(&alert.message).unwrap();
        let full: serde_json::Value = serde_json::from_str(by_protocol["default"].as_str().unwrap()).unwrap();
        assert_eq!(full["decision"], "Approved");
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
        assert_eq!(Decision::of(refused).unwrap(), Verdict::Refused);
    }
}
