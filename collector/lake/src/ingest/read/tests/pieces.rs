//! A source that gives little at a time.

use std::io::{self, Read};

/// Gives an input away in pieces of these lengths, over and over.
pub(super) struct Pieces<'a> {
    pub(super) rest: &'a [u8],
    pub(super) lengths: Vec<usize>,
    pub(super) turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = self.lengths[self.turn % self.lengths.len()];
        let (piece, rest) = self.rest.split_at(length.min(buffer.len()).min(self.rest.len()));
        buffer[..piece.len()].copy_from_slice(piece);
        self.rest = rest;
        Ok(piece.len())
    }
}
