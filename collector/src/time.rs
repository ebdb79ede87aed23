//! One form of time for every row.

use jiff::{Timestamp, tz::Offset};

/// An instant as the lake stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Timestamp);

impl Instant {
    /// Reads RFC 3339 text, such as `2026-11-20T09:28:00Z`. `None` for anything else, and for years
    /// outside 1–9999, which would not sort as text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::checked(text.parse().ok()?)
    }

    /// From milliseconds since 1970-01-01 UTC.
    pub fn from_millis(ms: i64) -> Option<Self> {
        Self::checked(Timestamp::from_millisecond(ms).ok()?)
    }

    fn checked(timestamp: Timestamp) -> Option<Self> {
        const YEAR_1: i64 = -62_135_596_800;
        (timestamp.as_second() >= YEAR_1).then_some(Self(timestamp))
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// UTC, always `yyyy-mm-ddThh:mm:ss.sssZ`, so that it sorts as text.
    pub fn text(self) -> String {
        let at = Offset::UTC.to_datetime(self.0);
        // Digit by digit, not through a formatter: every row has three times in it.
        let mut out = String::with_capacity(24);
        let mut put = |value: u32, digits: u32, end: char| {
            for place in (0..digits).rev() {
                out.push(char::from_digit(value / 10_u32.pow(place) % 10, 10).unwrap_or('0'));
            }
            out.push(end);
        };
        put(at.year().unsigned_abs().into(), 4, '-');
        put(at.month().unsigned_abs().into(), 2, '-');
        put(at.day().unsigned_abs().into(), 2, 'T');
        put(at.hour().unsigned_abs().into(), 2, ':');
        put(at.minute().unsigned_abs().into(), 2, ':');
        put(at.second().unsigned_abs().into(), 2, '.');
        put(at.millisecond().unsigned_abs().into(), 3, 'Z');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_becomes_the_one_form() {
        for (given, expected) in [
            ("2026-11-20T09:28:00Z", "2026-11-20T09:28:00.000Z"),
            ("2026-09-28T17:34:35.656Z", "2026-09-28T17:34:35.656Z"),
            ("2026-11-20T10:28:00.5+01:00", "2026-11-20T09:28:00.500Z"),
            ("2026-11-20T09:28:00.9999Z", "2026-11-20T09:28:00.999Z"),
        ] {
            let instant = Instant::parse(given).unwrap();
            assert_eq!(instant.text(), expected);
            assert_eq!(Instant::parse(expected).unwrap().millis(), instant.millis());
        }
    }

    proptest::proptest! {
        #[test]
        fn text_is_what_jiff_prints_cut_to_milliseconds(
            second in -62_135_596_800_i64..253_402_207_200, nanosecond in 0..1_000_000_000_i32
        ) {
            let timestamp = Timestamp::new(second, nanosecond).unwrap();
            proptest::prop_assert_eq!(Instant(timestamp).text(), format!("{timestamp:.3}"));
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for given in [
            "",
            "yesterday",
            "2026-11-20",
            "2026-13-01T00:00:00Z",
            "-0044-03-15T12:00:00Z",
            "1795425304400",
        ] {
            assert_eq!(Instant::parse(given), None, "{given}");
        }
    }
}
