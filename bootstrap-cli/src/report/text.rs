//! Text of events, made harmless to read: nothing in it hides, turns around or is computed.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::engine::Value;

/// Characters without a shape of their own: they reverse, join or hide what stands beside them.
fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' => true,
        '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' => true,
        // U+FE0F stays: it makes a sign colourful, and hides nothing.
        '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0E}' => true,
        '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' => true,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => true,
        '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}' => true,
        c => c.is_control(),
    }
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

/// The first characters of a text, and that there are more.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// `2026-11-20T12:00:00.000Z` as `2026-11-20 12:00:00`; other text as it is.
pub fn moment(text: &str) -> Cow<'_, str> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00.000Z";
    let is_time = text.len() == SHAPE.len()
        && (text.bytes().zip(SHAPE)).all(|(byte, shape)| byte == *shape || (*shape == b'0' && byte.is_ascii_digit()));
    if is_time {
        Cow::Owned(format!("{} {}", &text[..10], &text[11..19]))
    } else {
        visible(text)
    }
}

/// A length of time in its two largest units.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds) {
        (1.., ..) => format!("{days} d {hours} h"),
        (_, 1.., ..) => format!("{hours} h {minutes} min"),
        (_, _, 1.., _) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{seconds} s"),
    }
}

/// A share in per cent with one digit; none of nothing.
pub fn share(part: usize, of: usize) -> Option<String> {
    if of == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let share = part as f64 * 100.0 / of as f64;
    Some(format!("{share:.1} %"))
}

/// `12 gates`, `1 gate`.
pub fn counted(number: impl TryInto<u64>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What people call a column.
pub fn heading(column: &str) -> String {
    let known = match column {
        "account_id" => "Account",
        "event_time" => "Time (UTC)",
        "mfa" => "MFA",
        "principal_arn" => "Principal ARN",
        "principal_kind" => "Principal",
        "source_ip" => "From",
        "waited_seconds" => "Waited",
        "execution_id" => "Execution",
        "error_code" => "Error",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let words = column.strip_suffix("_seconds").unwrap_or(column).replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A value as a person reads it in the column of this name.
pub fn cell(column: &str, value: &Value) -> String {
    match value {
        Value::Null if column == "mfa" => "unknown".to_owned(),
        Value::Null => String::new(),
        Value::Text(text) => moment(text).into_owned(),
        Value::Integer(number) if column.ends_with("_seconds") => duration(*number),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => format!("{number:.2}"),
        Value::Boolean(true) => "yes".to_owned(),
        Value::Boolean(false) => "no".to_owned(),
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

    #[test]
    fn lengths_of_time_have_two_units() {
        assert_eq!(
            [0, 59, 60, 3_600, 90_061].map(duration),
            ["0 s", "59 s", "1 min 0 s", "1 h 0 min", "1 d 1 h"]
        );
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äöü", 3), "äöü");
    }

    #[test]
    fn only_a_time_is_read_as_one() {
        assert_eq!(moment("2026-11-20T12:00:00.000Z"), "2026-11-20 12:00:00");
        for text in [
            "aaaaaaaaaTé-------Z",
            "somebodys-pTpelines.000Z",
            "2026-11-20T12:00:00Z",
        ] {
            assert_eq!(moment(text), text);
        }
    }
}
