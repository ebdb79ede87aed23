//! For terminals: nothing moves the cursor, colours, or turns a line around.

use std::borrow::Cow;
use std::fmt::Write;

use super::characters::{is_dangerous, is_dangerous_in_lines, replaced};

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
    if !text.contains(is_dangerous_in_lines) {
        return Cow::Borrowed(text);
    }
    let parts: Vec<_> = text
        .split("\r\n")
        .map(|part| replaced(part, is_dangerous_in_lines, escape))
        .collect();
    Cow::Owned(parts.join("\r\n"))
}

/// The same JSON, in which such characters are escaped: whoever parses it reads them as they were.
pub fn json(text: &str) -> Cow<'_, str> {
    replaced(text, is_dangerous, |c, shown| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
    })
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
