//! Opens an input, and says at its end whether it changed meanwhile.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::runtime::Handle;

use super::unpack::Unpacked;
use super::{Input, InputError, Source};
use crate::staging::{Failure, Ranges};

/// An input that is open. Reading it gives what is in it, unpacked.
pub struct Opened<'p> {
    reader: Unpacked<Counted<'p>>,
    mark: Option<Mark>,
}

/// What a file was like when it was opened.
pub(super) struct Mark {
    path: PathBuf,
    was: State,
}

/// Device, number, length and time of change: what is another file or was written to differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    device: u64,
    number: u64,
    length: u64,
    changed: (i64, i64),
}

impl State {
    fn of(about: &fs::Metadata) -> Self {
        Self {
            device: about.dev(),
            number: about.ino(),
            length: about.len(),
            changed: (about.mtime(), about.mtime_nsec()),
        }
    }
}

impl Mark {
    fn of(path: &Path, file: &File) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            was: State::of(&file.metadata()?),
        })
    }

    /// Whether the file is another one now, or was written to.
    pub(super) fn has_changed(&self) -> bool {
        fs::metadata(&self.path).map_or(true, |about| State::of(&about) != self.was)
    }
}

impl Input {
    /// Opens it. `progress` hears of every piece read, by its length as it lies there. Reading an
    /// object blocks on `runtime`, so it must not happen on one of the runtime's own threads.
    ///
    /// # Errors
    /// It cannot be opened, or its first bytes cannot be read.
    pub fn open<'p>(&self, runtime: &Handle, progress: impl Fn(u64) + 'p) -> Result<Opened<'p>, InputError> {
        let of_io = |cause| InputError::Io {
            name: self.name.clone(),
            cause,
        };
        let (source, mark): (Box<dyn Read>, _) = match &self.source {
            Source::Stdin => (Box::new(io::stdin()), None),
            Source::File(path) => {
                let file = File::open(path).map_err(of_io)?;
                let mark = Mark::of(path, &file).map_err(of_io)?;
                (Box::new(file), Some(mark))
            }
            Source::Object { store, key } => {
                let got = runtime.block_on(store.get(key)).map_err(|cause| InputError::Store {
                    name: self.name.clone(),
                    cause,
                })?;
                let object = Object {
                    runtime: runtime.clone(),
                    pieces: got.into_stream(),
                    piece: bytes::Bytes::new(),
                };
                (Box::new(object), None)
            }
        };
        let counted = Counted {
            source,
            progress: Box::new(progress),
        };
        let reader = Unpacked::of(counted).map_err(of_io)?;
        Ok(Opened { reader, mark })
    }
}

impl Input {
    /// Opens a file that is read here and there, as it is now: one that is changed later cannot be read. Reading
    /// blocks on `runtime`.
    ///
    /// # Errors
    /// It is not there, or is standard input.
    pub(in crate::ingest) fn ranges(&self, runtime: &Handle) -> Result<Ranges, InputError> {
        let of_store = |cause| InputError::Store {
            name: self.name.clone(),
            cause,
        };
        let of_io = |cause| InputError::Io {
            name: self.name.clone(),
            cause,
        };
        let (store, path): (Arc<dyn ObjectStore>, _) = match &self.source {
            Source::Stdin => return Err(of_io(io::ErrorKind::Unsupported.into())),
            Source::File(path) => {
                let path = fs::canonicalize(path).map_err(of_io)?;
                let path = object_store::path::Path::from_absolute_path(path);
                let path = path.map_err(|cause| of_store(cause.into()))?;
                (Arc::new(LocalFileSystem::new()), path)
            }
            Source::Object { store, key } => (Arc::clone(store), key.clone()),
        };
        let about = runtime.block_on(store.head(&path)).map_err(of_store)?;
        Ok(Ranges {
            store,
            path,
            size: about.size,
            etag: about.e_tag,
            handle: runtime.clone(),
            failure: Failure::default(),
        })
    }
}

impl Opened<'_> {
    /// Whether the file changed since it was opened: what was read of it counts, and reading it once
    /// more brings the rest.
    pub fn has_changed(&self) -> bool {
        self.mark.as_ref().is_some_and(Mark::has_changed)
    }
}

impl Read for Opened<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

struct Counted<'p> {
    source: Box<dyn Read>,
    progress: Box<dyn Fn(u64) + 'p>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        (self.progress)(read as u64);
        Ok(read)
    }
}

/// An object of a store, as a reader.
struct Object {
    runtime: Handle,
    pieces: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    piece: bytes::Bytes,
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.pieces.next()) {
                Some(piece) => self.piece = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        let part = self.piece.split_to(length);
        if let Some(target) = buffer.get_mut(..length) {
            target.copy_from_slice(&part);
        }
        Ok(length)
    }
}
