//! Unpacks what is compressed; told by its first bytes, never by a name.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use crate::ingest::read::Damage;

/// Compressed bytes are read in pieces of this size.
const PIECE: usize = 128 * 1024;

/// A reader that unpacks.
pub enum Unpacked<R: Read> {
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
    pub fn of(source: R) -> io::Result<Self> {
        let mut source = BufReader::with_capacity(PIECE, Watched { source, failed: false });
        let first = loop {
            match source.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(bytes) => break bytes,
            }
        };
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

/// A reader that remembers that it failed.
pub struct Watched<R> {
    source: R,
    failed: bool,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer);
        self.failed = read.as_ref().is_err_and(|error| error.kind() != ErrorKind::Interrupted);
        read
    }
}
