//! Evidence: text files that a human auditor reads as they are, where they lie, and that of a decision.

use std::fmt::Write as _;

use crate::decision::{Decision, one_line};
use crate::layout::segment;

impl Decision {
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

    pub fn evidence(&self) -> Evidence {
        Evidence {
            account_id: self.account_id.clone(),
            event_key: self.event_key.clone(),
            folder: format!("account_id={}/", self.account_id),
            key: self.record_key(),
            text: self.record(),
            is_addendum: self.is_addendum,
        }
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
}

/// A record, and what its marker depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub account_id: String,
    pub event_key: String,
    /// What the keys of all such records of the account begin with.
    pub folder: String,
    pub key: String,
    pub text: String,
    /// Whether it is of CloudTrail's addendum to the record of a call.
    pub is_addendum: bool,
}

impl Evidence {
    /// Key of the [`Marker`] that says that the alert went out.
    pub fn marker_key(&self) -> String {
        format!("alerted/account_id={}/{}", self.account_id, self.event_key)
    }

    /// Whether a record of that key may be this one, or that of the call that it is an addendum to.
    pub fn may_have(&self, record_key: &str) -> bool {
        record_key.starts_with(&self.folder) && record_key.contains(&self.event_key)
    }
}

/// Says that the alert of a record went out. Its text is a line as `sha256sum` writes it, of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// SHA-256 of the record, 64 hex digits.
    pub digest: String,
    /// Where the record lies.
    pub record_key: String,
}

impl Marker {
    pub fn text(&self) -> String {
        format!("{}  {}\n", self.digest, self.record_key)
    }

    /// `None` for what is no marker.
    pub fn parse(text: &str) -> Option<Self> {
        let (digest, record_key) = text.strip_suffix('\n')?.split_once("  ")?;
        Some(Marker {
            digest: digest.to_owned(),
            record_key: record_key.to_owned(),
        })
    }
}

/// The second choice for the key of a record or marker, where something else has the first: with the beginning of the
/// record's digest.
pub fn beside(key: &str, digest: &str) -> String {
    let (stem, end) = key.strip_suffix(".txt").map_or((key, ""), |stem| (stem, ".txt"));
    format!("{stem}-{}{end}", digest.get(..16).unwrap_or(digest))
}

#[cfg(test)]
mod tests {
    use super::{Marker, beside};
    use crate::decision::tests::decision;

    #[test]
    fn a_marker_reads_back_and_what_is_none_does_not() {
        let marker = Marker {
            digest: "0123456789abcdef0123".into(),
            record_key: "account_id=1/a b  c.txt".into(),
        };
        assert_eq!(Marker::parse(&marker.text()), Some(marker));
        for text in ["", "\n", "0123", "0123 x\n", "0123  x"] {
            assert_eq!(Marker::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_record_is_of_its_account_and_event() {
        let decision = decision(r#"{"pipelineName":"p","actionName":"a","token":"t"}"#);
        let (key, evidence) = (decision.record_key(), decision.evidence());
        assert!(evidence.may_have(&key) && evidence.may_have(&beside(&key, &"0".repeat(64))));
        for other in [
            "",
            &key.replace("account_id=000000000012", "account_id=000000000013"),
            &key.replace(&decision.event_key, "0"),
            &format!("alerted/{key}"),
        ] {
            assert!(!evidence.may_have(other), "{other}");
        }
    }

    #[test]
    fn what_lies_beside_is_named_by_the_digest() {
        let digest = "0123456789abcdef0123";
        assert_eq!(beside("a/b_c.txt", digest), "a/b_c-0123456789abcdef.txt");
        assert_eq!(beside("alerted/x", digest), "alerted/x-0123456789abcdef");
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
        assert_eq!(
            decision.evidence().marker_key(),
            format!("alerted/account_id=000000000012/{}", decision.event_key)
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
}
