//! Unpacks what is compressed; told by its first bytes, never by a name.

use std::io::{self, BufReader, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use crate::ingest::read::Damage;

/// Compressed bytes are read in pieces of this size.
const PIECE: usize = 128 * 1024;

/// So many bytes tell the format.
const MAGIC: usize = 4;

/// A reader that unpacks.
pub(super) enum Unpacked<R: Read> {
    /// As it is.
    Plain(BufReader<Watched<R>>),
    /// gzip, also of several members.
    Gzip(Box<MultiGzDecoder<BufReader<Watched<R>>>>),
    /// zstd, also of several frames.
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Watched<R>>>>),
}

impl<R: Read> Unpacked<R> {
    /// Looks at the first bytes.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) fn of(source: R) -> io::Result<Self> {
        let mut source = Watched {
            source,
            failed: false,
            first: Vec::with_capacity(MAGIC),
            given: 0,
        };
        // A pipe may hand over its first bytes one by one.
        while source.first.len() < MAGIC {
            let mut bytes = [0; MAGIC];
            let free = bytes.get_mut(source.first.len()..).unwrap_or_default();
            match source.source.read(free) {
                Ok(0) => break,
                Ok(read) => source.first.extend_from_slice(free.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let first: [u8; MAGIC] = std::array::from_fn(|at| source.first.get(at).copied().unwrap_or_default());
        let source = BufReader::with_capacity(PIECE, source);
        Ok(match first {
            [0x1f, 0x8b, ..] => Self::Gzip(Box::new(MultiGzDecoder::new(source))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Self::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(source)?))
            }
            _ => Self::Plain(source),
        })
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (read, failed, format) = match self {
            Self::Plain(source) => return source.read(buffer),
            Self::Gzip(decoder) => (decoder.read(buffer), decoder.get_ref().get_ref().failed, "gzip"),
            Self::Zstd(decoder) => (decoder.read(buffer), decoder.get_ref().get_ref().failed, "zstd"),
        };
        read.map_err(|error| match error.kind() {
            // The disk's fault, not the data's.
            _ if failed => error,
            ErrorKind::Interrupted => error,
            ErrorKind::UnexpectedEof => io::Error::other(Damage::CutOff(format)),
            _ => io::Error::other(Damage::Corrupt(format)),
        })
    }
}

/// A reader that remembers that it failed, and gives what was looked at once more.
pub(super) struct Watched<R> {
    source: R,
    failed: bool,
    first: Vec<u8>,
    given: usize,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let first = self.first.get(self.given..).unwrap_or_default();
        if !first.is_empty() {
            let count = first.len().min(buffer.len());
            buffer.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
            self.given += count;
            return Ok(count);
        }
        let read = self.source.read(buffer);
        self.failed = read.as_ref().is_err_and(|error| error.kind() != ErrorKind::Interrupted);
        read
    }
}
