//! What must stay: who called, and what people wrote.

use proptest::prelude::*;

use super::{TOKEN, redacted};
use crate::event::Event;
use crate::key::sha256_hex;
use crate::redact::shapes;

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

#[test]
fn no_token_erases_what_the_call_is_about_through_its_base64() {
    // A name of 22 characters that is the base64 of 16 bytes.
    let name = "payments-api-prod-eu-g";
    let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(name).unwrap();
    let token = u128::from_be_bytes(bytes.try_into().unwrap());
    let token = String::from_utf8(shapes::hyphenated(token).to_vec()).unwrap();
    let names = format!(r#""pipelineName":"{name}","stageName":"{name}","actionName":"{name}""#);
    let arn = format!("arn:aws:codepipeline:eu-central-1:000000000012:{name}");
    let text = format!(
        r#"{{"account":"000000000012","time":"2026-11-20T09:27:58Z","resources":["{arn}"],"detail":{{"resources":[{{"ARN":"{arn}"}}],"pipeline":"{name}","requestParameters":{{{names},"token":"#
    );
    let given = format!(r#"{text}"{token}"}},"a":"{name}"}}}}"#);
    let mut event = Event::parse(given.as_bytes()).unwrap();
    event.redact();
    let hash = sha256_hex(&token);
    assert_eq!(event.json.to_string(), format!(r#"{text}"{hash}"}},"a":"{hash}"}}}}"#));
    for longer in [format!("{name}-2"), format!("the-{name}")] {
        let out = redacted(&format!(r#"{{"token":"{token}","a":"{longer}"}}"#));
        assert!(out.contains(&longer), "{out}");
    }
}

/// Words, and pieces of the token's forms that are none.
fn words() -> impl Strategy<Value = String> {
    let raw = base64_simd::URL_SAFE_NO_PAD.encode_to_string(shapes::uuid(TOKEN).unwrap().to_be_bytes());
    let piece = prop_oneof![
        any::<String>(),
        "[A-Za-z0-9+/_-]{1,30}",
        Just(TOKEN[1..].to_owned()),
        Just(TOKEN.replace('b', "a")),
        ("[A-Za-z0-9+/_-]{0,4}", "[A-Za-z0-9+/_-]{1,4}").prop_map(move |(before, after)| before + &raw + &after),
    ];
    // A blank between them, so that no two make a form together.
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn what_a_person_wrote_without_the_token_stays_byte_for_byte_beside_it(
        event in prop::sample::select(&WRITTEN[..]),
        text in words(),
    ) {
        let event = with(event, &text);
        let beside = |token: &str| format!(r#"{{"token":"{token}",{}"#, &event[1..]);
        prop_assert_eq!(redacted(&beside(TOKEN)), beside(&sha256_hex(TOKEN)));
    }

    #[test]
    fn what_a_person_wrote_stays_byte_for_byte(
        event in prop::sample::select(&WRITTEN[..]),
        text in prop_oneof![any::<String>(), r#"[\\{}\[\]":a0?=&\- ]{0,60}"#, r#"(\{"(token|url)":"?|"\}|\\"){0,9}"#]
    ) {
        let event = with(event, &text);
        prop_assert_eq!(redacted(&event), event);
    }
}
