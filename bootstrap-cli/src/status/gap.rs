//! The last time that the bus had no rules because `apply` replaced the pipeline stack: heartbeats of that
//! time are missing, and nobody but us is to blame.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use pipetrail_stacksets::Record;
use serde::Serialize;

/// A span without rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Gap {
    /// When `apply` began.
    pub from: Timestamp,
    /// When all rules were off; `None` where that is not known.
    pub rules_off: Option<Timestamp>,
    /// `None` while it goes on.
    pub until: Option<Timestamp>,
    /// Whether the replay is done, where there is an archive.
    pub done: bool,
}

impl Gap {
    /// What a record says.
    pub(crate) fn of(record: &Record) -> Self {
        Gap {
            from: record.from,
            rules_off: record.rules_off,
            until: record.until,
            done: record.done,
        }
    }

    /// Whether people should hear of it: it goes on, its replay is due, or it was within a day.
    pub(crate) fn is_news(&self, now: Timestamp) -> bool {
        let day = SignedDuration::from_hours(24);
        !self.done || self.until.is_none_or(|until| now.duration_since(until) < day)
    }

    /// Since when all rules were off, as far as is known.
    fn begin(&self) -> Timestamp {
        self.rules_off.unwrap_or(self.from)
    }

    /// How much of the time from `since` to `now` it takes. One that only began explains nothing: the rules may be on.
    pub(crate) fn within(&self, since: Timestamp, now: Timestamp) -> SignedDuration {
        let Some(until) = self.until.or(self.rules_off.map(|_| now)) else {
            return SignedDuration::ZERO;
        };
        let (from, until) = (self.begin().max(since), until.min(now));
        until.duration_since(from).max(SignedDuration::ZERO)
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minute = |time: Timestamp| time.strftime("%Y-%m-%d %H:%MZ");
        let from = minute(self.begin());
        match (self.until, self.rules_off) {
            (Some(until), _) => write!(
                f,
                "`apply` replaced the pipeline stack: no rules from {from} to {}",
                minute(until)
            ),
            (None, Some(_)) => write!(f, "`apply` replaced the pipeline stack: no rules from {from} on"),
            (None, None) => write!(f, "`apply` began to replace the pipeline stack at {from}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_the_span_counts() {
        let at = |text: &str| format!("2026-11-30T{text}:00Z").parse::<Timestamp>().unwrap();
        let gap = |until: Option<&str>| Gap {
            from: at("12:00"),
            rules_off: Some(at("12:00")),
            until: until.map(at),
            done: false,
        };
        for (until, since, now, minutes) in [
            (Some("12:20"), "11:00", "13:00", 20),
            (Some("12:20"), "12:10", "13:00", 10),
            (Some("12:20"), "12:30", "13:00", 0),
            (Some("12:20"), "11:00", "11:30", 0),
            (None, "11:00", "12:30", 30),
        ] {
            let within = gap(until).within(at(since), at(now));
            assert_eq!(within, SignedDuration::from_mins(minutes), "{until:?} {since} {now}");
        }
        // Begun hours before the rules went off.
        let slow = Gap {
            from: at("09:00"),
            ..gap(Some("12:20"))
        };
        assert_eq!(slow.within(at("08:00"), at("13:00")), SignedDuration::from_mins(20));
        // It began, and nobody knows that a rule is off.
        let begun = Gap {
            rules_off: None,
            ..gap(None)
        };
        assert_eq!(begun.within(at("11:00"), at("13:00")), SignedDuration::ZERO);
        assert!(gap(Some("12:20")).is_news(at("13:00")));
        let old = Gap {
            done: true,
            ..gap(Some("12:20"))
        };
        let after = |hours| at("12:20") + SignedDuration::from_hours(hours);
        assert!(old.is_news(after(23)) && !old.is_news(after(24)));
        assert_eq!(
            gap(Some("12:20")).to_string(),
            "`apply` replaced the pipeline stack: no rules from 2026-11-30 12:00Z to 2026-11-30 12:20Z"
        );
    }
}
