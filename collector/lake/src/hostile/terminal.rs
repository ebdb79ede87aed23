//! For terminals: nothing moves the cursor, colours, or turns a line around.

use std::borrow::Cow;
use std::fmt::Write;

use super::characters::is_dangerous;

/// One line, in which such characters are written out: `\n`, `\u{202e}`.
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(text, is_dangerous, escape)
}

fn escape(c: char, shown: &mut String) {
    let _ = write!(shown, "{}", c.escape_default());
}

/// Lines and tabs stay; all else as in [`line()`], a carriage return that ends no line too: what follows
/// it would hide what is before.
pub fn lines(text: &str) -> Cow<'_, str> {
    let is_harmful = |c| is_dangerous(c) && !matches!(c, '\n' | '\t');
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let shown = text
        .split_inclusive("\r\n")
        .map(|part| match part.strip_suffix("\r\n") {
            Some(part) => replaced(part, is_harmful, escape) + "\r\n",
            None => replaced(part, is_harmful, escape),
        });
    Cow::Owned(shown.collect())
}

/// The same JSON, in which such characters are escaped: whoever parses it reads them as they were.
pub fn json(text: &str) -> Cow<'_, str> {
    replaced(text, is_dangerous, |c, shown| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
    })
}

fn replaced(text: &str, is_dangerous: impl Fn(char) -> bool + Copy, write: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_dangerous(c) {
            write(c, &mut shown);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\nb\u{202e}c\u{9b}31m\u{e0041}\u{200b}\u{7f}é→";

    #[test]
    fn a_line_has_nothing_that_a_terminal_obeys() {
        let shown = line(HOSTILE);
        assert_eq!(shown, "a\\u{1b}[2J\\nb\\u{202e}c\\u{9b}31m\\u{e0041}\\u{200b}\\u{7f}é→");
        assert!(!shown.contains(is_dangerous));
        assert!(matches!(line("plain 'text' é→"), Cow::Borrowed(_)));
        assert_eq!(lines("a\r\n\u{1b}\tb\n"), "a\r\n\\u{1b}\tb\n");
        assert_eq!(lines("approved\rrejected\r\n"), "approved\\rrejected\r\n");
    }

    #[test]
    fn json_is_read_as_it_was() {
        let text = serde_json::to_string(HOSTILE).unwrap();
        let shown = json(&text);
        assert!(!shown.contains(is_dangerous), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), HOSTILE);
    }
}
