//! The window of a report.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

/// A time from which and one up to which events count; the latter itself does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The first moment.
    #[serde(serialize_with = "instant")]
    pub from: Timestamp,
    /// The moment after the last.
    #[serde(serialize_with = "instant")]
    pub to: Timestamp,
}

impl Window {
    /// The first and the last UTC day that the window touches.
    pub fn days(&self) -> (Date, Date) {
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        let before = self.to.as_nanosecond().saturating_sub(1).max(self.from.as_nanosecond());
        let last = Timestamp::from_nanosecond(before).unwrap_or(self.to);
        (day(self.from), day(last))
    }

    /// Its ends for a heading: days where it is made of whole ones, else moments, of which the second is
    /// the first that does not count.
    pub fn ends(&self) -> (String, String) {
        let is_midnight = |at: Timestamp| at.as_nanosecond().rem_euclid(86_400 * 1_000_000_000) == 0;
        if is_midnight(self.from) && is_midnight(self.to) && self.from < self.to {
            let (first, last) = self.days();
            return (first.to_string(), last.to_string());
        }
        (written(self.from), format!("{} UTC", written(self.to)))
    }
}

/// A moment in RFC 3339.
pub(crate) fn instant<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// A moment as the page writes it: minutes, and seconds and their parts only where there are any.
pub(crate) fn written(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    let form = match (at.second(), at.millisecond()) {
        (0, 0) => "%Y-%m-%d %H:%M",
        (_, 0) => "%Y-%m-%d %H:%M:%S",
        _ => "%Y-%m-%d %H:%M:%S%.3f",
    };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, to: &str) -> Window {
        Window {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        }
    }

    #[test]
    fn the_end_of_a_window_at_midnight_is_no_day_of_it() {
        let (first, last) = window("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z").days();
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2026-11-01".into(), "2026-11-02".into())
        );
        let (_, last) = window("2026-11-01T00:00:00Z", "2026-11-03T00:00:01Z").days();
        assert_eq!(last.to_string(), "2026-11-03");
    }

    #[test]
    fn a_heading_names_days_only_where_they_are_whole() {
        let ends = |from, to| window(from, to).ends();
        assert_eq!(
            ends("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z"),
            ("2026-11-01".to_owned(), "2026-11-02".to_owned())
        );
        assert_eq!(
            ends("2026-11-01T00:00:00Z", "2026-11-03T12:30:00.250Z"),
            ("2026-11-01 00:00".to_owned(), "2026-11-03 12:30:00.250 UTC".to_owned())
        );
    }

    #[test]
    fn an_empty_window_has_one_day() {
        let (first, last) = window("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z").days();
        assert_eq!(first, last);
    }
}
