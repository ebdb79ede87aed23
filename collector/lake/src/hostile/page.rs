//! For pages and sheets: what is hidden is shown by its number.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::characters::is_dangerous;

/// Lines and tabs stay as they are.
fn is_hidden(c: char) -> bool {
    is_dangerous(c) && !matches!(c, '\n' | '\t')
}

/// Writes hidden characters by their number, for example `[U+202E]`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\r' && rest.peek() == Some(&'\n') {
            continue;
        }
        if is_hidden(c) {
            let _ = write!(shown, "[U+{:04X}]", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_text_around_or_hides_in_it_is_shown() {
        assert_eq!(visible("web\u{202E}gpj.exe"), "web[U+202E]gpj.exe");
        assert_eq!(visible("a\0b\u{7}c\u{9B}d"), "a[U+0000]b[U+0007]c[U+009B]d");
        assert_eq!(visible("pay\u{200B}ments\u{E0041}"), "pay[U+200B]ments[U+E0041]");
        assert_eq!(visible("line\r\nline\tתודה 承認 ✓"), "line\nline\tתודה 承認 ✓");
        for hidden in [
            '\u{FFA0}',
            '\u{2800}',
            '\u{17B4}',
            '\u{180B}',
            '\u{180F}',
            '\u{FE00}',
            '\u{FE0E}',
            '\u{1BCA3}',
            '\u{1D17A}',
        ] {
            assert_eq!(
                visible(&format!("a{hidden}b")),
                format!("a[U+{:04X}]b", u32::from(hidden))
            );
        }
        assert!(matches!(visible("plain"), Cow::Borrowed(_)));
    }
}
