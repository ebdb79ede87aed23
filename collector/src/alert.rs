//! The alert of a decision, as SNS takes it.

use serde::Serialize;

use crate::decision::{Decision, one_line};

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

fn ascii(text: &str, limit: usize) -> String {
    text.chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(limit)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::decision::tests::decision;

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
