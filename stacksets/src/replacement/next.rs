//! What is to be done next, given what is remembered and what is seen: pure, so that a run which was
//! killed anywhere goes on by the same rules.

use jiff::Timestamp;

use super::record::Record;
use super::signs::Signs;
use crate::flow::Waits;

/// What is seen before the stack is deleted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    /// Id of the stack that goes.
    pub(super) stack: &'a str,
    pub(super) record: Option<&'a Record>,
    /// Whether any of its rules is on.
    pub(super) rules_on: bool,
    /// `None` while nobody has looked.
    pub(super) signs: Option<&'a [Signs]>,
    /// Whether an archive can give again what a stream loses.
    pub(super) archived: bool,
}

/// What is to be done before the stack is deleted.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Drain {
    /// Write down that it begins.
    Remember,
    /// Switch the rules off, and write down when.
    Disable,
    /// Nothing before that time.
    Wait { until: Timestamp, why: String },
    /// Ask CloudWatch, at once.
    Look,
    /// Ask CloudWatch again after a while.
    LookAgain { why: String },
    /// Delete the stack; a stream may still hold what came in since `oldest`, which is replayed then.
    Go { oldest: Option<Timestamp> },
    /// A stream holds records that nothing could bring back.
    Blocked { stream: String, since: Timestamp },
}

/// What is to be done after the stack was created.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Replay {
    /// Write down that the rules are there.
    End,
    /// Nothing before that time: the archive has not everything yet.
    Wait { until: Timestamp },
    /// Start it, by this name.
    Start { name: String },
    /// It is at work.
    Await { name: String, state: String },
    /// It failed: try again by another name.
    Again { name: String, state: String },
    /// Write down that nothing is left.
    Close,
}

/// What is to be done before the stack is deleted.
pub(super) fn drain(seen: Before<'_>, waits: Waits, now: Timestamp) -> Drain {
    let begun = seen
        .record
        .filter(|record| record.is_open() && record.stack == seen.stack);
    let Some(record) = begun else {
        return Drain::Remember;
    };
    let Some(off) = record.rules_off.filter(|_| !seen.rules_on) else {
        return Drain::Disable;
    };
    let quiet = waits.buffer.saturating_mul(2);
    let after = |time: Timestamp, length| time.checked_add(length).unwrap_or(Timestamp::MAX);
    if now < after(off, quiet) {
        return Drain::Wait {
            until: after(off, quiet),
            why: "the rules are off; the streams write what they hold".to_owned(),
        };
    }
    let Some(signs) = seen.signs else {
        return Drain::Look;
    };
    let is_patient = now < after(off, quiet.saturating_add(waits.patience));
    let fed = signs.iter().filter_map(|signs| Some((signs, signs.last_input()?)));
    let fed = fed
        .filter(|(_, input)| now < after(*input, quiet))
        .max_by_key(|(_, input)| *input);
    if let Some((signs, input)) = fed.filter(|_| is_patient) {
        return Drain::Wait {
            until: after(input, quiet),
            why: format!("records came into stream {} until {}", signs.stream, second(input)),
        };
    }
    let held = signs
        .iter()
        .filter_map(|signs| Some((signs, signs.holds_since(waits.buffer)?)));
    match held.min_by_key(|(_, since)| *since) {
        None => Drain::Go { oldest: None },
        Some((signs, since)) if is_patient => Drain::LookAgain {
            why: format!("stream {} holds records of {} and later", signs.stream, second(since)),
        },
        Some((_, since)) if seen.archived => Drain::Go { oldest: Some(since) },
        Some((signs, since)) => Drain::Blocked {
            stream: signs.stream.clone(),
            since,
        },
    }
}

/// What is to be done once the stack stands; `state` is that of the replay, `None` where there is none of
/// its name.
pub(super) fn replay(record: &Record, archived: bool, state: Option<&str>, waits: Waits, now: Timestamp) -> Replay {
    let (Some((_, end)), Some(name)) = (record.replayed(), record.replay_name()) else {
        return Replay::End;
    };
    if !archived {
        return Replay::Close;
    }
    match state {
        None => {
            let until = record.until.unwrap_or(end).checked_add(waits.archive_delay);
            let until = until.unwrap_or(Timestamp::MAX);
            if now < until {
                Replay::Wait { until }
            } else {
                Replay::Start { name }
            }
        }
        Some("COMPLETED") => Replay::Close,
        Some(state @ ("FAILED" | "CANCELLED")) => Replay::Again {
            name,
            state: state.to_owned(),
        },
        Some(state) => Replay::Await {
            name,
            state: state.to_owned(),
        },
    }
}

fn second(time: Timestamp) -> String {
    time.strftime("%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Flow;
    use jiff::SignedDuration;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-30T{text}Z").parse().unwrap()
    }

    fn waits() -> Waits {
        Flow::of_test().waits()
    }

    fn seen<'a>(record: Option<&'a Record>, signs: Option<&'a [Signs]>) -> Before<'a> {
        Before {
            stack: "x",
            record,
            rules_on: false,
            signs,
            archived: true,
        }
    }

    fn record() -> Record {
        Record::of_test("x")
    }

    fn fed(minute: &str, freshness: Option<&str>) -> [Signs; 1] {
        [Signs {
            stream: "s".into(),
            input: vec![at(minute)],
            freshness: freshness.map(|minute| (at(minute), SignedDuration::from_secs(200))),
        }]
    }

    #[test]
    fn rules_go_off_only_after_it_was_written_down_and_a_closed_or_other_record_is_none() {
        let closed = Record {
            until: Some(at("12:30:00")),
            ..record()
        };
        for remembered in [None, Some(closed), Some(Record::of_test("y"))] {
            assert_eq!(
                drain(seen(remembered.as_ref(), None), waits(), at("13:00:00")),
                Drain::Remember
            );
        }
        let begun = Record {
            rules_off: None,
            ..record()
        };
        assert_eq!(drain(seen(Some(&begun), None), waits(), at("12:00:00")), Drain::Disable);
        // Somebody switched one on again.
        let record = record();
        let on = Before {
            rules_on: true,
            ..seen(Some(&record), None)
        };
        assert_eq!(drain(on, waits(), at("13:00:00")), Drain::Disable);
    }

    #[test]
    fn twice_the_buffer_passes_without_input_before_the_stack_goes() {
        let record = record();
        let early = drain(seen(Some(&record), None), waits(), at("12:09:59"));
        assert!(
            matches!(early, Drain::Wait { until, .. } if until == at("12:10:00")),
            "{early:?}"
        );
        assert_eq!(drain(seen(Some(&record), None), waits(), at("12:10:00")), Drain::Look);
        assert_eq!(
            drain(seen(Some(&record), Some(&[])), waits(), at("12:10:00")),
            Drain::Go { oldest: None }
        );
        let late = fed("12:03:00", Some("12:09:00"));
        let late = drain(seen(Some(&record), Some(&late)), waits(), at("12:10:00"));
        assert!(
            matches!(&late, Drain::Wait { until, why } if *until == at("12:14:00") && why.contains("stream s")),
            "{late:?}"
        );
        let written = fed("11:59:00", Some("12:05:00"));
        assert_eq!(
            drain(seen(Some(&record), Some(&written)), waits(), at("12:10:00")),
            Drain::Go { oldest: None }
        );
    }

    #[test]
    fn a_stream_that_does_not_drain_is_waited_for_then_replayed_or_kept() {
        let (record, stuck) = (record(), fed("11:30:00", None));
        let before = seen(Some(&record), Some(&stuck));
        let waiting = drain(before, waits(), at("12:39:59"));
        assert!(
            matches!(&waiting, Drain::LookAgain { why } if why.contains("11:30:00Z")),
            "{waiting:?}"
        );
        let replayed = Drain::Go {
            oldest: Some(at("11:30:00")),
        };
        assert_eq!(drain(before, waits(), at("12:40:00")), replayed);
        let kept = Before {
            archived: false,
            ..before
        };
        let blocked = Drain::Blocked {
            stream: "s".into(),
            since: at("11:30:00"),
        };
        assert_eq!(drain(kept, waits(), at("12:40:00")), blocked);
        // Whoever goes on feeding a stream does not hold everything up for ever.
        let fed = fed("12:39:00", Some("12:39:30"));
        assert_eq!(
            drain(seen(Some(&record), Some(&fed)), waits(), at("12:40:00")),
            Drain::Go { oldest: None }
        );
    }

    #[test]
    fn a_replay_follows_the_archive_and_a_failed_one_is_followed_by_another() {
        let open = record();
        assert_eq!(replay(&open, true, None, waits(), at("12:20:00")), Replay::End);
        let ended = Record {
            until: Some(at("12:20:00")),
            ..record()
        };
        let next = |state: Option<&str>, now: &str| replay(&ended, true, state, waits(), at(now));
        let name = "pipetrail-20261130T122000Z-1".to_owned();
        assert_eq!(next(None, "12:29:59"), Replay::Wait { until: at("12:30:00") });
        assert_eq!(next(None, "12:30:00"), Replay::Start { name: name.clone() });
        for state in ["STARTING", "RUNNING", "CANCELLING"] {
            assert!(matches!(next(Some(state), "12:31:00"), Replay::Await { .. }), "{state}");
        }
        assert_eq!(
            next(Some("FAILED"), "12:31:00"),
            Replay::Again {
                name,
                state: "FAILED".into()
            }
        );
        assert_eq!(next(Some("COMPLETED"), "12:31:00"), Replay::Close);
        assert_eq!(replay(&ended, false, None, waits(), at("12:21:00")), Replay::Close);
    }
}
