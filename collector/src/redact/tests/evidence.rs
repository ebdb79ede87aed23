//! What must stay: who called, and what people wrote.

use proptest::prelude::*;

use super::{TOKEN, redacted};
use crate::key::sha256_hex;

/// Events with a text that a person wrote in place of `#`.
const WRITTEN: [&str; 9] = [
    r##"{"requestParameters":{"result":{"summary":#,"status":"Approved"}}}"##,
    r##"{"requestParameters":{"reason":#}}"##,
    r##"{"stop-execution-comments":#}"##,
    r##"{"execution-trigger":{"commit-message":#}}"##,
    r##"{"execution-trigger":{"author-display-name":#,"author-email":#}}"##,
    r##"{"userAgent":#}"##,
    r##"{"userIdentity":{"arn":#,"sessionContext":{"token":#}}}"##,
    r##"{"execution-result":{"external-execution-summary":#},"type":{"category":"Approval"}}"##,
    r##"{"execution-result":{"external-execution-summary":#},"type":{"category":"Source","provider":"GitHub"}}"##,
];

fn with(event: &str, text: &str) -> String {
    event.replace('#', &serde_json::to_string(text).unwrap())
}

#[test]
fn what_a_person_wrote_is_never_read_as_configuration() {
    for event in WRITTEN {
        for text in [
            r#"{"configuration": "as agreed", "token": "t"}"#,
            r#"fix: {"variables": [{"value": 1}]}"#,
            r#""{\"configuration\": 1}""#,
            &r#"{"a":"#.repeat(5_000),
        ] {
            let event = with(event, text);
            assert_eq!(redacted(&event), event);
        }
    }
}

#[test]
fn known_tokens_are_replaced_in_it_all_the_same_but_not_in_who_called() {
    for event in WRITTEN {
        let event = with(event, &format!("approved {TOKEN}"));
        let out = redacted(&format!(r#"{{"token":"{TOKEN}",{}"#, &event[1..]));
        let stays = event.contains("userIdentity");
        assert_eq!(out.contains(TOKEN), stays, "{out}");
        assert_eq!(
            out.contains(&format!("approved {}", sha256_hex(TOKEN))),
            !stays,
            "{out}"
        );
    }
}

#[test]
fn what_stands_there_and_is_no_text_is_walked_as_anything_else() {
    for event in WRITTEN.iter().filter(|event| !event.contains("userIdentity")) {
        let event = event.replace('#', r#"{"configuration":{"Key":"hunter22"}}"#);
        assert!(!redacted(&event).contains("hunter22"), "{event}");
    }
}

#[test]
fn the_same_names_elsewhere_are_nobody_s_words() {
    let document = serde_json::to_string(r#"{"configuration":"hunter22"}"#).unwrap();
    for event in [
        r##"{"responseElements":{"summary":#}}"##,
        r##"{"requestParameters":{"summary":#,"userAgent":#}}"##,
        r##"{"a":{"reason":#,"execution-trigger":{"commit-message":#}}}"##,
        r##"{"type":{"category":"Deploy"},"execution-result":{"external-execution-summary":#}}"##,
    ] {
        assert!(
            !redacted(&event.replace('#', &document)).contains("hunter22"),
            "{event}"
        );
    }
}

proptest! {
    #[test]
    fn what_a_person_wrote_stays_byte_for_byte(
        event in prop::sample::select(&WRITTEN[..]),
        text in prop_oneof![any::<String>(), r#"[\\{}\[\]":a0?=&\- ]{0,60}"#, r#"(\{"(token|url)":"?|"\}|\\"){0,9}"#]
    ) {
        let event = with(event, &text);
        prop_assert_eq!(redacted(&event), event);
    }
}
