//! The temporary file for rows that the memory does not hold.
//!
//! It has no name from the moment it is opened (on Unix), so that nothing stays behind however the
//! run ends. It holds redacted rows only, in runs: partition by partition, each behind its head.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file, made when it is first needed.
#[derive(Debug)]
pub(crate) struct Spill {
    folder: PathBuf,
    file: Mutex<Option<File>>,
}

impl Spill {
    /// In that folder.
    pub(crate) fn new(folder: &Path) -> Self {
        Spill {
            folder: folder.to_owned(),
            file: Mutex::new(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<File>> {
        // A file has no state that a panic elsewhere could leave half changed.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For appending a run; nobody else reads or writes meanwhile.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(crate) fn writer(&self) -> io::Result<Writer<'_>> {
        let mut guard = self.lock();
        if guard.is_none() {
            *guard = Some(create(&self.folder)?);
        }
        let mut file = guard
            .as_ref()
            .map(File::try_clone)
            .transpose()?
            .ok_or(io::ErrorKind::NotFound)?;
        let begin = file.seek(SeekFrom::End(0))?;
        Ok(Writer {
            _guard: guard,
            file: BufWriter::with_capacity(1 << 20, file),
            run: Run { begin, end: begin },
        })
    }

    /// The partition that stands first in a run: its prefix and its rows. The run begins behind them then.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn next(&self, run: &mut Run) -> io::Result<Option<(String, Segment)>> {
        if run.begin >= run.end {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.read(run.begin, &mut head)?;
        let [low, high, counts @ ..] = head;
        let [rows, bytes] = counts.as_chunks::<8>().0 else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let mut prefix = vec![0; usize::from(u16::from_le_bytes([low, high]))];
        let begin = run.begin + HEAD as u64;
        self.read(begin, &mut prefix)?;
        let segment = Segment {
            offset: begin + prefix.len() as u64,
            bytes: u64::from_le_bytes(*bytes),
            rows: u64::from_le_bytes(*rows),
        };
        run.begin = segment.offset + segment.bytes;
        let prefix = String::from_utf8(prefix).map_err(io::Error::other)?;
        Ok(Some((prefix, segment)))
    }

    /// Reads so many bytes from there.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) fn read(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
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

/// Rows that went to the file together: from where to where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    begin: u64,
    end: u64,
}

/// Rows of one partition that lie one after the other in the file, each behind its length (four bytes).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    /// Where they begin.
    pub offset: u64,
    /// How many bytes they are.
    pub bytes: u64,
    /// How many rows.
    #[cfg_attr(
        not(feature = "ingest"),
        expect(dead_code, reason = "ingest alone counts them before it reads")
    )]
    pub rows: u64,
}

/// Bytes before a partition's prefix and rows: the prefix's length, the number of rows, their bytes.
const HEAD: usize = 2 + 8 + 8;

/// Appends a run.
pub(crate) struct Writer<'s> {
    _guard: MutexGuard<'s, Option<File>>,
    file: BufWriter<File>,
    run: Run,
}

impl Writer<'_> {
    /// Appends the rows of a partition; partitions come in the order of their prefixes.
    ///
    /// # Errors
    /// They cannot be written: the disk is full, for example.
    pub(crate) fn partition<'r>(
        &mut self,
        prefix: &str,
        rows: impl ExactSizeIterator<Item = &'r [u8]> + Clone,
    ) -> io::Result<()> {
        let bytes: u64 = rows.clone().map(|row| 4 + row.len() as u64).sum();
        let length = u16::try_from(prefix.len()).map_err(io::Error::other)?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(&(rows.len() as u64).to_le_bytes())?;
        self.file.write_all(&bytes.to_le_bytes())?;
        self.file.write_all(prefix.as_bytes())?;
        for row in rows {
            let length = u32::try_from(row.len()).map_err(io::Error::other)?;
            self.file.write_all(&length.to_le_bytes())?;
            self.file.write_all(row)?;
        }
        self.run.end += HEAD as u64 + prefix.len() as u64 + bytes;
        Ok(())
    }

    /// Hands everything to the system.
    ///
    /// # Errors
    /// As [`Writer::partition`].
    pub(crate) fn finish(mut self) -> io::Result<Run> {
        self.file.flush()?;
        Ok(self.run)
    }
}
