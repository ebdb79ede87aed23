//! What AWS quotes of a call in its error message.
//!
//! Only there: a caller could otherwise choose a value that blots out his own name.

use std::borrow::Cow;
use std::collections::HashSet;

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::noncontiguous::NFA;
use aho_corasick::{Input, MatchKind};

use super::marks::REDACTED;
use super::secrets::Hash;
use super::shapes;
use super::walk::SHORTEST_QUOTED;

/// Redacts the values in the messages, the longest first where several begin at one place.
///
/// In time linear in both. The values of a request can be as long as the request, and the automaton of
/// all of them takes ten times their memory: it is built of those alone that begin and end as something
/// in a message does.
pub(super) fn without(messages: &mut [&mut Cow<'_, str>], values: &[String]) {
    if values.is_empty() {
        return;
    }
    let pieces: HashSet<&[u8]> = messages
        .iter()
        .flat_map(|message| message.as_bytes().windows(SHORTEST_QUOTED))
        .collect();
    let longest = messages.iter().map(|message| message.len()).max().unwrap_or_default();
    let quoted: HashSet<&str> = values
        .iter()
        .map(String::as_str)
        .filter(|value| {
            let ends = (
                value.as_bytes().first_chunk::<SHORTEST_QUOTED>(),
                value.as_bytes().last_chunk::<SHORTEST_QUOTED>(),
            );
            let in_message = |end: &[u8; SHORTEST_QUOTED]| pieces.contains(end.as_slice());
            value.len() <= longest && matches!(ends, (Some(first), Some(last)) if in_message(first) && in_message(last))
        })
        .collect();
    if quoted.is_empty() {
        return;
    }
    let automaton = NFA::builder().match_kind(MatchKind::LeftmostLongest).build(&quoted);
    for message in messages {
        // Building fails beyond the states that an automaton may have: no event is that long.
        let without = automaton.as_ref().map_or_else(
            |_| Some(REDACTED.to_owned()),
            |automaton| without_found(automaton, message),
        );
        if let Some(without) = without {
            **message = Cow::Owned(without);
        }
    }
}

/// The message without what the automaton finds; `None` where it finds nothing.
fn without_found(automaton: &NFA, message: &str) -> Option<String> {
    let Ok(found) = automaton.try_find_iter(Input::new(message)) else {
        return Some(REDACTED.to_owned());
    };
    let mut out = String::with_capacity(message.len());
    let mut copied = 0;
    for value in found {
        out.push_str(&message[copied..value.start()]);
        out.push_str(REDACTED);
        copied = value.end();
    }
    (copied > 0).then(|| out + &message[copied..])
}

/// The message of a call of which CloudTrail keeps no request, so that nothing says what in it is a
/// token or a value: what stands in quotes goes, and a UUID becomes its hash, which still joins. An ARN
/// stays: it says who called for what, and no part of it was sent as a token.
pub(super) fn unquoted(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    let mut before = None;
    while let Some(next) = rest.chars().next() {
        let begins = !before.is_some_and(char::is_alphanumeric);
        let length = if (begins || next != '\'')
            && let Some(closing) = closing(next)
        {
            out.push(next);
            let inside = &rest[next.len_utf8()..];
            // What is not closed was cut: all that follows is quoted.
            let end = end_of_quote(inside, closing).unwrap_or(inside.len());
            push_quoted(&mut out, &inside[..end]);
            let closed = inside[end..].chars().next().inspect(|closing| out.push(*closing));
            next.len_utf8() + end + closed.map_or(0, char::len_utf8)
        } else if begins && rest.starts_with("arn:") {
            let ends = |c: char| c.is_whitespace() || closing(c).is_some();
            let arn = &rest[..rest.find(ends).unwrap_or(rest.len())];
            out.push_str(arn);
            arn.len()
        } else if let Some((uuid, length)) = uuid_at(rest, before) {
            out.push_str(Hash::of_token(uuid).text());
            length
        } else {
            out.push(next);
            next.len_utf8()
        };
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    out
}

fn closing(opening: char) -> Option<char> {
    match opening {
        '\'' | '"' | '`' => Some(opening),
        '‘' => Some('’'),
        '“' => Some('”'),
        _ => None,
    }
}

/// Where the quote closes: not at the apostrophe of a word, and not where it is escaped.
fn end_of_quote(inside: &str, closing: char) -> Option<usize> {
    let is_apostrophe = |at: usize| {
        let after = inside[at..].chars().nth(1);
        matches!(closing, '\'' | '’') && after.is_some_and(char::is_alphanumeric)
    };
    let mut places = inside.match_indices(closing).map(|(at, _)| at);
    places.find(|&at| !is_apostrophe(at) && !inside[..at].ends_with('\\'))
}

fn push_quoted(out: &mut String, quoted: &str) {
    if quoted.is_empty() || quoted.starts_with("arn:") && !quoted.contains(char::is_whitespace) {
        out.push_str(quoted);
    } else if let Some(uuid) = shapes::uuid(quoted) {
        out.push_str(Hash::of_token(uuid).text());
    } else {
        out.push_str(REDACTED);
    }
}

/// The UUID with which a text begins, and the length of its text. Without hyphens only if no more digits
/// stand around it: half of a hash is none.
fn uuid_at(text: &str, before: Option<char>) -> Option<(u128, usize)> {
    let of_length = |length| Some((shapes::uuid(text.get(..length)?)?, length));
    if let Some(with_hyphens) = of_length(36) {
        return Some(with_hyphens);
    }
    if before.is_some_and(|before| before.is_ascii_hexdigit()) {
        return None;
    }
    let digits = text.bytes().take(33).take_while(u8::is_ascii_hexdigit).count();
    if digits == 32 { of_length(32) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::sha256_hex;

    const UUID: &str = "0b6c1d2e-3f40-4a5b-8c6d-7e8f90a1b2c3";

    #[test]
    fn of_values_that_overlap_or_contain_each_other_nothing_is_left() {
        let values = ["hunter22", "hunter22-and-more", "unused-value", "ünter22"].map(str::to_owned);
        for (given, expected) in [
            ("hunter22", Some("REDACTED")),
            ("'hunter22-and-more' hunter22x", Some("'REDACTED' REDACTEDx")),
            ("hünter22", Some("hREDACTED")),
            ("hunter2", None),
            ("", None),
        ] {
            let mut messages = [Cow::Borrowed("'hunter22'"), Cow::Borrowed(given)];
            without(&mut messages.each_mut(), &values);
            assert_eq!(messages, ["'REDACTED'", expected.unwrap_or(given)]);
        }
    }

    #[test]
    fn quoted_text_goes_and_an_apostrophe_quotes_nothing() {
        let (hash, digits) = (sha256_hex(UUID), UUID.replace('-', ""));
        for (given, expected) in [
            (
                "Value 's3cret' at 'a.b' can't be",
                "Value 'REDACTED' at 'REDACTED' can't be",
            ),
            (
                "\"s3cret\" `s3cret` ‘s3cret’ “s3cret”",
                "\"REDACTED\" `REDACTED` ‘REDACTED’ “REDACTED”",
            ),
            ("'it's s3cret'.", "'REDACTED'."),
            (r#"x"a\" s3cret"y"#, r#"x"REDACTED"y"#),
            ("cut: 'first secret and", "cut: 'REDACTED"),
            ("'arn:aws:iam::1:user/a' ''", "'arn:aws:iam::1:user/a' ''"),
            ("'arn: s3cret'", "'REDACTED'"),
            (
                &format!("token {UUID}, '{}' or {digits}.", UUID.to_uppercase()),
                &format!("token {hash}, '{hash}' or {hash}."),
            ),
            (
                &format!("arn:a:b::1:role/{UUID} x"),
                &format!("arn:a:b::1:role/{UUID} x"),
            ),
            (
                &format!("id{UUID} {hash} {}", "ab12".repeat(10)),
                &format!("id{hash} {hash} {}", "ab12".repeat(10)),
            ),
        ] {
            assert_eq!(unquoted(given), expected, "{given}");
            if !expected.contains(&format!("'{hash}'")) {
                assert_eq!(unquoted(expected), expected, "again: {given}");
            }
        }
    }
}
