//! Who is looked into in a run: a pass goes through all members, an account after the other, every third hour.
//!
//! Each look leaves eleven records in the member's CloudTrail, which the organization's trail keeps and detectors
//! bill by: at 20,000 accounts and regions 53 million a month, and three times as many if every run looked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use pipetrail_names::{AccountId, AccountRegion, Region};
use serde::{Deserialize, Serialize};

/// From the beginning of a pass to that of the next: three hours, less what a call may be late.
const PERIOD: SignedDuration = SignedDuration::from_mins(3 * 60 - 20);

/// How far the looking has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pass {
    pub began: Timestamp,
    /// The last account that was looked into, of a pass that goes on in the next run.
    pub after: Option<AccountId>,
    pub ended: bool,
}

/// Accounts with their regions, in the order in which they are looked into.
pub(crate) type Work = Vec<(AccountId, Vec<Region>)>;

/// The pass of this run after the `earlier` one, and whom it looks into; `demanded` begins a new one at once. Who is
/// `failing` is tried again in any case.
pub(crate) fn due<'a>(
    earlier: Option<&Pass>,
    failing: &BTreeMap<AccountRegion, String>,
    members: impl Iterator<Item = &'a AccountRegion>,
    now: Timestamp,
    demanded: bool,
) -> (Pass, Work) {
    let is_due = |pass: &Pass| pass.ended && now.duration_since(pass.began) >= PERIOD;
    let pass = match earlier {
        Some(pass) if !demanded && !is_due(pass) => pass.clone(),
        _ => Pass {
            began: now,
            after: None,
            ended: false,
        },
    };
    let waits = |place: &AccountRegion| !pass.ended && pass.after.as_ref().is_none_or(|after| place.account > *after);
    let mut work: BTreeMap<AccountId, BTreeSet<Region>> = BTreeMap::new();
    for place in members {
        if waits(place) || failing.contains_key(place) {
            work.entry(place.account.clone())
                .or_default()
                .insert(place.region.clone());
        }
    }
    let work = work
        .into_iter()
        .map(|(account, regions)| (account, regions.into_iter().collect()));
    (pass, work.collect())
}

impl Pass {
    /// After a run that was to do `work` and left out the accounts `left`.
    pub(crate) fn after_run(mut self, work: &Work, left: &BTreeSet<AccountId>) -> Self {
        if self.ended {
            return self;
        }
        match left.first() {
            None => {
                self.ended = true;
                self.after = None;
            }
            // Up to the first that is left: what lies behind it is looked into once more.
            Some(first) => {
                let before = work
                    .iter()
                    .map(|(account, _)| account)
                    .filter(|account| *account < first);
                self.after = before.max().cloned().max(self.after);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u32) -> AccountRegion {
        AccountRegion {
            account: format!("{number:012}").parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        }
    }

    fn time(text: &str) -> Timestamp {
        format!("2026-11-30T{text}:00Z").parse().unwrap()
    }

    fn failing(numbers: &[u32]) -> BTreeMap<AccountRegion, String> {
        numbers.iter().map(|number| (place(*number), String::new())).collect()
    }

    fn accounts(work: &Work) -> Vec<u32> {
        work.iter()
            .map(|(account, _)| account.as_str().parse().unwrap())
            .collect()
    }

    #[test]
    fn all_are_looked_into_every_third_hour_and_whoever_failed_every_hour() {
        let members: Vec<AccountRegion> = (1..=4).map(place).collect();
        let (pass, work) = due(None, &failing(&[]), members.iter(), time("01:04"), false);
        assert_eq!(accounts(&work), [1, 2, 3, 4]);
        let pass = pass.after_run(&work, &BTreeSet::new());
        assert!(pass.ended);
        for (now, expected) in [("02:04", vec![3]), ("03:04", vec![3]), ("04:02", vec![1, 2, 3, 4])] {
            let (_, work) = due(Some(&pass), &failing(&[3]), members.iter(), time(now), false);
            assert_eq!(accounts(&work), expected, "{now}");
        }
        let (_, work) = due(Some(&pass), &failing(&[3]), members.iter(), time("02:04"), true);
        assert_eq!(accounts(&work), [1, 2, 3, 4]);
    }

    #[test]
    fn a_pass_that_did_not_reach_the_end_goes_on_where_it_stopped() {
        let members: Vec<AccountRegion> = (1..=5).map(place).collect();
        let (pass, work) = due(None, &failing(&[]), members.iter(), time("01:04"), false);
        // The third was begun and not finished, the fourth was quicker.
        let left = [3, 5].map(|number| place(number).account).into();
        let pass = pass.after_run(&work, &left);
        assert!(!pass.ended);
        let (pass, work) = due(Some(&pass), &failing(&[1]), members.iter(), time("02:04"), false);
        assert_eq!(accounts(&work), [1, 3, 4, 5]);
        assert_eq!(pass.began, time("01:04"));
        // Nothing was done at all: it is where it was.
        let all = work.iter().map(|(account, _)| account.clone()).collect();
        let stuck = pass.clone().after_run(&work, &all);
        assert_eq!(stuck.after, pass.after);
        assert!(pass.after_run(&work, &BTreeSet::new()).ended);
    }
}
