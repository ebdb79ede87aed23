//! Whatever stands in an event, redaction ends, keeps it JSON, and leaves no token in it.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{TOKEN, redacted, redacted_again};
use crate::redact::shapes;

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The token in every form in which it could be read again.
fn forms() -> Vec<String> {
    let bytes = shapes::uuid(TOKEN).unwrap().to_be_bytes();
    let digits = TOKEN.replace('-', "");
    vec![
        TOKEN.to_owned(),
        TOKEN.to_uppercase(),
        digits.clone(),
        digits.to_uppercase(),
        TOKEN.replace('-', "%2D"),
        percent(TOKEN),
        percent(&percent(&digits)),
        base64_simd::STANDARD.encode_to_string(bytes),
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes),
        base64_simd::STANDARD.encode_to_string(TOKEN),
        base64_simd::URL_SAFE.encode_to_string(format!("user:{TOKEN}\u{1f600}")),
        base64_simd::STANDARD.encode_to_string(format!("a{digits}")),
        percent(&base64_simd::STANDARD.encode_to_string(format!("ab{TOKEN}"))),
        json!({"token": TOKEN}).to_string(),
        json!({"a": json!({"token": TOKEN}).to_string()}).to_string(),
    ]
}

/// A text in pieces of what means something to redaction.
fn text() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        "\\\"",
        "{\"token\":",
        "{\"configuration\":\"",
        "trigger?t=",
        "&",
        "'",
        "’",
        "“",
        "arn:",
        "%2",
        "%",
        "-",
        "\u{feff}",
        "é",
        " ",
        "0b6c1d2e",
        "null",
        ",",
        ":",
        "REDACTED",
        TOKEN,
    ];
    let piece = prop_oneof![
        prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        any::<String>()
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "token",
        "variables",
        "name",
        "value",
        "url",
        "outputVariables",
        "actionTypeId",
        "configuration",
        "summary",
        "a",
    ]);
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null)
    ];
    leaf.prop_recursive(4, 30, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(names.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// Fields of `detail` that redaction treats in its own way.
fn field() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "requestParameters",
        "responseElements",
        "errorMessage",
        "userAgent",
        "execution-result",
        "execution-trigger",
        "stop-execution-comments",
        "a",
    ])
}

#[test]
fn documents_in_documents_as_deep_as_they_can_be_read_are_walked_to_the_end() {
    let mut text = r#"{"configuration":"hunter22"}"#.to_owned();
    for _ in 0..12 {
        let inner = serde_json::to_string(&text).unwrap();
        text = format!(r#"{{"a":{}{inner}{}}}"#, "[".repeat(120), "]".repeat(120));
    }
    let out = redacted(&text);
    assert!(!out.contains("hunter22") && out.contains("REDACTED"), "{out}");
}

proptest! {
    #[test]
    fn any_event_is_redacted_and_redacting_it_again_changes_nothing(
        fields in prop::collection::hash_map(field(), value(), 0..5)
    ) {
        let detail = Value::from_iter(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let once = redacted(&detail.to_string());
        let parsed: Value = serde_json::from_str(&once).unwrap();
        prop_assert_eq!(redacted_again(&parsed.to_string()), parsed.to_string());
    }

    #[test]
    fn the_token_survives_in_no_form_and_no_field(
        form in prop::sample::select(forms()),
        field in field(),
        before in "[ -~é]{0,6}[ :='é]",
        after in "([ :='é][ -~é]{0,6})?",
        inside: bool,
    ) {
        let text = format!("{before}{form}{after}");
        let value = if inside { json!({"a": [text], "b": {text.clone(): 1}}) } else { json!(text) };
        let out = redacted(&json!({"x": {"token": TOKEN}, field: value}).to_string());
        prop_assert!(!out.contains(&form), "{out}");
        prop_assert!(!out.to_lowercase().contains(TOKEN), "{out}");
    }

    #[test]
    fn a_text_in_which_nothing_is_redacted_stays_byte_for_byte(text in "([a-z{}\\[\\]\"\\\\:, ?=]|\\{\"b\":1\\}){0,40}") {
        let event = json!({"a": text}).to_string();
        prop_assert_eq!(redacted(&event), event);
    }
}
