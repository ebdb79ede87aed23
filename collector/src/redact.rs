//! What must not be stored or logged in clear.
//!
//! - The **approval token**, and the action execution id of an approval action, which is the same
//!   UUID: whoever has it and the permission can decide the gate. Stored as SHA-256, so that the two
//!   still join by equality. Wherever else in the event the same text stands, it is replaced too.
//! - **Values that customers may have put secrets in**: pipeline variables, action configuration,
//!   environment variables, commands, and credentials in the job and webhook calls. Replaced by
//!   [`REDACTED`].
//!
//! Field names are compared without regard to case.

use std::borrow::Cow;

use crate::event::Event;
use crate::json::Json;
use crate::key::sha256_hex;

/// What stands in place of a redacted value.
pub const REDACTED: &str = "REDACTED";

/// Fields that hold an approval token or another token that authorises a result.
const TOKENS: [&str; 4] = ["token", "clientToken", "continuationToken", "nonce"];

/// Fields that hold the action execution id; a token where the action is, or may be, an approval.
const ACTION_EXECUTION_IDS: [&str; 4] = [
    "action-execution-id",
    "external-execution-id",
    "actionExecutionId",
    "externalExecutionId",
];

/// Fields of which every value below is redacted, whatever its shape.
const OPAQUE: [&str; 8] = [
    "configuration",
    "commands",
    "secretToken",
    "secretAccessKey",
    "sessionToken",
    "artifactCredentials",
    "outputVariables",
    "accountCredentials",
];

/// Lists of `{name, value}`, of which the values are redacted.
const NAMED_VALUES: [&str; 3] = ["variables", "environmentVariables", "pipelineVariables"];

/// CloudTrail's own mark for a hidden value: no secret.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// A token shorter than this is no UUID; it is hashed where it stands, but not searched for
/// elsewhere, lest it replace parts of ordinary words.
const SEARCHABLE: usize = 16;

impl Event<'_> {
    /// Redacts the event in place. The event key must be computed before.
    pub fn redact(&mut self) {
        let approval = match self.at(&["detail", "type", "category"]).and_then(Json::as_str) {
            Some(category) => category.eq_ignore_ascii_case("Approval"),
            // Unknown action: it may be one.
            None => true,
        };
        let mut redaction = Redaction {
            approval,
            secrets: Vec::new(),
        };
        redaction.walk(&mut self.json);
        redaction.secrets.retain(|(secret, _)| secret.len() >= SEARCHABLE);
        if !redaction.secrets.is_empty() {
            replace(&mut self.json, &redaction.secrets);
        }
    }
}

struct Redaction {
    approval: bool,
    secrets: Vec<(String, String)>,
}

impl Redaction {
    fn walk(&mut self, json: &mut Json<'_>) {
        match json {
            Json::Object(fields) => {
                for (name, value) in fields {
                    let named = |names: &[&str]| names.iter().any(|candidate| candidate.eq_ignore_ascii_case(name));
                    if named(&TOKENS) || (self.approval && named(&ACTION_EXECUTION_IDS)) {
                        self.hash(value);
                    } else if named(&OPAQUE) {
                        blank(value);
                    } else if named(&NAMED_VALUES) {
                        blank_values(value);
                    } else {
                        self.walk(value);
                    }
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            _ => {}
        }
    }

    fn hash(&mut self, value: &mut Json<'_>) {
        match value {
            Json::Null => {}
            Json::String(text) if text == HIDDEN || text.is_empty() => {}
            Json::String(text) => {
                let hash = sha256_hex(text);
                let secret = std::mem::replace(text, Cow::Owned(hash.clone())).into_owned();
                if !self.secrets.iter().any(|(known, _)| *known == secret) {
                    self.secrets.push((secret, hash));
                }
            }
            other => blank(other),
        }
    }
}

/// Redacts every scalar below, keeping the names: that a setting was there is worth knowing.
fn blank(value: &mut Json<'_>) {
    match value {
        Json::Null => {}
        Json::Object(fields) => fields.iter_mut().for_each(|(_, value)| blank(value)),
        Json::Array(items) => items.iter_mut().for_each(blank),
        scalar => *scalar = Json::String(Cow::Borrowed(REDACTED)),
    }
}

/// Redacts a list of named values (`value`, `defaultValue`); names and descriptions stay.
fn blank_values(value: &mut Json<'_>) {
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                if !["name", "description", "type"].contains(&name.as_ref()) {
                    blank(value);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(blank_values),
        other => blank(other),
    }
}

fn replace(json: &mut Json<'_>, secrets: &[(String, String)]) {
    match json {
        Json::String(text) => replace_text(text, secrets),
        Json::Array(items) => items.iter_mut().for_each(|item| replace(item, secrets)),
        Json::Object(fields) => {
            for (name, value) in fields {
                replace_text(name, secrets);
                replace(value, secrets);
            }
        }
        _ => {}
    }
}

fn replace_text(text: &mut Cow<'_, str>, secrets: &[(String, String)]) {
    for (secret, hash) in secrets {
        if text.contains(secret.as_str()) {
            *text = Cow::Owned(text.replace(secret.as_str(), hash));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0b6c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3";

    fn redacted(detail: &str) -> String {
        let text = format!(r#"{{"account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{detail}}}"#);
        let mut event = Event::parse(text.as_bytes()).unwrap();
        event.redact();
        event.at(&["detail"]).unwrap().to_string()
    }

    #[test]
    fn the_token_and_the_approval_s_execution_id_become_the_same_hash_wherever_they_stand() {
        let hash = sha256_hex(TOKEN);
        let call = redacted(&format!(
            r#"{{"requestParameters":{{"TOKEN":"{TOKEN}"}},"errorMessage":"token {TOKEN} is not valid"}}"#
        ));
        assert_eq!(
            call,
            format!(r#"{{"requestParameters":{{"TOKEN":"{hash}"}},"errorMessage":"token {hash} is not valid"}}"#)
        );
        let state = redacted(&format!(
            r#"{{"action-execution-id":"{TOKEN}","execution-result":{{"external-execution-id":"{TOKEN}"}},"type":{{"category":"Approval"}}}}"#
        ));
        assert!(!state.contains(TOKEN) && state.matches(&hash).count() == 2, "{state}");
    }

    #[test]
    fn only_approvals_have_their_execution_id_hashed_but_an_unknown_action_may_be_one() {
        let build = format!(r#"{{"action-execution-id":"{TOKEN}","type":{{"category":"Build"}}}}"#);
        assert_eq!(redacted(&build), build);
        assert!(!redacted(&format!(r#"{{"action-execution-id":"{TOKEN}"}}"#)).contains(TOKEN));
    }

    #[test]
    fn variables_configuration_and_credentials_lose_their_values_and_keep_their_names() {
        for (given, expected) in [
            (
                r#"{"variables":[{"name":"ENV","value":"prod"}]}"#,
                r#"{"variables":[{"name":"ENV","value":"REDACTED"}]}"#,
            ),
            (
                r#"{"variables":[{"name":"ENV","defaultValue":7,"description":"d"}]}"#,
                r#"{"variables":[{"name":"ENV","defaultValue":"REDACTED","description":"d"}]}"#,
            ),
            (
                r#"{"configuration":{"ProjectName":"x","n":1,"deep":[{"a":true}]}}"#,
                r#"{"configuration":{"ProjectName":"REDACTED","n":"REDACTED","deep":[{"a":"REDACTED"}]}}"#,
            ),
            (
                r#"{"environmentVariables":["A=b"]}"#,
                r#"{"environmentVariables":["REDACTED"]}"#,
            ),
            (r#"{"commands":["curl -H secret"]}"#, r#"{"commands":["REDACTED"]}"#),
            (r#"{"token":{"nested":"secret"}}"#, r#"{"token":{"nested":"REDACTED"}}"#),
            (r#"{"token":12345678901234567}"#, r#"{"token":"REDACTED"}"#),
            (
                r#"{"token":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
                r#"{"token":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
            ),
            (
                r#"{"token":null,"configuration":null}"#,
                r#"{"token":null,"configuration":null}"#,
            ),
        ] {
            assert_eq!(redacted(given), expected);
        }
    }

    #[test]
    fn a_short_token_is_hashed_but_does_not_eat_other_words() {
        let out = redacted(r#"{"token":"a","summary":"a banana"}"#);
        assert!(out.contains("a banana") && out.contains(&sha256_hex("a")), "{out}");
    }
}
