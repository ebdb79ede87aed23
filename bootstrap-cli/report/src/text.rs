//! Values and names as people read them.

use std::borrow::Cow;

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
pub(crate) fn heading(column: &str) -> String {
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
