//! The last calls that made, changed or deleted a pipeline, in the order in which AWS carried them out, and what each
//! did to the gates.
//!
//! Calls arrive late, twice and out of order. Each is compared with the one before it, and the one after it once more
//! with this one: so whatever the order of arrival, every difference of two calls that follow each other is told. What
//! a call was found to do stays with it, so that a second delivery finds the same.

use serde::{Deserialize, Serialize};

use super::compare::{Change, compare, deleted};
use super::outline::Outline;

/// Calls that are remembered, so that none of them counts twice.
const CALLS: usize = 500;
/// The newest of them whose structures are kept, to be compared.
const STRUCTURES: usize = 8;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// By [`Call::order`].
    calls: Vec<Call>,
}

/// A call that made, changed or deleted the pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub event_key: String,
    /// UTC, in the form that sorts as text.
    pub time: String,
    /// Version that the pipeline had from then on.
    pub version: Option<i64>,
    pub made: Made,
    /// What was found to be told of it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<Change>,
}

/// What the call left behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// A new pipeline.
    Created(Outline),
    Updated(Outline),
    Deleted,
    /// A structure that the call's record does not hold.
    Hidden,
    /// What is too old to be kept.
    Forgotten,
}

impl Made {
    pub fn outline(&self) -> Option<&Outline> {
        match self {
            Self::Created(outline) | Self::Updated(outline) => Some(outline),
            Self::Deleted | Self::Hidden | Self::Forgotten => None,
        }
    }
}

impl Call {
    /// AWS's clock first, because versions begin anew when a pipeline is deleted and made again; within one second
    /// the version.
    fn order(&self) -> (&str, i64, &str) {
        (&self.time, self.version.unwrap_or(0), &self.event_key)
    }
}

impl History {
    /// What is to be told of a call that was taken before.
    pub fn known(&self, event_key: &str) -> Option<&[Change]> {
        let known = self.calls.iter().find(|call| call.event_key == event_key);
        known.map(|call| call.changes.as_slice())
    }

    /// Takes a call that is not known; gives what is to be told of it.
    pub fn take(&mut self, call: Call) -> Vec<Change> {
        let at = self.calls.partition_point(|other| other.order() < call.order());
        let before = self.calls.clone();
        self.calls.insert(at, call);
        let mut changes = found(&self.calls, at);
        // The calls after it, up to the one that is compared with nothing before itself.
        for later in at..before.len() {
            let (with, without) = (found(&self.calls, later + 1), found(&before, later));
            let by = &before[later].event_key;
            let new = with.into_iter().filter(|change| !without.contains(change));
            changes.extend(new.map(|change| Change {
                made_by: Some(by.clone()),
                ..change
            }));
            if before[later].made.outline().is_some() {
                break;
            }
        }
        self.calls[at].changes.clone_from(&changes);
        self.forget();
        changes
    }

    fn forget(&mut self) {
        let excess = self.calls.len().saturating_sub(CALLS);
        self.calls.drain(..excess);
        let with_outline = (0..self.calls.len())
            .rev()
            .filter(|at| self.calls[*at].made.outline().is_some());
        if let Some(oldest) = with_outline.skip(STRUCTURES).max() {
            for call in &mut self.calls[..=oldest] {
                call.made = Made::Forgotten;
            }
        }
    }
}

const FIRST: &str = "no earlier structure of the pipeline is known, so what its gates were is not";
const LEFT_OUT: &str =
    "the call's record does not hold the pipeline's structure: CloudTrail leaves out what is over 100 KB";
const TOO_LATE: &str = "the record came after so many newer ones that what it is to be compared with is forgotten";
const UNKNOWN_DELETED: &str = "the pipeline was deleted, and what its gates were is not known";

/// What a call did to the gates, by the calls before it.
fn found(calls: &[Call], at: usize) -> Vec<Change> {
    let earlier = &calls[..at];
    let is_forgotten = earlier
        .iter()
        .rev()
        .find(|call| call.made != Made::Hidden && call.made != Made::Deleted);
    let is_forgotten = is_forgotten.is_some_and(|call| call.made == Made::Forgotten);
    match (&calls[at].made, nearest(earlier)) {
        (Made::Forgotten, _) => Vec::new(),
        (Made::Hidden, _) => vec![Change::unknown(LEFT_OUT)],
        (Made::Deleted, _) if is_deleted(earlier) => Vec::new(),
        (Made::Deleted, Some(from)) => deleted(from),
        (Made::Deleted, None) => vec![Change::unknown(UNKNOWN_DELETED)],
        (Made::Created(to) | Made::Updated(to), Some(from)) => compare(from, to),
        (Made::Created(_) | Made::Updated(_), None) if is_forgotten => vec![Change::unknown(TOO_LATE)],
        (Made::Updated(_), None) => vec![Change::unknown(FIRST)],
        (Made::Created(_), None) => Vec::new(),
    }
}

/// The last structure before something: that of a deleted pipeline too, for one that is made again must not have less.
fn nearest(earlier: &[Call]) -> Option<&Outline> {
    let mut known = earlier.iter().rev().take_while(|call| call.made != Made::Forgotten);
    known.find_map(|call| call.made.outline())
}

fn is_deleted(earlier: &[Call]) -> bool {
    let last = earlier.iter().rev().find(|call| call.made != Made::Hidden);
    last.is_some_and(|call| call.made == Made::Deleted)
}

#[cfg(test)]
mod tests;
