//! What a plan would lose for good: events or rows.

use pipetrail_names::audit::{Bucket, DATA_STACK, PIPELINE_STACK};
use pipetrail_stacksets::{Actual, Plan};

use super::desired::{ARCHIVE_DAYS, LAKE_RETENTION_DAYS};
use crate::config::Config;

/// What decides whether something is lost.
#[derive(Clone, Copy, Debug)]
struct State {
    /// Days for which a month stays in the lake now; `None` where nobody knows. 0 is for ever.
    kept: Option<u32>,
    /// The same afterwards.
    wanted: u32,
    /// Whether there is a lake.
    has_lake: bool,
    /// Days of the bus's archive now, as the data stack says, and afterwards; 0 is no archive.
    archive: (u32, u32),
    /// Whether the rules of the bus go off, and then whether it has its archive at this moment.
    drains: Option<bool>,
    /// Whether something is to be replayed.
    replays: bool,
}

/// In words, one loss each.
pub(crate) fn losses(plan: &Plan, actual: &Actual, config: &Config) -> Vec<String> {
    let number = |stack: &str, parameter: &str| {
        let stack = actual.stacks.get(stack)?;
        stack.parameters.get(parameter)?.parse::<u32>().ok()
    };
    let lake = Bucket::Lake.name(&config.audit.account, &config.audit.region);
    of(State {
        kept: number(PIPELINE_STACK, LAKE_RETENTION_DAYS),
        wanted: config.retention.lake_days.0,
        has_lake: actual.stacks.contains_key(DATA_STACK) || actual.retained.contains(&lake),
        archive: (
            number(DATA_STACK, ARCHIVE_DAYS).unwrap_or_default(),
            config.delivery.archive_days.0,
        ),
        drains: plan.drain.as_ref().map(|drain| drain.archived),
        replays: plan.replay.is_some(),
    })
}

fn of(state: State) -> Vec<String> {
    let mut losses = Vec::new();
    // A lake without a pipeline stack was kept for nobody knows how long.
    let kept = state.kept.or(state.has_lake.then_some(0));
    if kept.is_some_and(|kept| is_shorter(state.wanted, kept)) {
        let until_now = match state.kept {
            Some(0) => "until now for ever".to_owned(),
            Some(days) => format!("until now {days} days"),
            None => "until now unknown: there is no pipeline stack".to_owned(),
        };
        losses.push(format!(
            "months of the lake that ended more than {} days ago (retention.lake_days, {until_now})",
            state.wanted
        ));
    }
    // The data stack, with the archive, is updated first.
    let goes = state.archive.0 > 0 && state.archive.1 == 0;
    let lacks = |archived: bool| goes || !(archived || state.archive.1 > 0);
    if state.drains.is_some_and(lacks) {
        losses.push(
            "what CodePipeline does while the pipeline stack is replaced (delivery.archive_days = 0: no archive)"
                .to_owned(),
        );
    } else if state.replays && goes {
        losses.push("what is still to be replayed from the archive (delivery.archive_days = 0: it goes)".to_owned());
    }
    losses
}

fn is_shorter(wanted: u32, kept: u32) -> bool {
    wanted > 0 && (kept == 0 || wanted < kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: State = State {
        kept: Some(0),
        wanted: 0,
        has_lake: true,
        archive: (7, 7),
        drains: None,
        replays: false,
    };

    #[test]
    fn a_retention_is_shorter_if_months_go_earlier() {
        for (wanted, kept, shorter) in [
            (400, Some(0), true),
            (400, Some(401), true),
            (400, Some(400), false),
            (400, Some(30), false),
            (0, Some(400), false),
            (0, Some(0), false),
            // Between the deletion of a stack and its creation, or after `destroy`.
            (400, None, true),
            (0, None, false),
        ] {
            let lost = of(State {
                kept,
                wanted,
                ..NOTHING
            });
            assert_eq!(lost.len(), usize::from(shorter), "{wanted} {kept:?}: {lost:?}");
        }
        let first = State {
            kept: None,
            wanted: 400,
            has_lake: false,
            ..NOTHING
        };
        assert_eq!(of(first), [""; 0]);
    }

    #[test]
    fn a_replacement_loses_what_no_archive_keeps() {
        for (archive, drains, replays, lost) in [
            ((7, 7), Some(true), false, false),
            ((0, 0), Some(false), false, true),
            // Made before the rules go off.
            ((0, 7), Some(false), false, false),
            // Deleted before that.
            ((7, 0), Some(true), false, true),
            ((7, 0), None, true, true),
            ((7, 0), None, false, false),
            ((7, 3), None, true, false),
        ] {
            let state = State {
                archive,
                drains,
                replays,
                ..NOTHING
            };
            assert_eq!(of(state).len(), usize::from(lost), "{state:?}");
        }
    }
}
