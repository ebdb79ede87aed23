//! JSON that stands in a text: behind a prefix or a BOM, among other words, or quoted as a string.
//!
//! Only objects are looked for, and strings with escapes, which may hold one: nothing is redacted
//! that has no name, and the objects of a list are found one by one.

use std::borrow::Cow;

use serde_json::Deserializer;

use super::fields::Treatment;
use super::marks::REDACTED;
use crate::json::Json;

/// Bytes that may be read in vain per byte of a text, see [`rewritten`].
const IN_VAIN: usize = 8;
const IN_VAIN_AT_LEAST: usize = 4096;

/// The text with its documents as `redact` leaves them; `None` where it changes none. `redact` says
/// whether it changed the document. What it does not change stays byte for byte.
///
/// A beginning that is no document is read until the parser gives up, and the next one may stand
/// shortly behind it: `{"a":{"a":{"a":…` costs as many readings as it is deep. A text that takes
/// more than [`IN_VAIN`] of its length is no log line of AWS's; it goes as a whole, because what was
/// not read may hold a secret. So does a text in which, behind a beginning that is no document, a name
/// stands unread whose value would be redacted: the parser also refuses lone surrogates, raw newlines,
/// `1e999` and what is nested too deeply.
pub(super) fn rewritten(text: &str, redact: &mut dyn FnMut(&mut Json<'_>) -> bool) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let mut budget = text.len() * IN_VAIN + IN_VAIN_AT_LEAST;
    let mut at = 0;
    // Once a beginning was no document: where what was not read since begins.
    let mut unread = None;
    while let Some(beginning) = next_beginning(text, at) {
        let rest = &text[beginning..];
        let mut documents = Deserializer::from_str(rest).into_iter::<Json<'_>>();
        at = beginning + 1;
        let in_vain = match documents.next() {
            Some(Ok(mut json)) => {
                let end = beginning + documents.byte_offset();
                json.keep_digits(&text[beginning..end]);
                let changed = redact(&mut json);
                if changed {
                    out.push_str(&text[copied..beginning]);
                    out.push_str(&json.to_string());
                    copied = end;
                }
                if changed || matches!(json, Json::Object(_)) {
                    at = end;
                    let before = unread.map_or("", |unread| &text[unread..behind_name(text, beginning)]);
                    if names_a_secret(before) {
                        return Some(REDACTED.to_owned());
                    }
                    unread = unread.and(Some(end));
                    0
                } else {
                    // The quote may have been one that closes: what follows it is looked at again.
                    end - beginning
                }
            }
            Some(Err(error)) => {
                unread.get_or_insert(beginning);
                consumed(rest, &error)
            }
            None => 0,
        };
        match budget.checked_sub(in_vain) {
            Some(left) => budget = left,
            None => return Some(REDACTED.to_owned()),
        }
    }
    if unread.is_some_and(|unread| names_a_secret(&text[unread..])) {
        return Some(REDACTED.to_owned());
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// Where the next object or string with escapes may begin, from `at` on.
fn next_beginning(text: &str, mut at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    loop {
        at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'{' | b'"'))?;
        let rest = bytes.get(at + 1..)?;
        let begins = if bytes[at] == b'{' {
            rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'"')
        } else {
            rest.iter().find(|byte| matches!(byte, b'"' | b'\\')) == Some(&b'\\') && (at == 0 || bytes[at - 1] != b'\\')
        };
        if begins {
            return Some(at);
        }
        at += 1;
    }
}

/// Where what was not read ends. A quote with a colon behind it closes a name, so the colon belongs to that.
fn behind_name(text: &str, beginning: usize) -> usize {
    let behind = text[beginning..].strip_prefix('"').map(str::trim_start);
    let value = behind.and_then(|behind| behind.strip_prefix(':'));
    value.map_or(beginning, |value| text.len() - value.len())
}

/// Whether a name with a treatment stands before a colon, in quotes, which may be escaped.
///
/// In linear time: what is looked at before one colon ends at the quote of the one before.
fn names_a_secret(text: &str) -> bool {
    text.match_indices(':').any(|(colon, _)| {
        let name = text[..colon]
            .trim_ascii_end()
            .strip_suffix('"')
            .and_then(|quoted| quoted.rsplit_once('"'))
            .and_then(|(_, name)| unescaped(name.trim_end_matches('\\')));
        let treatment = name.and_then(|name| Treatment::of(&name));
        // The execution id is not always a token, and stands in many texts.
        treatment.is_some_and(|treatment| treatment != Treatment::ActionExecutionId)
    })
}

/// A name without its escapes, however often they were escaped themselves.
fn unescaped(name: &str) -> Option<Cow<'_, str>> {
    if !name.contains('\\') {
        return Some(Cow::Borrowed(name));
    }
    let mut quoted = format!("\"{name}\"");
    while quoted.contains(r"\\") {
        quoted = quoted.replace(r"\\", r"\");
    }
    serde_json::from_str(&quoted).ok().map(Cow::Owned)
}

/// How many bytes were read before the error.
fn consumed(text: &str, error: &serde_json::Error) -> usize {
    let lines_before = error.line().saturating_sub(1);
    let line = lines_before
        .checked_sub(1)
        .and_then(|n| text.match_indices('\n').nth(n))
        .map_or(0, |(newline, _)| newline + 1);
    line + error.column()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replaces every `{"k":…}`.
    fn without_k(text: &str) -> Option<String> {
        rewritten(text, &mut |json| {
            if let Json::String(inner) = json {
                let Some(new) = without_k(inner) else { return false };
                *json = Json::String(new.into());
                return true;
            }
            let found = json.get("k").is_some();
            if let Some(value) = json.get_mut("k") {
                *value = Json::Null;
            }
            found
        })
    }

    #[test]
    fn only_the_slice_of_a_document_that_changes_is_written_anew() {
        for (given, expected) in [
            (r#"{"k": 1}"#, r#"{"k":null}"#),
            ("\u{feff} {\"k\": 1}\n", "\u{feff} {\"k\":null}\n"),
            (r#"a {"b": 1} {"k": 1} {c"#, r#"a {"b": 1} {"k":null} {c"#),
            (r#"[ {"k": 1}, {"b": 1 } ]"#, r#"[ {"k":null}, {"b": 1 } ]"#),
            (r#"{"a": 1, {"k": 1}"#, r#"{"a": 1, {"k":null}"#),
            (
                r#"{"k": 1, "n": [18446744073709551617, -9223372036854775809, 1.5]}"#,
                r#"{"k":null,"n":[18446744073709551617,-9223372036854775809,1.5]}"#,
            ),
            (r#"5" pipe: {"k": 1}"#, r#"5" pipe: {"k":null}"#),
            (r#""{\"k\": 1}""#, r#""{\"k\":null}""#),
            (r#"got "{\"k\": 1}" twice"#, r#"got "{\"k\":null}" twice"#),
            (r#""\"{\\\"k\\\": 1}\"""#, r#""\"{\\\"k\\\":null}\"""#),
            (r#""\u007b\"k\": 1}""#, r#""{\"k\":null}""#),
        ] {
            assert_eq!(without_k(given).as_deref(), Some(expected), "{given}");
        }
        for given in [
            "",
            "{",
            "{}",
            r#"{ "b" : 1 }"#,
            r#"{"k""#,
            r#""\"""#,
            r#"{"b": "\ud800"}"#,
        ] {
            assert_eq!(without_k(given), None, "{given}");
        }
    }

    #[test]
    fn a_name_that_is_redacted_takes_the_text_with_it_where_it_stands_unread_behind_a_beginning() {
        for given in [
            r#"{"a": , "TOKEN" : "hunter22"}"#,
            "{\"a\": , \"variables\"\r\n\t: {}}",
            r#"{"a": 1e999, "configuration": {"k": 1}}"#,
            r#"{"a": , {"b": 1}, "configuration": 1, {"b": 1}"#,
            r#"{"a": , {"k": 1} "x": "url": 1"#,
            r#"{"a": , "confi\u0067uration": 1"#,
            // What is read as a string begins with the quote that closes the name.
            r#"{"TOKEN":\/hunter22 {\"k\": 1}""#,
            r#""{\"a\": 1, \"configuration\": 1"#,
            r#""{\\\"a\\\": 1, \\\"confi\\\\u0067uration\\\": 1"#,
        ] {
            assert_eq!(without_k(given).as_deref(), Some(REDACTED), "{given}");
        }
        for given in [
            r#""configuration": {"a": ,}"#,
            r#"{"a": , {"configuration": 1}"#,
            r#"{"a": , "configuration" "b": 1"#,
            r#"{"a": , "configurations": 1, configuration: 1"#,
            r#"{"a": , "action-execution-id": 1"#,
        ] {
            assert_eq!(without_k(given), None, "{given}");
        }
    }

    #[test]
    fn beginnings_that_lead_nowhere_cost_the_text_and_not_the_time() {
        for unit in [r#"{"a":"#, r#"{"a":{},"a":"#, "{\"a\":\n", r#"{"a":[{"b":1},"#] {
            let text = unit.repeat(20_000);
            assert_eq!(rewritten(&text, &mut |_| false).as_deref(), Some(REDACTED), "{unit}");
        }
        // Shallow ones end at once, however many there are.
        for unit in [r#"{"a"{"#, r#"{"a"":"#, r#"{"a" : :"#, r#"{"a\\"":"#] {
            assert_eq!(rewritten(&unit.repeat(100_000), &mut |_| false), None, "{unit}");
        }
    }
}
