//! Where a secret could hide.

use super::{TOKEN, redacted};
use crate::key::sha256_hex;

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn a_refused_call_without_its_request_quotes_no_token_and_no_value() {
    let message = format!("Value '{TOKEN}' at 'token' failed; 'hunter22' too. Token: {TOKEN}");
    for request in ["", r#""requestParameters":null,"#, r#""requestParameters":"omitted","#] {
        let out = redacted(&format!(r#"{{{request}"errorMessage":{}}}"#, quoted(&message)));
        assert!(!out.contains(TOKEN) && !out.contains("hunter22"), "{out}");
        assert_eq!(out.matches(&sha256_hex(TOKEN)).count(), 2, "{out}");
    }
    let denied = r#"{"errorMessage":"User: arn:aws:sts::1:assumed-role/r/057ffa15c4983c099eb1f9f09f268001 may not"}"#;
    assert_eq!(redacted(denied), denied);
    let with_request =
        format!(r#"{{"requestParameters":{{}},"errorMessage":"Execution '{TOKEN}' of 'p' can't be stopped"}}"#);
    assert_eq!(redacted(&with_request), with_request);
}

#[test]
fn the_summary_of_what_ran_commands_goes_and_other_summaries_stay() {
    let summary = "Error while executing command: curl -H 'Authorization: Bearer s3cret'";
    for (kind, kept) in [
        (r#"{"category":"Compute","provider":"Commands"}"#, false),
        (r#"{"category":"build","provider":"Jenkins"}"#, false),
        (r#"{"category":"Test"}"#, false),
        (r#"{"provider":"CodeBuild"}"#, false),
        (r#"{"category":"Deploy","provider":"Commands"}"#, false),
        (r#"{"category":"Deploy","provider":"CodeDeploy"}"#, true),
        (r#"{"category":"Approval"}"#, true),
        ("null", true),
    ] {
        let event = format!(
            r#"{{"type":{kind},"execution-result":{{"external-execution-summary":{},"error-code":"JobFailed"}}}}"#,
            quoted(summary)
        );
        let out = redacted(&event);
        assert_eq!(out.contains("s3cret"), kept, "{out}");
        assert!(
            kept || out.contains(r#""external-execution-summary":"REDACTED","error-code":"JobFailed""#),
            "{out}"
        );
    }
    let structured =
        r#"{"type":{"category":"Build"},"execution-result":{"external-execution-summary":{"log":["s3cret"]}}}"#;
    assert!(!redacted(structured).contains("s3cret"));
}

#[test]
fn output_variables_keep_their_names_in_a_declaration_alone() {
    for result in [
        r#"{"outputVariables":["s3cret"]}"#,
        r#"{"actionTypeId":null,"outputVariables":["s3cret"]}"#,
        r#"{"actionTypeId":{},"outputVariables":[["s3cret"]]}"#,
        r#"{"actionTypeId":{},"outputVariables":{"A":"s3cret"}}"#,
        r#"{"actionTypeId":{"category":"Build"},"jobResult":{"OUTPUTVARIABLES":["s3cret"]}}"#,
    ] {
        assert!(!redacted(result).contains("s3cret"), "{result}");
    }
    let declared = r#"{"actions":[{"outputVariables":["VERSION"],"actionTypeId":{"category":"Build"}}]}"#;
    assert_eq!(redacted(declared), declared);
}

#[test]
fn the_token_of_a_webhook_goes_wherever_its_url_stands_but_in_who_called() {
    let url = "https://eu-west-1.webhooks.domain.aws/trigger?t=s3cret&v=1";
    for field in [
        "responseElements",
        "errorMessage",
        "userAgent",
        "stop-execution-comments",
    ] {
        let out = redacted(&format!(
            r#"{{"requestParameters":{{}},"{field}":"see {url} twice {url}"}}"#
        ));
        assert!(
            !out.contains("s3cret") && out.matches("trigger?t=REDACTED&v=1").count() == 2,
            "{out}"
        );
    }
    let inner = quoted(&format!(r#"{{"a":"{url}"}}"#));
    assert!(!redacted(&format!(r#"{{"a":{inner}}}"#)).contains("s3cret"));
    let caller = format!(r#"{{"userIdentity":{{"arn":"{url}"}}}}"#);
    assert_eq!(redacted(&caller), caller);
}

#[test]
fn json_is_found_behind_a_prefix_a_bom_and_quotes() {
    let document = format!(r#"{{"token": "{TOKEN}", "configuration": {{"Password": "hunter22"}}}}"#);
    let once = quoted(&document);
    for text in [
        document.clone(),
        format!("\u{feff}{document}"),
        format!("\u{a0}\r\n {document} "),
        format!("Request: {document}, refused"),
        format!("[1] [{document}]"),
        format!("{{not json {document}"),
        once.clone(),
        format!("body={once}"),
        quoted(&once),
        quoted(&quoted(&once)),
        quoted(&format!("\u{feff} x {once}")),
        format!(r#"{{"a":{once}}}"#),
    ] {
        let out = redacted(&format!(r#"{{"a":{}}}"#, quoted(&text)));
        assert!(!out.contains("hunter22") && !out.contains(TOKEN), "{text}: {out}");
        assert!(out.contains(&sha256_hex(TOKEN)), "{text}: {out}");
    }
}

#[test]
fn a_document_in_more_texts_than_anybody_writes_is_redacted_unread() {
    let mut text = r#"{"password":"hunter22"}"#.to_owned();
    for _ in 0..7 {
        text = quoted(&text);
    }
    assert!(redacted(&format!(r#"{{"a":{}}}"#, quoted(&text))).contains("hunter22"));
    for _ in 0..3 {
        text = quoted(&text);
    }
    let out = redacted(&format!(r#"{{"a":{}}}"#, quoted(&text)));
    assert!(!out.contains("hunter22") && out.contains("REDACTED"), "{out}");
}

#[test]
fn two_forms_of_one_token_get_one_hash() {
    let (upper, digits) = (TOKEN.to_uppercase(), TOKEN.replace('-', ""));
    let out = redacted(&format!(
        r#"{{"token":"{TOKEN}","a":[{{"token":"{upper}"}},{{"token":"{digits}"}}]}}"#
    ));
    let hash = sha256_hex(TOKEN);
    assert_eq!(
        out,
        format!(r#"{{"token":"{hash}","a":[{{"token":"{hash}"}},{{"token":"{hash}"}}]}}"#)
    );
    for first in [&upper, &digits] {
        let out = redacted(&format!(r#"{{"token":"{first}","a":"{TOKEN}"}}"#));
        assert_eq!(out, format!(r#"{{"token":"{hash}","a":"{hash}"}}"#));
    }
}

#[test]
fn a_token_with_something_around_it_is_known_all_the_same() {
    let hash = sha256_hex(TOKEN);
    for (field, joins) in [
        (format!("{TOKEN}\n"), true),
        (format!(" {{{}}} ", TOKEN.to_uppercase()), true),
        (TOKEN.replace('-', "%2D"), false),
        (format!("urn:uuid:{TOKEN}"), false),
        (format!("x {}", TOKEN.replace('-', "")), false),
    ] {
        let out = redacted(&format!(r#"{{"token":{},"a":"is {TOKEN}"}}"#, quoted(&field)));
        let stored = if joins { hash.clone() } else { sha256_hex(&field) };
        assert_eq!(out, format!(r#"{{"token":"{stored}","a":"is {hash}"}}"#));
    }
}

#[test]
fn a_text_in_a_text_that_takes_too_long_is_not_kept_by_the_outer_one() {
    let inner = r#"{"a":"#.repeat(60) + r#"{"configuration":{"P":"hunter22"}}"#;
    let note = format!(r#"{{"note":{}}}"#, quoted(&inner));
    for note in [note.clone(), quoted(&note)] {
        let out = redacted(&format!(r#"{{"a":{}}}"#, quoted(&note)));
        assert!(!out.contains("hunter22") && out.contains("REDACTED"), "{out}");
    }
}

#[test]
fn json_that_the_parser_refuses_hides_nothing() {
    let deep = "[".repeat(130) + r#""hunter22""# + &"]".repeat(130);
    for value in [
        r#"{"P":"hunter22","a":"\ud800"}"#,
        "{\"P\":\"hunter22\n\"}",
        r#"{"P":"hunter22","n":1e999}"#,
        &deep,
        r#"{"P":"hunter22""#,
    ] {
        let document = format!(r#"{{"n":1,"Configuration" : {value}}}"#);
        for text in [document.clone(), format!("x {document} {{\"b\":1}}"), quoted(&document)] {
            let out = redacted(&format!(r#"{{"a":{}}}"#, quoted(&text)));
            assert!(!out.contains("hunter22") && out.contains("REDACTED"), "{out}");
        }
        let harmless = quoted(&document.replace("Configuration", "Settings"));
        let event = format!(r#"{{"a":{harmless}}}"#);
        assert_eq!(redacted(&event), event);
    }
}

#[test]
fn a_document_that_is_rewritten_keeps_its_digits() {
    let text = r#"{"n":18446744073709551617,"configuration":"hunter22"}"#;
    let expected = text.replace("hunter22", "REDACTED");
    let out = redacted(&format!(r#"{{"a":{}}}"#, quoted(text)));
    assert_eq!(out, format!(r#"{{"a":{}}}"#, quoted(&expected)));
}

#[test]
fn a_value_with_a_token_in_it_is_found_in_the_message() {
    let value = format!("hunter22-{TOKEN}");
    let out = redacted(&format!(
        r#"{{"token":"{TOKEN}","configuration":"{value}","requestParameters":{{}},"errorMessage":"no '{value}'"}}"#
    ));
    assert!(out.contains(r#""errorMessage":"no 'REDACTED'""#), "{out}");
}

#[test]
fn every_message_is_read_where_there_are_more_than_one() {
    for (request, last) in [("{}", r#""'hunter22'""#), ("{}", "null"), ("null", r#""'hunter22'""#)] {
        let out = redacted(&format!(
            r#"{{"configuration":"hunter22","requestParameters":{request},"errorMessage":"'hunter22'","errorMessage":{last}}}"#
        ));
        assert!(!out.contains("hunter22"), "{out}");
    }
    let out = redacted(r#"{"errorMessage":"'hunter22'","errorMessage":"'hunter22'"}"#);
    assert!(!out.contains("hunter22"), "{out}");
}

#[test]
fn only_the_caller_and_the_ids_of_the_call_itself_keep_the_token_s_text() {
    let kept = format!(r#""eventID":"{TOKEN}","requestID":"{TOKEN}","userIdentity":{{"principalId":"A:{TOKEN}"}}"#);
    let out = redacted(&format!(
        r#"{{{kept},"requestParameters":{{"token":"{TOKEN}","eventID":"{TOKEN}","userIdentity":"{TOKEN}"}}}}"#
    ));
    assert!(out.contains(&kept) && out.matches(TOKEN).count() == 3, "{out}");
}
