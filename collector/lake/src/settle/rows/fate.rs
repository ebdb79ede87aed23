//! What becomes of the copies of one event: pure.

use std::collections::HashSet;

use super::delivery::Delivery;
use crate::staging::APART_MS;

/// What becomes of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays a row.
    Kept,
    /// It says what the one says that stays.
    Duplicate,
    /// It says something else.
    Conflict,
    /// It is a row that was written twice.
    Repetition,
}

/// The fates of the copies of one event, which stand in the order of [`Delivery::order`]. The first stays, and all
/// others of its day go. Those of another day are treated as copies of an event of their own: EventBridge
/// delivers no event so late, so nobody knows that they are none.
pub(super) fn fates(copies: &[Delivery]) -> Vec<Fate> {
    let mut fates: Vec<Option<Fate>> = vec![None; copies.len()];
    let mut seen = HashSet::new();
    // Those that stay are a day apart each: in a partition there are few.
    while let Some(first) = fates.iter().position(Option::is_none) {
        let Some(kept) = copies.get(first) else { break };
        seen.insert(&kept.texts);
        for (nth, (copy, fate)) in copies.iter().zip(&mut fates).enumerate().skip(first) {
            if fate.is_some() || copy.ms.abs_diff(kept.ms) > APART_MS {
                continue;
            }
            *fate = Some(if nth == first {
                Fate::Kept
            } else if !seen.insert(&copy.texts) {
                Fate::Repetition
            } else if copy.content() == kept.content() {
                Fate::Duplicate
            } else {
                Fate::Conflict
            });
        }
    }
    fates.into_iter().map(|fate| fate.unwrap_or(Fate::Kept)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = APART_MS as i64;

    fn copy(ms: i64, id: &str, content: &str) -> Delivery {
        let text = |text: &str| Some(text.to_owned());
        Delivery {
            rank: 0,
            ms,
            texts: [text("t"), text("i"), text(id), text(content), None, None],
        }
    }

    #[test]
    fn the_first_stays_and_others_of_its_day_go_by_what_they_say() {
        use Fate::{Conflict, Duplicate, Kept, Repetition};
        for (copies, expected) in [
            (vec![copy(0, "a", "x")], vec![Kept]),
            (vec![copy(0, "a", "x"), copy(DAY, "b", "x")], vec![Kept, Duplicate]),
            (vec![copy(0, "a", "x"), copy(-DAY, "b", "y")], vec![Kept, Conflict]),
            (vec![copy(0, "a", "x"), copy(0, "a", "x")], vec![Kept, Repetition]),
            // The second of two that were dropped is the first's repetition.
            (
                vec![copy(0, "a", "x"), copy(0, "b", "y"), copy(0, "b", "y")],
                vec![Kept, Conflict, Repetition],
            ),
            // A day and more away a copy is a row, and rules over its own day.
            (
                vec![
                    copy(0, "a", "x"),
                    copy(DAY + 1, "b", "x"),
                    copy(2 * DAY, "c", "y"),
                    copy(DAY, "d", "x"),
                ],
                vec![Kept, Kept, Conflict, Duplicate],
            ),
        ] {
            assert_eq!(fates(&copies), expected, "{copies:?}");
        }
    }

    #[test]
    fn content_that_nobody_wrote_down_differs_from_what_somebody_did() {
        let mut unknown = copy(0, "b", "");
        unknown.texts[3] = None;
        assert_eq!(
            fates(&[copy(0, "a", "x"), unknown.clone()]),
            [Fate::Kept, Fate::Conflict]
        );
        let mut other = unknown.clone();
        other.texts[2] = Some("c".to_owned());
        assert_eq!(fates(&[unknown, other]), [Fate::Kept, Fate::Duplicate]);
    }
}
