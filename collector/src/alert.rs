//! An alert as SNS takes it, that of a decision, and which topics alerts go to.

use std::collections::BTreeSet;

use pipetrail_names::AccountId;
use serde::Serialize;
use thiserror::Error;

use crate::decision::{Decision, one_line};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// The one that takes every alert.
    all: String,
    /// Accounts that have a topic of their own beside it.
    accounts: BTreeSet<String>,
}

/// `ACCOUNT_TOPICS` is neither `none` nor account ids with commas between.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("environment variable ACCOUNT_TOPICS holds {0:?}, which is no account id; the function's template sets it")]
pub struct NotAnAccount(String);

impl Topics {
    /// Reads the function's environment: the ARN of the topic of all alerts, and the accounts with a
    /// topic of their own, `none` for no account.
    ///
    /// # Errors
    /// [`NotAnAccount`] for a list that is not one.
    pub fn parse(all: String, accounts: &str) -> Result<Self, NotAnAccount> {
        let listed = accounts.split(',').filter(|_| accounts != "none").map(str::trim);
        let accounts = listed.map(|account| {
            AccountId::admits(account)
                .then(|| account.to_owned())
                .ok_or_else(|| NotAnAccount(account.to_owned()))
        });
        let accounts = accounts.collect::<Result<_, _>>()?;
        Ok(Self { all, accounts })
    }

    /// ARN of the topic of all alerts.
    pub fn all(&self) -> &str {
        &self.all
    }

    /// The topics of an alert about `account`, by ARN; the one of all alerts first, so that a broken
    /// topic of an account never keeps the security team from hearing.
    pub fn of(&self, account: &str) -> impl Iterator<Item = String> {
        let own = self
            .accounts
            .get(account)
            .map(|account| format!("{}-{account}", self.all));
        std::iter::once(self.all.clone()).chain(own)
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

impl Alert {
    /// From the text for mail and the JSON for everything else; of the attributes those that have a value.
    ///
    /// # Errors
    /// When the message cannot be written as JSON.
    pub fn new(
        subject: &str,
        mail: &str,
        full: &impl Serialize,
        attributes: &[(&'static str, Option<&str>)],
    ) -> Result<Self, serde_json::Error> {
        let full = serde_json::to_string(full)?;
        let message = serde_json::to_string(&ByProtocol {
            default: &full,
            email: mail,
            sms: subject,
        })?;
        // SNS refuses an empty value: the attribute is left out instead.
        let attributes = attributes.iter().filter_map(|(name, value)| {
            let value: String = value.as_ref()?.chars().filter(|c| !c.is_control()).collect();
            (!value.is_empty()).then_some((*name, value))
        });
        Ok(Self {
            subject: ascii(subject, 99),
            message,
            attributes: attributes.collect(),
        })
    }
}

impl Decision {
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
        let full = Full {
            decision: self,
            evidence,
        };
        let attributes = [
            ("account_id", Some(self.account_id.as_str())),
            ("region", Some(self.region.as_str())),
            ("pipeline", self.pipeline.as_deref()),
            ("decision", self.decision.as_deref()),
            ("event_class", Some(self.event_class)),
        ];
        Alert::new(&subject, &mail, &full, &attributes)
    }
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
    use crate::decision::tests::decision;

    #[test]
    fn an_alert_goes_to_the_topic_of_all_and_then_to_its_accounts_own() {
        let topics = |accounts: &str| Topics::parse("arn:all".to_owned(), accounts);
        let of = |accounts: &str, account: &str| topics(accounts).unwrap().of(account).collect::<Vec<_>>();
        assert_eq!(of("none", "000000000012"), ["arn:all"]);
        let two = "000000000011,000000000012";
        assert_eq!(of(two, "000000000012"), ["arn:all", "arn:all-000000000012"]);
        assert_eq!(of(two, "000000000013"), ["arn:all"]);
        for bad in ["", "12", "none,000000000012", "000000000012,"] {
            assert!(topics(bad).is_err(), "{bad:?}");
        }
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
}
