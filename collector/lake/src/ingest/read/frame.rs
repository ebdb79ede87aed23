//! Splits an input into its outermost JSON objects, whatever stands between them: nothing, line ends,
//! the commas of a list, or those of a trail file's `{"Records":[…]}`. What is no object is told with
//! its bytes, and reading goes on behind it.

use std::io::Read;
use std::ops::ControlFlow;

use memchr::{memchr, memchr_iter, memmem};
use serde::de::IgnoredAny;

use super::kind::SERVICE;
use super::lookahead::Lookahead;
use super::reason::Reason;
use super::record::{LONGEST, Position, Reject};
use super::scan::{Scan, Scanned};

/// Of a refused part so much is handed on.
const KEPT: usize = 1024 * 1024;

/// How objects of AWS begin: where one of these stands, a record begins, whatever was before. In a
/// string its quotes would be escaped.
const BEGINNINGS: [&[u8]; 3] = [br#"{"eventVersion":""#, br#"{"version":"0""#, br#"{"attemptsMade":"#];

/// Enough to recognise a beginning, or an indented line, that the end of what was read cuts.
const OVERLAP: usize = 4096;

/// So much of an input says whether it is text.
const HEAD: usize = 512;

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What objects stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    /// Nothing.
    Top,
    /// A list.
    List,
    /// The list of a trail's file.
    Records,
}

/// A part of an input.
pub(super) enum Piece<'a> {
    /// An object, complete by its brackets.
    Object {
        /// From `{` to `}`.
        bytes: &'a [u8],
        /// Where it begins.
        place: Position,
    },
    /// A record of a trail's file that is another service's.
    OtherService,
    /// What is none.
    Reject(Reject<'a>),
}

/// Who is told; `Break` ends the reading.
pub(super) type Tell<'t> = &'t mut dyn FnMut(Piece<'_>) -> ControlFlow<()>;

/// Where reading goes on behind what is refused, if no record begins sooner.
enum Until {
    /// On the next line.
    LineEnd,
    /// On the next line that begins with a brace and is not indented further.
    Object,
    /// There, or where this scan ends: what is too long may be a record all the same.
    End(Scan),
}

/// An input on its way to pieces.
pub(super) struct Frames<R> {
    window: Lookahead<R>,
    container: Container,
    record: u64,
    /// Whether something was refused in the container, perhaps its end with it.
    torn: bool,
    /// Whether it was told that the input is damaged.
    damage_told: bool,
    service: memmem::Finder<'static>,
}

impl<R: Read> Frames<R> {
    /// The pieces of an input.
    pub(super) fn of(source: R) -> Self {
        Self {
            window: Lookahead::new(source),
            container: Container::Top,
            record: 0,
            torn: false,
            damage_told: false,
            service: memmem::Finder::new(SERVICE),
        }
    }

    /// The window, when all is told.
    pub(super) fn into_lookahead(self) -> Lookahead<R> {
        self.window
    }

    /// Tells every piece, in order.
    pub(super) fn tell(&mut self, tell: Tell<'_>) -> ControlFlow<()> {
        self.window.ensure(HEAD);
        if let Some(what) = foreign(self.window.bytes()) {
            let place = self.window.place(1);
            return tell(Piece::Reject(Reject::empty(place, Reason::Foreign(what))));
        }
        if self.window.bytes().starts_with(MARK) {
            self.window.take(MARK.len());
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

    /// Whether a trail's file begins here; then what precedes its first record is taken.
    fn opens_records(&mut self) -> bool {
        // Pretty-printed, its head is a little longer.
        self.window.ensure(64);
        let opening = |bytes: &[u8]| {
            let mut rest = bytes;
            for token in [b"{".as_slice(), b"\"Records\"", b":", b"["] {
                rest = rest.trim_ascii_start().strip_prefix(token)?;
            }
            Some(bytes.len() - rest.len())
        };
        let head = opening(self.window.bytes());
        self.window.take(head.unwrap_or_default());
        head.is_some()
    }

    fn object(&mut self, tell: Tell<'_>) -> ControlFlow<()> {
        self.record += 1;
        match self.scan(Scan::of_object()) {
            Ok(end) => {
                let bytes = self.window.bytes().get(..end).unwrap_or_default();
                if self.container == Container::Records && self.is_another_service_s(bytes) {
                    tell(Piece::OtherService)?;
                } else if swallows(bytes) {
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

    /// Told without parsing it: it begins as CloudTrail's records do and nowhere names the service.
    fn is_another_service_s(&self, record: &[u8]) -> bool {
        let first = record.strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
        first.starts_with(b"\"eventVersion\"") && self.service.find(record).is_none()
    }

    /// Where what begins here ends, read as far as need be.
    #[inline]
    fn scan(&mut self, mut scan: Scan) -> Result<usize, Reason> {
        loop {
            match scan.advance(self.window.bytes(), self.window.is_last()) {
                Scanned::End(end) if end > LONGEST => return Err(Reason::TooLong),
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

    /// Refuses what begins here, up to where a record can begin again.
    fn recover(&mut self, reason: Reason, mut until: Until, tell: Tell<'_>) -> ControlFlow<()> {
        self.torn = true;
        let place = self.window.place(self.record);
        let column = self.window.column(OVERLAP).unwrap_or_default();
        let mut refused = Refused::default();
        // Not where it begins itself.
        let mut from = 1;
        loop {
            let bytes = self.window.bytes();
            let last = self.window.is_last();
            let ended = match &mut until {
                Until::End(scan) => match scan.advance(bytes, last) {
                    Scanned::End(end) => Some(end),
                    _ => None,
                },
                _ => None,
            };
            let again = nearest(bytes, |part| {
                let line = match until {
                    Until::LineEnd => next_line(part, from),
                    _ => next_object(part, from, column),
                };
                [line, beginning(part, from)].into_iter().flatten().min()
            });
            let again = [again, ended].into_iter().flatten().min();
            let passed = match again {
                Some(again) => again,
                None if last => bytes.len(),
                None => bytes.len().saturating_sub(OVERLAP),
            };
            refused.add(bytes.get(..passed).unwrap_or_default());
            self.window.take(passed);
            if again.is_some() || last {
                break;
            }
            if passed > 0 {
                from = 0;
            }
            if let Until::End(scan) = &mut until {
                scan.forget(passed);
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
        let kept = self.kept.trim_ascii_end();
        let length = if self.length == self.kept.len() as u64 {
            kept.len() as u64
        } else {
            self.length
        };
        (kept, length)
    }
}

/// What is found first, looking further and further: mostly it is near, and it is looked for often
/// where much is refused.
fn nearest(bytes: &[u8], find: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let mut length = 256;
    loop {
        let part = bytes.get(..length).unwrap_or(bytes);
        let found = find(part);
        if found.is_some() || part.len() == bytes.len() {
            return found;
        }
        length *= 4;
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
    rest.contains(&b'{') && NAMES.iter().any(|name| memmem::find(rest, name).is_some())
}

fn next_line(bytes: &[u8], from: usize) -> Option<usize> {
    Some(from + memchr(b'\n', bytes.get(from..)?)? + 1)
}

/// Where a line begins with a brace behind at most `column` bytes of white space.
fn next_object(bytes: &[u8], from: usize, column: usize) -> Option<usize> {
    memchr_iter(b'\n', bytes).map(|line| line + 1).find_map(|line| {
        let rest = bytes.get(line..)?;
        let indent = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .take(column)
            .count();
        let begins = rest.get(indent) == Some(&b'{') && line + indent >= from;
        begins.then_some(line + indent)
    })
}

fn beginning(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let found = BEGINNINGS.iter().filter_map(|beginning| memmem::find(rest, beginning));
    found.min().map(|at| from + at)
}

/// What the first bytes of an input say it is, if not JSON text.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 11] = [
        (b"PAR1", "a Parquet file"),
        (b"PK\x03\x04", "a zip archive"),
        (b"BZh", "compressed with bzip2"),
        (b"\xfd7zXZ\x00", "compressed with xz"),
        (b"\x04\x22\x4d\x18", "compressed with lz4"),
        (b"\x1f\x8b", "compressed with gzip twice"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd twice"),
        (b"Obj\x01", "an Avro file"),
        (b"ORC", "an ORC file"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ];
    let known = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic));
    // Zeros may stand in a text after a crash, but not at its beginning.
    let text = bytes.strip_prefix(MARK).unwrap_or(bytes).trim_ascii_start();
    let begins = text.starts_with(b"{") || text.starts_with(b"[");
    let binary = (!begins && text.iter().take(HEAD).any(|byte| *byte == 0)).then_some("binary data");
    known.map(|(_, what)| *what).or(binary)
}
