//! What a subscription is set to, and how to bring it elsewhere. Pure.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use super::filter::words;

const FILTER: &str = "FilterPolicy";
const SCOPE: &str = "FilterPolicyScope";
const RAW: &str = "RawMessageDelivery";

/// The attributes of a subscription that pipetrail sets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    /// The filter policy; `None` takes everything.
    pub policy: Option<Value>,
    /// Whether the policy is about the message instead of its attributes: never one of ours.
    pub of_message: bool,
    /// Whether the message comes without SNS's envelope.
    pub raw: bool,
}

impl Settings {
    /// What a command asks for.
    pub(crate) fn wanted(policy: Option<Value>, raw: bool) -> Self {
        Settings {
            policy,
            of_message: false,
            raw,
        }
    }

    /// Reads `GetSubscriptionAttributes`' answer. An empty policy is none.
    pub(crate) fn read(attributes: &HashMap<String, String>) -> Self {
        let of = |name: &str| attributes.get(name).map_or("", String::as_str);
        let policy = Some(of(FILTER)).filter(|text| !text.is_empty());
        let policy = policy.map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)));
        let policy = policy.filter(|policy| policy.as_object().is_none_or(|keys| !keys.is_empty()));
        Settings {
            of_message: policy.is_some() && of(SCOPE) == "MessageBody",
            policy,
            raw: of(RAW) == "true",
        }
    }

    /// The attributes of a new subscription.
    pub(crate) fn attributes(&self) -> Vec<(&'static str, String)> {
        Settings::default().towards(self)
    }

    /// The attributes to set, in order, so that these settings become `wanted`.
    ///
    /// The policy comes before its scope: ours is valid in both, an old one perhaps not. `{}` takes a
    /// policy away.
    pub(crate) fn towards(&self, wanted: &Settings) -> Vec<(&'static str, String)> {
        let mut changes = Vec::new();
        if self.policy != wanted.policy {
            let text = wanted.policy.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string);
            changes.push((FILTER, text));
        }
        if self.of_message && !wanted.of_message {
            changes.push((SCOPE, "MessageAttributes".to_owned()));
        }
        if self.raw != wanted.raw {
            changes.push((RAW, wanted.raw.to_string()));
        }
        changes
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.of_message {
            f.write_str("of the message's body: ")?;
        }
        f.write_str(&words(self.policy.as_ref()))?;
        f.write_str(if self.raw { " (raw)" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::read(&pairs.collect())
    }

    #[test]
    fn the_same_settings_in_another_spelling_need_no_change() {
        let stands = settings(&[
            (FILTER, r#"{ "decision": ["Rejected"] }"#),
            (SCOPE, "MessageAttributes"),
            (RAW, "false"),
        ]);
        let wanted = Settings {
            policy: Some(json!({"decision": ["Rejected"]})),
            of_message: false,
            raw: false,
        };
        assert_eq!(stands.towards(&wanted), []);
        assert_eq!(settings(&[(FILTER, "{}")]), settings(&[]));
    }

    #[test]
    fn a_new_subscription_has_its_filter_from_the_first_moment() {
        let wanted = Settings {
            policy: Some(json!({"decision": ["Rejected"]})),
            of_message: false,
            raw: true,
        };
        let attributes = [
            (FILTER, r#"{"decision":["Rejected"]}"#.to_owned()),
            (RAW, "true".to_owned()),
        ];
        assert_eq!(wanted.attributes(), attributes);
        assert_eq!(wanted.to_string(), "decision Rejected (raw)");
    }

    #[test]
    fn everything_takes_the_policy_away_and_brings_the_scope_back() {
        let stands = settings(&[(FILTER, r#"{"reason":["x"]}"#), (SCOPE, "MessageBody"), (RAW, "true")]);
        assert_eq!(stands.to_string(), "of the message's body: reason x (raw)");
        let changes = [
            (FILTER, "{}".to_owned()),
            (SCOPE, "MessageAttributes".to_owned()),
            (RAW, "false".to_owned()),
        ];
        assert_eq!(stands.towards(&Settings::wanted(None, false)), changes);
    }
}
