//! The temporary file for rows that the memory does not hold.
//!
//! It has no name from the moment it is opened (on Unix), so that nothing stays behind however the
//! run ends. It holds redacted rows only.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file, made when it is first needed.
#[derive(Debug)]
pub(super) struct Spill {
    folder: PathBuf,
    file: Mutex<Option<File>>,
}

impl Spill {
    /// In that folder.
    pub(super) fn new(folder: &Path) -> Self {
        Spill {
            folder: folder.to_owned(),
            file: Mutex::new(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<File>> {
        // A file has no state that a panic elsewhere could leave half changed.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For appending; nobody else reads or writes meanwhile.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(super) fn writer(&self) -> io::Result<Writer<'_>> {
        let mut guard = self.lock();
        if guard.is_none() {
            *guard = Some(create(&self.folder)?);
        }
        let mut file = guard
            .as_ref()
            .map(File::try_clone)
            .transpose()?
            .ok_or(io::ErrorKind::NotFound)?;
        let position = file.seek(SeekFrom::End(0))?;
        Ok(Writer {
            _guard: guard,
            file: BufWriter::with_capacity(1 << 20, file),
            position,
        })
    }

    /// Reads so many bytes from there.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let mut guard = self.lock();
        let file = guard.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(bytes)
    }
}

fn create(folder: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..100 {
        let path = folder.join(format!(".pipetrail-{}-{attempt}", std::process::id()));
        match options.open(&path) {
            Ok(file) => {
                // Where an open file must keep its name, it is left for the system to tidy up.
                let _ = std::fs::remove_file(&path);
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Appends to the file.
pub(super) struct Writer<'s> {
    _guard: MutexGuard<'s, Option<File>>,
    file: BufWriter<File>,
    position: u64,
}

impl Writer<'_> {
    /// Where the next byte goes.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Appends.
    ///
    /// # Errors
    /// It cannot be written: the disk is full, for example.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Hands everything to the system.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }
}
