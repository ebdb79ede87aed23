//! What an input is taken apart into.

use std::fmt;

use serde::Serialize;

use super::reason::Reason;

/// Longest record that is read, in bytes. CloudTrail's and EventBridge's own limits lie far below.
pub const LONGEST: usize = 8 * 1024 * 1024;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An EventBridge envelope: for `Event::parse`.
    Envelope,
    /// A CloudTrail record: for `Event::from_cloudtrail`.
    CloudTrail,
    /// A row of the lake, as λ transform writes it: `event_key` and `raw` are what is read of it.
    Row,
}

/// Where something begins in an input, as it is when unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u64,
    /// Number among the records, refused and passed-over ones included, from 1.
    pub record: u64,
    /// Bytes before it.
    pub offset: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The line says nothing where all stands in one.
        if self.line == 1 && self.record > 1 {
            write!(f, "record {}, byte {}", self.record, self.offset)
        } else {
            write!(f, "line {}", self.line)
        }
    }
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// What it is.
    pub form: Form,
    /// Its JSON; complete by its brackets, but not checked further.
    pub bytes: &'a [u8],
    /// Where it begins; of one inside a Firehose error, where that begins.
    pub place: Position,
}

/// What is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject<'a> {
    /// Where it begins.
    pub place: Position,
    /// Why; without a word of the input.
    pub reason: Reason,
    /// Its bytes, if they are many only the first.
    pub bytes: &'a [u8],
    /// How many they are.
    pub length: u64,
}

impl Reject<'static> {
    pub(super) fn empty(place: Position, reason: Reason) -> Self {
        Self {
            place,
            reason,
            bytes: &[],
            length: 0,
        }
    }
}

/// What a sink is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A record.
    Record(Record<'a>),
    /// What is none.
    Reject(Reject<'a>),
}
