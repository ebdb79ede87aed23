//! What runs from the bus through one stack, and would be lost with it: named here as data, because only
//! the configuration's side knows the templates.

use jiff::{SignedDuration, Timestamp};
use pipetrail_names::{AccountId, Region, partition};
use serde::Serialize;

/// A replay begins so long before the gap: CloudTrail delivers late, and a stream collects before it writes.
const LEAD: SignedDuration = SignedDuration::from_mins(45);

/// A replay ends so long after the gap: clocks differ, and EventBridge replays whole minutes.
const TAIL: SignedDuration = SignedDuration::from_mins(1);

/// So long after an event reached the bus, the archive has it. Source: EventBridge's guide, "Archiving
/// events", event delivery.
const ARCHIVE_DELAY: SignedDuration = SignedDuration::from_mins(10);

/// So long a stream that does not drain is waited for, beyond the time that a healthy one takes.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// From the bus through the rules and streams of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Flow {
    /// The stack that has the rules and streams.
    pub stack: String,
    /// The stack that has the bus and the archive.
    pub bus_stack: String,
    pub bus: String,
    pub archive: String,
    /// Rules of `stack`, each with the stream that it sends to.
    pub rules: Vec<FlowRule>,
    /// Rules of other stacks that take a replay too.
    pub kept_rules: Vec<String>,
    /// The bucket where a replacement is written down.
    pub bucket: String,
    /// For how long a stream collects before it writes.
    pub buffer_seconds: u32,
    /// How many times faster than on AWS everything is waited for; 1 but in tests.
    pub pace: u32,
    /// Whether somebody asked for the stack to be replaced.
    pub asked: bool,
}

/// A rule and the stream that it sends to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct FlowRule {
    pub rule: String,
    pub stream: String,
}

/// For how long things are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    /// For how long a stream collects.
    pub(crate) buffer: SignedDuration,
    pub(crate) archive_delay: SignedDuration,
    pub(crate) patience: SignedDuration,
}

impl Flow {
    pub(crate) fn waits(&self) -> Waits {
        let pace = i32::try_from(self.pace.max(1)).unwrap_or(i32::MAX);
        Waits {
            buffer: SignedDuration::from_secs(self.buffer_seconds.into()) / pace,
            archive_delay: ARCHIVE_DELAY / pace,
            patience: PATIENCE / pace,
        }
    }

    /// ARNs of the archive, of the bus, and of the rules that take a replay.
    pub(crate) fn arns(&self, account: &AccountId, region: &Region) -> (String, String, Vec<String>) {
        let arn = |what: String| format!("arn:{}:events:{region}:{account}:{what}", partition(region));
        let rules = self.rules.iter().map(|rule| &rule.rule).chain(&self.kept_rules);
        let rules = rules.map(|rule| arn(format!("rule/{}/{rule}", self.bus)));
        (
            arn(format!("archive/{}", self.archive)),
            arn(format!("event-bus/{}", self.bus)),
            rules.collect(),
        )
    }
}

/// The span that is replayed for a gap from `from` to `until`.
pub(crate) fn replayed(from: Timestamp, until: Timestamp) -> (Timestamp, Timestamp) {
    let from = from.checked_sub(LEAD).unwrap_or(Timestamp::MIN);
    (from, until.checked_add(TAIL).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
impl Flow {
    /// Of the stack `pipeline` behind the bus of `data`, one rule and one stream.
    pub(crate) fn of_test() -> Self {
        Flow {
            stack: "pipeline".into(),
            bus_stack: "data".into(),
            bus: "pipetrail".into(),
            archive: "pipetrail".into(),
            rules: vec![FlowRule {
                rule: "pipetrail-api_calls".into(),
                stream: "pipetrail-api-calls".into(),
            }],
            kept_rules: vec!["pipetrail-decisions".into()],
            bucket: "the-lake".into(),
            buffer_seconds: 300,
            pace: 1,
            asked: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_takes_in_what_arrived_late_and_names_our_rules_alone() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            replayed(at("2026-11-30T12:00:00Z"), at("2026-11-30T12:20:00Z")),
            (at("2026-11-30T11:15:00Z"), at("2026-11-30T12:21:00Z"))
        );
        let (account, region) = ("999988887777".parse().unwrap(), "cn-north-1".parse().unwrap());
        let (archive, bus, rules) = Flow::of_test().arns(&account, &region);
        assert_eq!(archive, "arn:aws-cn:events:cn-north-1:999988887777:archive/pipetrail");
        assert_eq!(bus, "arn:aws-cn:events:cn-north-1:999988887777:event-bus/pipetrail");
        let rule = |name: &str| format!("arn:aws-cn:events:cn-north-1:999988887777:rule/pipetrail/{name}");
        assert_eq!(rules, [rule("pipetrail-api_calls"), rule("pipetrail-decisions")]);
    }

    #[test]
    fn a_test_waits_less() {
        let waits = Flow {
            pace: 60,
            ..Flow::of_test()
        }
        .waits();
        assert_eq!((waits.buffer.as_secs(), waits.archive_delay.as_secs()), (5, 10));
    }
}
