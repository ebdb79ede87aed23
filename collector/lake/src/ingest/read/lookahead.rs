//! The part of an input that is in memory.

use std::io::{self, ErrorKind, Read};

use memchr::{memchr_iter, memrchr};

use super::damage::Damage;
use super::record::Position;

/// How much is read at once. It fits the processor's own memory.
const FIRST: usize = 256 * 1024;

/// A window that moves over an input, forward only.
pub(super) struct Lookahead<R> {
    source: R,
    buffer: Vec<u8>,
    /// What is left of the buffer: the first byte is the first that nobody has taken.
    start: usize,
    end: usize,
    /// Bytes of the input before the buffer's first.
    before: u64,
    /// Lines before `counted`, a place in the buffer.
    lines: u64,
    counted: usize,
    /// Where in the input the last known line begins.
    line_start: u64,
    /// Whether only white space stands between there and `counted`. The bytes themselves may be gone.
    indented: bool,
    ended: bool,
    failure: Option<io::Error>,
}

impl<R: Read> Lookahead<R> {
    /// A window on the beginning of an input.
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; FIRST],
            start: 0,
            end: 0,
            before: 0,
            lines: 1,
            counted: 0,
            line_start: 0,
            indented: true,
            ended: false,
            failure: None,
        }
    }

    /// What was read and not taken.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether nothing follows what was read.
    pub(super) fn is_last(&self) -> bool {
        self.ended
    }

    /// What ails the input, if it is that which ends it.
    pub(super) fn damage(&self) -> Option<Damage> {
        self.failure.as_ref()?.get_ref()?.downcast_ref().copied()
    }

    /// Whether the input could not be read to its end.
    pub(super) fn is_unread(&self) -> bool {
        self.failure.is_some() && self.damage().is_none()
    }

    /// Why the input could not be read to its end.
    pub(super) fn unread(self) -> Option<io::Error> {
        let unread = self.is_unread();
        self.failure.filter(|_| unread)
    }

    /// Bytes of the input that were read, without those that wait in the window: how many wait depends
    /// on the source.
    pub(super) fn read(&self) -> u64 {
        self.before + self.start as u64
    }

    /// Takes bytes from the beginning.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }

    /// Reads more; `false` if there is none.
    pub(super) fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.count_lines(self.start);
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.before += self.start as u64;
            self.end -= self.start;
            self.counted = 0;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match self.source.read(free) {
                Ok(0) => break,
                Ok(read) => {
                    self.end += read;
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        self.ended = true;
        false
    }

    /// Reads until so many bytes are there, or all there are.
    pub(super) fn ensure(&mut self, bytes: usize) {
        while self.bytes().len() < bytes && self.fill() {}
    }

    /// Where the window begins; `record` is the number of what begins there.
    pub(super) fn place(&mut self, record: u64) -> Position {
        self.count_lines(self.start);
        Position {
            line: self.lines,
            record,
            offset: self.before + self.start as u64,
        }
    }

    /// How many bytes of white space precede the window on its line, if nothing else does, and if they
    /// are not more than `most`.
    pub(super) fn column(&mut self, most: usize) -> Option<usize> {
        self.count_lines(self.start);
        let column = self.before + self.start as u64 - self.line_start;
        let column = usize::try_from(column).ok().filter(|column| *column <= most)?;
        self.indented.then_some(column)
    }

    /// Every byte is counted once.
    fn count_lines(&mut self, until: usize) {
        let Some(bytes) = self.buffer.get(self.counted..until) else {
            return;
        };
        let mut line = bytes;
        if let Some(last) = memrchr(b'\n', bytes) {
            self.lines += memchr_iter(b'\n', bytes).count() as u64;
            self.line_start = self.before + (self.counted + last + 1) as u64;
            self.indented = true;
            line = bytes.get(last + 1..).unwrap_or_default();
        }
        self.indented = self.indented && line.iter().all(u8::is_ascii_whitespace);
        self.counted = until;
    }
}
