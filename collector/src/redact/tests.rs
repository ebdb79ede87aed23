//! Redaction as a whole: what goes, field by field. What must stay, hostile text and the time it takes are below.

mod evidence;
mod hostile;
mod linear;
mod secrets;

use crate::event::Event;
use crate::key::sha256_hex;
use crate::redact::REDACTED;

const TOKEN: &str = "0b6c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3";

fn redacted(detail: &str) -> String {
    let text = format!(r#"{{"account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{detail}}}"#);
    let mut event = Event::parse(text.as_bytes()).unwrap();
    event.redact();
    event.at(&["detail"]).unwrap().to_string()
}

/// As [`redacted`], of a `detail` that was redacted before.
fn redacted_again(detail: &str) -> String {
    let text = format!(r#"{{"account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{detail}}}"#);
    let mut event = Event::parse(text.as_bytes()).unwrap();
    event.redact_again();
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
            r#"{"actionTypeId":{},"outputVariables":["VERSION",{"name":"S1"}]}"#,
            r#"{"actionTypeId":{},"outputVariables":["VERSION",{"name":"REDACTED"}]}"#,
        ),
        (
            r#"{"outputVariables":["S1"],"resolvedConfiguration":{"ProjectName":"S2"}}"#,
            r#"{"outputVariables":["REDACTED"],"resolvedConfiguration":{"ProjectName":"REDACTED"}}"#,
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
        let identity = format!(r#"{{"arn":"arn:aws:iam::000000000012:user/mallory","principalId":"AROA:{TOKEN}"}}"#);
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
    let given = r#"{"summary":"hunter22","variables":[{"name":"A","value":"hunter22"}],"requestParameters":{},"errorMessage":"Value 'hunter22' failed"}"#;
    let expected = r#"{"summary":"hunter22","variables":[{"name":"A","value":"REDACTED"}],"requestParameters":{},"errorMessage":"Value 'REDACTED' failed"}"#;
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

#[test]
fn a_short_token_is_hashed_but_does_not_eat_other_words() {
    let out = redacted(r#"{"token":"a","summary":"a banana"}"#);
    assert!(out.contains("a banana") && out.contains(&sha256_hex("a")), "{out}");
}
