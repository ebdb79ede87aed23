//! For pages and sheets: what is hidden is shown by its number.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::characters::{is_dangerous_in_lines, replaced};

/// Writes hidden characters by their number, for example `[U+202E]`. Lines and tabs stay as they are.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_dangerous_in_lines) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    let shown = replaced(&text, is_dangerous_in_lines, |c, shown| {
        let _ = write!(shown, "[U+{:04X}]", u32::from(c));
    });
    Cow::Owned(shown.into_owned())
}

/// Keeps a spreadsheet that opens a CSV file from computing what it finds there.
///
/// An apostrophe stands before every character that begins a formula, where a cell begins: at the
/// start, and behind whatever a spreadsheet of another locale takes for the end of a cell.
pub fn inert(text: &str) -> Cow<'_, str> {
    let begins = |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠');
    let text = visible(text);
    let mut inert = String::with_capacity(text.len() + 1);
    let mut at_start = true;
    for c in text.chars() {
        if at_start && begins(c) {
            inert.push('\'');
        }
        inert.push(c);
        at_start = match c {
            ',' | ';' | '|' | '\t' | '\r' | '\n' => true,
            '"' => at_start,
            c => at_start && c.is_whitespace(),
        };
    }
    if inert.len() == text.len() {
        text
    } else {
        Cow::Owned(inert)
    }
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

    #[test]
    fn no_cell_of_a_csv_file_begins_a_formula_in_any_locale() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1"] {
            assert_eq!(inert(formula), format!("'{formula}"));
        }
        assert_eq!(inert(" =1"), " '=1");
        for space in ['\u{3000}', '\u{2003}', '\u{202F}', '\u{1680}', '\u{A0}'] {
            assert_eq!(inert(&format!("{space}=1")), format!("{space}'=1"));
            assert_eq!(inert(&format!("a;{space}＝1")), format!("a;{space}'＝1"));
        }
        assert_eq!(inert("a;=1"), "a;'=1");
        assert_eq!(inert("a\n=HYPERLINK(\"x\")"), "a\n'=HYPERLINK(\"x\")");
        assert_eq!(inert("a;\"=1\""), "a;\"'=1\"");
        assert_eq!(inert("a=b - c@d, e"), "a=b - c@d, e");
    }

    #[test]
    fn a_carriage_return_begins_no_formula_either() {
        assert_eq!(inert("\r=1"), "[U+000D]=1");
    }
}
