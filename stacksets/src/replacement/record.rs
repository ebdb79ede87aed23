//! What is remembered of replacements: the last one, under way or done, and when the earlier ones were.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::flow::replayed;

/// The last replacement, under way or done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Id of the stack that is replaced.
    pub stack: String,
    /// Since when the bus may have had no rules.
    pub from: Timestamp,
    /// When the rules were off, all of them.
    #[serde(default)]
    pub rules_off: Option<Timestamp>,
    /// When the oldest record came in that a stream had not written when it was deleted.
    #[serde(default)]
    pub oldest: Option<Timestamp>,
    /// Since when an earlier gap waits for its replay, which is made with this one's.
    #[serde(default)]
    pub unreplayed: Option<Timestamp>,
    /// Since when the new stack's rules are there.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Number of the replay: a failed one is followed by another.
    pub attempt: u32,
    /// Whether nothing is left to do.
    pub done: bool,
    /// Earlier replacements, the oldest first.
    #[serde(default)]
    pub earlier: Vec<Span>,
    /// The object that it was read from; `None` where there was none.
    #[serde(skip)]
    pub(crate) etag: Option<String>,
}

/// A time without rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

impl Record {
    /// Where the lake keeps it; below no table's folder.
    pub const KEY: &str = "replacement.json";

    /// What is to be remembered when the stack of that id goes, of which the bus may have had no rules since `from`.
    pub(crate) fn begun(last: Option<Record>, stack: &str, from: Timestamp) -> Self {
        let begun = Record {
            stack: stack.to_owned(),
            from,
            rules_off: None,
            oldest: None,
            unreplayed: None,
            until: None,
            attempt: 1,
            done: false,
            earlier: vec![],
            etag: None,
        };
        let Some(last) = last else {
            return begun;
        };
        match last.until {
            Some(_) => Record {
                unreplayed: last.replayed_since().filter(|_| !last.done),
                earlier: last.spans(from),
                etag: last.etag,
                ..begun
            },
            // As far as is written down, the bus got no rules since.
            None => Record {
                from: last.from.min(from),
                oldest: last.oldest,
                unreplayed: last.unreplayed,
                earlier: last.earlier,
                etag: last.etag,
                ..begun
            },
        }
    }

    /// When all rules were off: in every replacement, in the last one up to `now` where it goes on. One that only began
    /// is not among them, for its rules may be on.
    pub fn spans(&self, now: Timestamp) -> Vec<Span> {
        let last = self.rules_off.map(|from| Span {
            from,
            until: self.until.unwrap_or(now),
        });
        self.earlier.iter().copied().chain(last).collect()
    }

    /// Since when events are replayed, but for what the archive says too early.
    fn replayed_since(&self) -> Option<Timestamp> {
        [Some(self.from), self.oldest, self.unreplayed]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether the new stack does not stand yet, as far as is written down.
    pub(crate) fn is_open(&self) -> bool {
        self.until.is_none()
    }

    /// The name of the replay, which makes a repeated start the same one.
    pub(crate) fn replay_name(&self) -> Option<String> {
        let until = self.until?.strftime("%Y%m%dT%H%M%SZ");
        Some(format!("pipetrail-{until}-{}", self.attempt))
    }

    /// The span that is replayed, once the gap has ended.
    pub(crate) fn replayed(&self) -> Option<(Timestamp, Timestamp)> {
        Some(replayed(self.replayed_since()?, self.until?))
    }

    /// For how long the bus had no rules, in words.
    pub fn gap(&self) -> Option<String> {
        let until = self.until?;
        let seconds = until.duration_since(self.from).as_secs().max(0);
        let length = match seconds {
            0..60 => format!("{seconds} s"),
            _ => format!("{} min {} s", seconds / 60, seconds % 60),
        };
        let second = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ");
        Some(format!("{length}, from {} to {}", second(self.from), second(until)))
    }
}

#[cfg(test)]
impl Record {
    /// Of a stack whose rules went off at noon.
    pub(crate) fn of_test(stack: &str) -> Self {
        let noon: Option<Timestamp> = "2026-11-30T12:00:00Z".parse().ok();
        Record {
            rules_off: noon,
            ..Record::begun(None, stack, noon.unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        format!("2026-11-30T{time}:00Z").parse().unwrap()
    }

    fn span(from: &str, until: &str) -> Span {
        Span {
            from: at(from),
            until: at(until),
        }
    }

    #[test]
    fn what_a_stream_had_not_written_is_replayed_too() {
        let record = Record {
            until: Some(at("12:12")),
            oldest: Some(at("10:00")),
            ..Record::of_test("x")
        };
        assert_eq!(record.replayed(), Some((at("09:15"), at("12:13"))));
        // That stream alone: the others have written their heartbeats.
        assert_eq!(record.spans(at("13:00")), [span("12:00", "12:12")]);
    }

    #[test]
    fn a_gap_that_goes_on_is_known_up_to_now_and_one_that_only_began_is_none() {
        let open = Record::of_test("x");
        assert_eq!(open.spans(at("12:30")), [span("12:00", "12:30")]);
        let begun = Record {
            rules_off: None,
            ..open
        };
        assert_eq!(begun.spans(at("12:30")), []);
    }

    #[test]
    fn the_next_replacement_knows_of_the_earlier_ones_and_replays_what_was_not() {
        let first = Record {
            until: Some(at("12:12")),
            oldest: Some(at("11:50")),
            attempt: 2,
            etag: Some("1".to_owned()),
            ..Record::of_test("a")
        };
        let second = Record::begun(Some(first.clone()), "b", at("14:00"));
        let expected = Record {
            stack: "b".to_owned(),
            from: at("14:00"),
            rules_off: None,
            unreplayed: Some(at("11:50")),
            earlier: vec![span("12:00", "12:12")],
            etag: Some("1".to_owned()),
            ..Record::of_test("b")
        };
        assert_eq!(second, expected);
        let ended = Record {
            rules_off: Some(at("14:01")),
            until: Some(at("14:10")),
            ..second
        };
        assert_eq!(ended.replayed(), Some((at("11:05"), at("14:11"))));
        assert_eq!(
            ended.spans(at("15:00")),
            [span("12:00", "12:12"), span("14:01", "14:10")]
        );

        let replayed = Record { done: true, ..first };
        let second = Record::begun(Some(replayed), "b", at("14:00"));
        assert_eq!(
            (second.unreplayed, second.earlier),
            (None, vec![span("12:00", "12:12")])
        );
    }

    #[test]
    fn a_stack_that_never_stood_leaves_the_gap_open() {
        let open = Record::of_test("a");
        let second = Record::begun(Some(open), "b", at("12:20"));
        assert_eq!((second.from, second.earlier), (at("12:00"), vec![]));
    }
}
