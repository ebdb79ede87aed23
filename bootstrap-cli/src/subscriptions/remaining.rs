//! What is left to do at the endpoint before alerts arrive there: SNS needs its consent. Pure.

use pipetrail_names::AccountId;
use serde::Serialize;
use serde_json::{Value, json};

use super::endpoint::{Endpoint, Protocol};

/// One thing that somebody has to do.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Remaining {
    /// What, in a sentence.
    pub what: String,
    /// The statement to add to the queue's policy.
    pub policy_statement: Option<Value>,
    /// The command that does it.
    pub command: Option<String>,
}

impl Remaining {
    fn only(what: impl Into<String>) -> Self {
        Remaining {
            what: what.into(),
            policy_statement: None,
            command: None,
        }
    }
}

/// What is left to do, for a topic of account `audit`; `pending` says that SNS waits for a
/// confirmation.
pub(crate) fn remaining(endpoint: &Endpoint, topic: &str, audit: &AccountId, pending: bool) -> Vec<Remaining> {
    let mut left = Vec::new();
    let address = &endpoint.address;
    match endpoint.protocol {
        Protocol::Email if pending => left.push(Remaining::only(
            "whoever reads that mailbox follows the link in AWS's mail, within two days",
        )),
        Protocol::Https if pending => left.push(Remaining::only(
            "the endpoint gets a SubscriptionConfirmation by POST and opens its SubscribeURL, within two days",
        )),
        Protocol::Email | Protocol::Https => {}
        Protocol::Sqs => left.push(Remaining {
            policy_statement: Some(json!({
                "Sid": "PipetrailAlerts", "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage", "Resource": address,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}}
            })),
            ..Remaining::only(
                "the queue's policy needs this statement; a queue under a KMS key needs sns.amazonaws.com in the key's policy too",
            )
        }),
        Protocol::Lambda => left.push(Remaining {
            command: Some(format!(
                "aws lambda add-permission --function-name '{address}' --statement-id pipetrail-alerts --action lambda:InvokeFunction --principal sns.amazonaws.com --source-arn {topic}"
            )),
            ..Remaining::only("the function has to let SNS call it")
        }),
    }
    if let Some(owner) = endpoint.account().filter(|owner| *audit != *owner && pending) {
        left.push(Remaining::only(format!(
            "account {owner} confirms: SNS sends a message with a SubscribeURL to open, or a Token for `aws sns confirm-subscription --topic-arn {topic}`, within two days"
        )));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:999988887777:pipetrail-alerts";

    fn left(protocol: Protocol, address: &str, pending: bool) -> Vec<Remaining> {
        let endpoint = Endpoint::parse(protocol, address).unwrap();
        remaining(&endpoint, TOPIC, &"999988887777".parse().unwrap(), pending)
    }

    #[test]
    fn a_queue_admits_the_one_topic() {
        let own = "arn:aws:sqs:eu-central-1:999988887777:alerts";
        let left_of_own = left(Protocol::Sqs, own, false);
        assert_eq!(left_of_own.len(), 1);
        let statement = left_of_own[0].policy_statement.as_ref().unwrap();
        assert_eq!(statement["Condition"]["ArnEquals"]["aws:SourceArn"], TOPIC);
        assert_eq!(statement["Resource"], own);
        let foreign = left(Protocol::Sqs, "arn:aws:sqs:eu-central-1:111122223333:alerts", true);
        assert!(foreign[1].what.starts_with("account 111122223333 confirms"));
    }

    #[test]
    fn a_confirmed_mailbox_has_nothing_left_and_a_pending_one_has() {
        assert_eq!(left(Protocol::Email, "team@example.com", false), []);
        assert_eq!(left(Protocol::Email, "team@example.com", true).len(), 1);
        assert_eq!(left(Protocol::Https, "https://example.com/in", true).len(), 1);
    }

    #[test]
    fn a_function_gets_the_command_that_admits_the_topic() {
        let function = "'arn:aws:lambda:eu-central-1:999988887777:function:alerts:$LATEST'";
        let left = left(Protocol::Lambda, function.trim_matches('\''), false);
        let command = left[0].command.as_deref().unwrap();
        assert!(command.contains(function) && command.ends_with(&format!("--source-arn {TOPIC}")));
    }
}
