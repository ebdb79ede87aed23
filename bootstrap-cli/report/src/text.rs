//! Values and names as people read them.

use std::borrow::Cow;

use jiff::Timestamp;
use pipetrail_lake::answer::Value;
use pipetrail_lake::hostile::visible;

/// The first characters of a text, and that there are more.
pub(crate) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// `2026-11-20T12:00:00.000Z` as `2026-11-20 12:00:00`; other text as it is.
pub(crate) fn moment(text: &str) -> Cow<'_, str> {
    match text.parse::<Timestamp>() {
        Ok(at) if format!("{at:.3}") == text => Cow::Owned(at.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        _ => visible(text),
    }
}

/// A length of time in its two largest units.
pub(crate) fn duration(seconds: i64) -> String {
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
pub(crate) fn share(part: usize, of: usize) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let share = part as f64 * 100.0 / of as f64;
    (of > 0).then(|| format!("{share:.1} %"))
}

/// `12 gates`, `1 gate`.
pub fn counted(number: impl TryInto<u64>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What people call a column.
pub(crate) fn heading(column: &str) -> String {
    let words = match column {
        "account_id" => "account",
        "event_time" => "time (UTC)",
        "mfa" => "MFA",
        "principal_arn" => "principal ARN",
        "principal_kind" => "principal",
        "source_ip" => "from",
        "execution_id" => "execution",
        "error_code" => "error",
        _ => column.strip_suffix("_seconds").unwrap_or(column),
    };
    capitalized(&words.replace('_', " "))
}

/// With a large letter at its beginning.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// A value as a person reads it in the column of this name.
pub(crate) fn cell(column: &str, value: &Value) -> String {
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

/// What a spreadsheet shows of a value that is no number.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
