//! Splits an input into its outermost JSON objects, whatever stands between them: nothing, line ends,
//! the commas of a list, or those of a trail file's `{"Records":[…]}`. What is no object is told with
//! its bytes, and reading goes on behind it.
//!
//! What is told depends on the bytes alone, never on how many of them one read returns. So every
//! decision looks at a number of bytes that the bytes before it determine.

mod frames;
mod head;
mod refuse;
mod search;

use std::io::Read;
use std::ops::ControlFlow;

use memchr::memmem;
use serde::de::IgnoredAny;

use super::reason::Reason;
use super::record::{LONGEST, Reject};
use super::scan::{BLOCK, Scan, Scanned};
use frames::{Container, Tell};
pub(super) use frames::{Frames, Piece};
use head::{HEAD, Head, MARK, foreign, records_head};
use refuse::Until;
use search::beginning;

/// Otherwise a record of this length could not be told from a longer one by whole blocks.
const _: () = assert!(LONGEST.is_multiple_of(BLOCK));

impl<R: Read> Frames<R> {
    /// Tells every piece, in order.
    pub(super) fn tell(&mut self, tell: Tell<'_>) -> ControlFlow<()> {
        self.window.ensure(HEAD);
        if let Some(what) = foreign(self.window.bytes()) {
            let place = self.window.place(1);
            self.window.take(HEAD);
            return tell(Piece::Reject(Reject::empty(place, Reason::Foreign(what))));
        }
        while let Some(byte) = self.next_byte() {
            match (byte, self.container) {
                (b'{', Container::Top) if self.opens_records() => self.enter(Container::Records),
                (b'{', _) => self.object(tell)?,
                (b'[', Container::Top) => {
                    self.window.take(1);
                    self.enter(Container::List);
                }
                (b']', Container::List) => {
                    self.window.take(1);
                    self.enter(Container::Top);
                }
                (b']', Container::Records) => {
                    self.window.take(1);
                    self.enter(Container::Top);
                    self.rest_of_trail_file(tell)?;
                }
                // Files with a mark may have been joined.
                (0xef, _) if self.is_mark() => self.window.take(MARK.len()),
                _ => {
                    self.record += 1;
                    self.recover(Reason::NotJson, Until::LineEnd, tell)?;
                }
            }
        }
        let missing = match self.window.damage() {
            Some(damage) if !self.damage_told => Reason::Damaged(damage),
            None if self.container != Container::Top && !self.torn && !self.window.is_unread() => Reason::EndMissing,
            _ => return ControlFlow::Continue(()),
        };
        let place = self.window.place(self.record + 1);
        tell(Piece::Reject(Reject::empty(place, missing)))
    }

    fn enter(&mut self, container: Container) {
        self.container = container;
        self.torn = false;
    }

    /// The first byte that separates nothing.
    fn next_byte(&mut self) -> Option<u8> {
        loop {
            let bytes = self.window.bytes();
            let separates = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',');
            let first = bytes.iter().position(|byte| !separates(byte));
            let taken = first.unwrap_or(bytes.len());
            let byte = bytes.get(taken).copied();
            self.window.take(taken);
            if byte.is_some() || !self.window.fill() {
                return byte;
            }
        }
    }

    fn is_mark(&mut self) -> bool {
        self.window.ensure(MARK.len());
        self.window.bytes().starts_with(MARK)
    }

    /// Whether a trail's file begins here; then what precedes its first record is taken.
    fn opens_records(&mut self) -> bool {
        loop {
            match records_head(self.window.bytes()) {
                Head::Ends(end) => {
                    self.window.take(end);
                    return true;
                }
                Head::Cut if self.window.fill() => {}
                Head::Cut | Head::Other => return false,
            }
        }
    }

    fn object(&mut self, tell: Tell<'_>) -> ControlFlow<()> {
        self.record += 1;
        match self.scan(Scan::of_object()) {
            Ok(end) => {
                if self.container == Container::Records && self.is_another_service_s(end) {
                    tell(Piece::OtherService)?;
                } else if swallows(self.window.bytes().get(..end).unwrap_or_default()) {
                    return self.recover(Reason::NotJson, Until::Object, tell);
                } else {
                    let place = self.window.place(self.record);
                    let bytes = self.window.bytes().get(..end).unwrap_or_default();
                    tell(Piece::Object { bytes, place })?;
                }
                self.window.take(end);
                ControlFlow::Continue(())
            }
            Err(Reason::TooLong) => self.recover(Reason::TooLong, Until::End(Scan::of_object()), tell),
            Err(reason) => self.recover(reason, Until::Object, tell),
        }
    }

    /// Told without parsing it: it begins as CloudTrail's records do, nowhere names the service or us, and a
    /// comma or the list's end follows. Where a record that was cut off swallows the beginning of the
    /// next one, something else follows.
    fn is_another_service_s(&mut self, end: usize) -> bool {
        self.window.ensure(end + 1);
        let bytes = self.window.bytes();
        let record = bytes.get(..end).unwrap_or_default();
        let first = record.strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
        first.starts_with(b"\"eventVersion\"")
            && matches!(bytes.get(end), Some(b',' | b']'))
            && self.service.find(record).is_none()
            && self.own.find(record).is_none()
    }

    /// Where what begins here ends, read as far as need be.
    #[inline]
    fn scan(&mut self, mut scan: Scan) -> Result<usize, Reason> {
        loop {
            let bytes = self.window.bytes();
            // Not further, although more may be there: it could be found broken instead of too long.
            let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
            match scan.advance(bytes, self.window.is_last()) {
                Scanned::End(end) => return Ok(end),
                Scanned::Broken => return Err(Reason::NotJson),
                Scanned::More if scan.seen() >= LONGEST => return Err(Reason::TooLong),
                Scanned::More if self.window.is_last() => return Err(Reason::Unfinished),
                Scanned::More => {
                    self.window.fill();
                }
            }
        }
    }

    /// Behind its records a trail's file has at most a bracket; other fields are passed over, if they
    /// hold no records.
    fn rest_of_trail_file(&mut self, tell: Tell<'_>) -> ControlFlow<()> {
        // No field begins so: the file's last brace is missing, and something else follows.
        if let Some(b'{' | b'[') = self.next_byte() {
            self.record += 1;
            let place = self.window.place(self.record);
            return tell(Piece::Reject(Reject::empty(place, Reason::Unfinished)));
        }
        match self.scan(Scan::within(1)) {
            Ok(end) if holds_records(self.window.bytes().get(..end).unwrap_or_default()) => {
                self.record += 1;
                self.recover(Reason::BehindRecords, Until::End(Scan::within(1)), tell)
            }
            Ok(end) => {
                self.window.take(end);
                ControlFlow::Continue(())
            }
            Err(reason) => {
                self.record += 1;
                self.recover(reason, Until::LineEnd, tell)
            }
        }
    }
}

/// Whether an object was cut off, and what looks like its end is another's.
fn swallows(object: &[u8]) -> bool {
    beginning(object, 1).is_some() && serde_json::from_slice::<IgnoredAny>(object).is_err()
}

/// Whether what stands behind the records of a trail's file may be more of them.
fn holds_records(rest: &[u8]) -> bool {
    const NAMES: [&[u8]; 5] = [
        b"\"Records\"",
        b"\"eventVersion\"",
        b"\"eventSource\"",
        b"\"detail-type\"",
        b"\"rawData\"",
    ];
    beginning(rest, 0).is_some() || rest.contains(&b'{') && NAMES.iter().any(|name| memmem::find(rest, name).is_some())
}
