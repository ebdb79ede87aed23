//! What copies of one event say of each other.

use crate::staging::{APART_MS, EventCopy};

impl EventCopy {
    /// Whether another copy of the same event makes this one superfluous. An addendum is not what it adds to;
    /// and a hop gives a copy another time, but not that of another day.
    pub(super) fn is_said_by(&self, other: &Self) -> bool {
        self.content == other.content && (self.addendum || !other.addendum) && self.ms.abs_diff(other.ms) <= APART_MS
    }
}

/// What copies of one event say, CloudTrail's addenda left aside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    first: Option<EventCopy>,
    differs: bool,
}

impl Said {
    pub(super) fn add(&mut self, copy: &EventCopy) {
        if !copy.addendum {
            let first = self.first.get_or_insert(*copy);
            self.differs |= !copy.is_said_by(first);
        }
    }

    /// The event, where they say different things.
    pub(super) fn conflict(&self) -> Option<EventCopy> {
        self.first.filter(|_| self.differs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::staging::Identity;

    #[test]
    fn copies_conflict_by_what_they_say_or_by_a_day_and_an_addendum_never() {
        const DAY: i64 = 86_400_000;
        let copy = |content: u8, addendum, ms| EventCopy {
            identity: Identity {
                account: 12,
                key: [7; 16],
            },
            content: [content; 16],
            addendum,
            ms,
            rank: 0,
        };
        for (copies, conflict) in [
            (vec![copy(1, false, 0), copy(1, false, DAY)], false),
            (vec![copy(1, false, 0), copy(1, false, DAY + 1)], true),
            (vec![copy(1, false, 0), copy(2, false, 0)], true),
            (vec![copy(1, false, 0), copy(2, true, 0)], false),
            (vec![copy(2, true, 0), copy(3, true, 9 * DAY), copy(1, false, 0)], false),
            (vec![copy(1, false, 0), copy(2, true, 0), copy(3, false, 0)], true),
        ] {
            let mut said = Said::default();
            copies.iter().for_each(|copy| said.add(copy));
            assert_eq!(said.conflict().is_some(), conflict, "{copies:?}");
        }
        // An addendum is no reason to leave its record out; the record is one to leave out its copy.
        assert!(!copy(1, false, 0).is_said_by(&copy(1, true, 0)));
        assert!(copy(1, true, 0).is_said_by(&copy(1, false, 0)));
        assert!(!copy(1, false, 0).is_said_by(&copy(1, false, -DAY - 1)));
    }
}
