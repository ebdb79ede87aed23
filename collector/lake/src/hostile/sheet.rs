//! For files that a spreadsheet opens.

use std::borrow::Cow;

use super::page::visible;

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
