//! What must not be stored or logged in clear.
//!
//! - The **approval token**, and the action execution id of an approval action, which is the same
//!   UUID: whoever has it and the permission can decide the gate. Stored as SHA-256, so that the two
//!   still join by equality. Wherever else in the event the same UUID stands, it is replaced too, but
//!   for what says who called: a caller chooses his token, and must not erase himself with it.
//! - **Values that customers may have put secrets in**: pipeline variables, action configuration,
//!   environment variables, commands, and credentials in the job and webhook calls. Replaced by
//!   [`REDACTED`].
//!
//! Field names are compared without regard to case.

mod fields;

use std::borrow::Cow;

use crate::event::Event;
use crate::json::Json;
use crate::key::sha256_hex;
use fields::Treatment;

/// What stands in place of a redacted value.
pub const REDACTED: &str = "REDACTED";

/// CloudTrail's own mark for a hidden value: no secret.
pub(crate) const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

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
            blanked: Vec::new(),
        };
        redaction.walk(&mut self.json);
        redaction.secrets.retain(|(secret, _)| is_uuid(secret));
        if !redaction.secrets.is_empty() {
            replace(&mut self.json, &redaction.secrets);
        }
        // AWS quotes refused values in its message. Only there: a caller could otherwise choose a value that blots out his own name.
        if let Some(Json::String(text)) = self
            .json
            .get_mut("detail")
            .and_then(|detail| detail.get_mut("errorMessage"))
        {
            redaction.blanked.sort_by_key(|value| std::cmp::Reverse(value.len()));
            for value in &redaction.blanked {
                if text.contains(value.as_str()) {
                    *text = Cow::Owned(text.replace(value.as_str(), REDACTED));
                }
            }
        }
    }
}

struct Redaction {
    approval: bool,
    secrets: Vec<(String, String)>,
    /// Values blanked; an error message of AWS quotes them.
    blanked: Vec<String>,
}

impl Redaction {
    fn walk(&mut self, json: &mut Json<'_>) {
        match json {
            Json::Object(fields) => {
                for (name, value) in fields {
                    match Treatment::of(name) {
                        Some(Treatment::Token) => self.hash(value),
                        Some(Treatment::ActionExecutionId) if self.approval => self.hash(value),
                        Some(Treatment::OutputVariables) if matches!(value, Json::Array(_)) => {}
                        Some(Treatment::Opaque | Treatment::OutputVariables) => blank(value, &mut self.blanked),
                        Some(Treatment::NamedValues) => blank_values(value, &mut self.blanked),
                        Some(Treatment::ActionExecutionId) | None => self.walk(value),
                    }
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.walk(item)),
            Json::String(text) if text.trim_ascii_start().starts_with(['{', '[']) => self.walk_text(text),
            _ => {}
        }
    }

    /// A string may be a JSON document itself; it is written anew only if it held something.
    fn walk_text(&mut self, text: &mut Cow<'_, str>) {
        let Ok(given) = serde_json::from_str::<Json<'_>>(text) else {
            return;
        };
        let mut redacted = given.clone();
        self.walk(&mut redacted);
        let changed = (redacted != given).then(|| redacted.to_string());
        if let Some(changed) = changed {
            *text = Cow::Owned(changed);
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
            other => blank(other, &mut self.blanked),
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Redacts every scalar below, keeping the names: that a setting was there is worth knowing.
fn blank(value: &mut Json<'_>, seen: &mut Vec<String>) {
    match value {
        Json::Null => {}
        Json::Object(fields) => fields
            .iter_mut()
            // Which function an action type runs is no secret.
            .filter(|(name, _)| name != "lambdaFunctionArn")
            .for_each(|(_, value)| blank(value, seen)),
        Json::Array(items) => items.iter_mut().for_each(|item| blank(item, seen)),
        scalar => {
            let old = std::mem::replace(scalar, Json::String(Cow::Borrowed(REDACTED)));
            seen.extend(old.text().filter(|text| text.len() >= 6).map(Cow::into_owned));
        }
    }
}

/// Redacts a list of named values (`value`, `defaultValue`); names and descriptions stay. What is no
/// such list, a map from name to value for one, is blanked.
fn blank_values(value: &mut Json<'_>, seen: &mut Vec<String>) {
    let Json::Array(items) = value else {
        return blank(value, seen);
    };
    for item in items {
        let Json::Object(fields) = item else {
            blank(item, seen);
            continue;
        };
        for (name, value) in fields {
            let kept = ["name", "description", "type"]
                .iter()
                .any(|kept| kept.eq_ignore_ascii_case(name));
            if !(kept && matches!(value, Json::String(_))) {
                blank(value, seen);
            }
        }
    }
}

fn replace(json: &mut Json<'_>, secrets: &[(String, String)]) {
    match json {
        Json::String(text) => replace_text(text, secrets),
        Json::Array(items) => items.iter_mut().for_each(|item| replace(item, secrets)),
        Json::Object(fields) => {
            for (name, value) in fields {
                replace_text(name, secrets);
                if !["userIdentity", "eventID", "requestID"].contains(&name.as_ref()) {
                    replace(value, secrets);
                }
            }
        }
        _ => {}
    }
}

fn replace_text(text: &mut Cow<'_, str>, secrets: &[(String, String)]) {
    for (secret, hash) in secrets {
        while let Some(at) = find_uuid(text, secret) {
            text.to_mut().replace_range(at..at + secret.len(), hash);
        }
    }
}

/// Where a UUID stands in a text, in whatever case.
fn find_uuid(text: &str, uuid: &str) -> Option<usize> {
    // Few places have the hyphen that a UUID has after eight digits.
    text.as_bytes()
        .windows(uuid.len())
        .position(|window| window.get(8) == Some(&b'-') && window.eq_ignore_ascii_case(uuid.as_bytes()))
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
                r#"{"variables":{"name":"S1","type":"S2"}}"#,
                r#"{"variables":{"name":"REDACTED","type":"REDACTED"}}"#,
            ),
            (
                r#"{"webhook":{"name":"w","url":"https://x/trigger?t=1"}}"#,
                r#"{"webhook":{"name":"w","url":"REDACTED"}}"#,
            ),
            (
                r#"{"outputVariables":["VERSION"]}"#,
                r#"{"outputVariables":["VERSION"]}"#,
            ),
            (
                r#"{"configuration":{"lambdaExecutorConfiguration":{"lambdaFunctionArn":"arn"}}}"#,
                r#"{"configuration":{"lambdaExecutorConfiguration":{"lambdaFunctionArn":"arn"}}}"#,
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
    fn a_caller_cannot_erase_himself_by_choosing_his_token() {
        for token in ["arn:aws:iam::000000000012:user/mallory", "requestParameters", TOKEN] {
            let identity =
                format!(r#"{{"arn":"arn:aws:iam::000000000012:user/mallory","principalId":"AROA:{TOKEN}"}}"#);
            let out = redacted(&format!(
                r#"{{"userIdentity":{identity},"requestParameters":{{"token":"{token}","externalExecutionId":"{token}"}}}}"#
            ));
            assert!(
                out.contains(&identity) && out.contains(r#""requestParameters":{"#),
                "{out}"
            );
        }
    }

    #[test]
    fn what_an_error_message_quotes_of_a_redacted_value_is_redacted_too_and_only_there() {
        let given = r#"{"summary":"hunter22","variables":[{"name":"A","value":"hunter22"}],"errorMessage":"Value 'hunter22' failed"}"#;
        let expected = r#"{"summary":"hunter22","variables":[{"name":"A","value":"REDACTED"}],"errorMessage":"Value 'REDACTED' failed"}"#;
        assert_eq!(redacted(given), expected);
    }

    #[test]
    fn a_document_inside_a_string_is_redacted_too() {
        let inner = serde_json::to_string(r#"{"token": "t", "n": 1}"#).unwrap();
        let out = redacted(&format!(r#"{{"a":{inner},"b":"{{not json"}}"#));
        assert!(
            out.contains(&sha256_hex("t")) && out.contains(r#""b":"{not json""#),
            "{out}"
        );
        let harmless = serde_json::to_string(r#"{"ProviderType": "GitHub", "CommitMessage":"x"}"#).unwrap();
        let text = format!(r#"{{"external-execution-summary":{harmless}}}"#);
        assert_eq!(redacted(&text), text);
    }

    #[test]
    fn blanks_before_a_document_inside_a_string_hide_nothing_of_it() {
        for blanks in [" ", "\n", "\r\n\t  "] {
            let text = format!(r#"{blanks}{{"configuration":{{"Key":"hunter22"}}}}"#);
            let inner = serde_json::to_string(&text).unwrap();
            let out = redacted(&format!(r#"{{"a":{inner}}}"#));
            assert!(!out.contains("hunter22") && out.contains(REDACTED), "{out}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_uuid_is_found_where_lower_case_finds_it(before in "[-a-f0é]{0,12}", upper: bool, after in ".{0,12}") {
            let uuid = if upper { TOKEN.to_uppercase() } else { TOKEN.to_owned() };
            for text in [format!("{before}{uuid}{after}"), format!("{before}{}{after}", &uuid[1..])] {
                proptest::prop_assert_eq!(
                    find_uuid(&text, TOKEN),
                    text.to_ascii_lowercase().find(&TOKEN.to_ascii_lowercase())
                );
            }
        }
    }

    #[test]
    fn a_short_token_is_hashed_but_does_not_eat_other_words() {
        let out = redacted(r#"{"token":"a","summary":"a banana"}"#);
        assert!(out.contains("a banana") && out.contains(&sha256_hex("a")), "{out}");
    }
}
