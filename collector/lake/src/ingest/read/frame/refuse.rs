//! Refuses a part of an input, and finds where reading goes on behind it.

use std::io::Read;
use std::ops::ControlFlow;

use super::frames::{Frames, Piece, Tell};
use super::search::{OVERLAP, beginning, nearest, next_line, next_object};
use crate::ingest::read::reason::Reason;
use crate::ingest::read::record::Reject;
use crate::ingest::read::scan::{Scan, Scanned};

/// Of a refused part so much is handed on.
const KEPT: usize = 1024 * 1024;

/// Where reading goes on behind what is refused, if no record begins sooner.
pub(super) enum Until {
    /// On the next line.
    LineEnd,
    /// On the next line that begins with a brace and is not indented further.
    Object,
    /// There, or where this scan ends: what is too long may be a record all the same.
    End(Scan),
}

impl<R: Read> Frames<R> {
    /// Refuses what begins here, up to where a record can begin again.
    pub(super) fn recover(&mut self, reason: Reason, mut until: Until, tell: Tell<'_>) -> ControlFlow<()> {
        self.torn = true;
        let place = self.window.place(self.record);
        // A line that is indented as far fits into the overlap, with its brace.
        let column = self.window.column(OVERLAP - 1).unwrap_or_default();
        let mut refused = Refused::default();
        // Not where it begins itself.
        let mut from = 1;
        loop {
            let bytes = self.window.bytes();
            let last = self.window.is_last();
            let mut ended = None;
            // Up to here it is known that the scan does not end sooner.
            let mut known = bytes.len();
            if let Until::End(scan) = &mut until {
                match scan.advance(bytes, last) {
                    Scanned::End(end) => ended = Some(end),
                    Scanned::More => known = scan.seen(),
                    // It has no end. Another call would go on behind the byte that broke it.
                    Scanned::Broken => until = Until::Object,
                }
            }
            let again = nearest(bytes, |part| {
                let line = match until {
                    Until::LineEnd => next_line(part, from),
                    Until::Object | Until::End(_) => next_object(part, from, column),
                };
                [line, beginning(part, from)].into_iter().flatten().min()
            });
            let again = again.filter(|again| *again <= known);
            let again = [again, ended].into_iter().flatten().min();
            let passed = match again {
                Some(again) => again,
                None if last => bytes.len(),
                None => bytes.len().saturating_sub(OVERLAP),
            };
            let passed = bytes.get(..passed).unwrap_or_default();
            refused.add(passed);
            if let Until::End(scan) = &mut until {
                scan.forget(passed);
            }
            let passed = passed.len();
            self.window.take(passed);
            if again.is_some() || last {
                break;
            }
            if passed > 0 {
                from = 0;
            }
            self.window.fill();
        }
        let at_end = self.window.is_last() && self.window.bytes().is_empty();
        let reason = match self.window.damage() {
            Some(damage) if at_end => {
                self.damage_told = true;
                Reason::Damaged(damage)
            }
            // Whoever hears that the file could not be read knows that it is not all.
            None if at_end && self.window.is_unread() => return ControlFlow::Continue(()),
            _ if reason == Reason::Unfinished && !at_end => Reason::NotJson,
            _ => reason,
        };
        let (bytes, length) = refused.trimmed();
        tell(Piece::Reject(Reject {
            place,
            reason,
            bytes,
            length,
        }))
    }
}

/// What is refused, as much of it as is kept.
#[derive(Default)]
struct Refused {
    kept: Vec<u8>,
    length: u64,
}

impl Refused {
    fn add(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.length += bytes.len() as u64;
    }

    /// Without the white space behind it.
    fn trimmed(&self) -> (&[u8], u64) {
        let end = self
            .kept
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        let kept = self.kept.get(..end.map_or(0, |last| last + 1)).unwrap_or_default();
        let length = if self.length == self.kept.len() as u64 {
            kept.len() as u64
        } else {
            self.length
        };
        (kept, length)
    }
}
