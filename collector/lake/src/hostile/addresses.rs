//! Mail addresses in texts of others. Pure.

use std::borrow::Cow;

/// Those of the help and the hints.
const EXAMPLES: [&str; 2] = ["team@example.com", "security@example.com"];

/// The text with every mail address cut to its first letter and its host.
///
/// JSON stays JSON: a backslash before an address keeps what it escapes.
pub fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, host) = (&rest[..at], &rest[at + 1..]);
        let start = start(before);
        let end = host.find(|c| !is_host(c)).unwrap_or(host.len());
        let (name, address) = (&before[start..], &rest[start..=at + end]);
        let is_address = !name.is_empty() && host[..end].contains(char::is_alphanumeric);
        match name.chars().next() {
            Some(first) if is_address && !EXAMPLES.contains(&address.trim_end_matches('.')) => {
                shown.push_str(&before[..start]);
                shown.push(first);
                shown.push('…');
                shown.push_str(&rest[at..=at + end]);
            }
            _ => shown.push_str(&rest[..=at + end]),
        }
        rest = &host[end..];
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Where the name before an `@` begins.
fn start(before: &str) -> usize {
    let name = before.trim_end_matches(is_name);
    let mut start = name.len();
    if name.ends_with('\\') {
        let escaped = before[start..].chars().next();
        let length = match escaped {
            Some('u') => 5,
            Some(_) => 1,
            None => 0,
        };
        start = (start + length).min(before.len());
    }
    // The name may have letters that are no ASCII.
    while !before.is_char_boundary(start) {
        start += 1;
    }
    start
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '…')
}

fn is_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        let cases = [
            ("nobody here", "nobody here"),
            ("someone@example.com", "s…@example.com"),
            (
                "arn:aws:sts::111122223333:assumed-role/Admin/jane.doe@example.com is not",
                "arn:aws:sts::111122223333:assumed-role/Admin/j…@example.com is not",
            ),
            (
                "a value 'a+b@example' and <c@example.org>.",
                "a value 'a…@example' and <c…@example.org>.",
            ),
            ("élise@example.com, j@example.com", "é…@example.com, j…@example.com"),
            ("masked once: s…@example.com", "masked once: s…@example.com"),
            (
                "write it like team@example.com, in ASCII",
                "write it like team@example.com, in ASCII",
            ),
            (
                "for example \"security@example.com\"",
                "for example \"security@example.com\"",
            ),
            ("\"$@\" and @( and a@ and @b", "\"$@\" and @( and a@ and @b"),
            ("x@y@example.com", "x…@y@example.com"),
        ];
        for (text, shown) in cases {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn json_stays_json() {
        for text in [
            "\njane@example.com",
            "\u{1b}jane@example.com",
            "\u{1b}@x",
            "\\jane@example.com",
            "\"jane@example.com",
        ] {
            let json = serde_json::to_string(text).unwrap();
            let shown: String = serde_json::from_str(&masked(&json)).unwrap();
            assert!(!shown.contains("jane"), "{shown}");
        }
    }
}
