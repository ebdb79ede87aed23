//! Records that became no row, kept so that none is lost.
//!
//! One JSON object a line. The bytes are the original ones, not redacted, so only the file's owner may
//! read it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::error::IngestError;
use super::read::Position;

/// Most bytes of a record that are kept.
const LIMIT: usize = 1 << 20;

/// A record that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Reject<'r> {
    /// The file it came from.
    pub file: &'r str,
    /// Where it begins there.
    pub place: Position,
    /// Why.
    pub reason: &'r str,
    /// What it was, or the beginning of it.
    pub data: &'r [u8],
    /// How many bytes it has.
    pub bytes: u64,
}

/// One line of the file.
#[derive(Serialize)]
struct Line<'r> {
    file: &'r str,
    #[serde(flatten)]
    place: Position,
    reason: &'r str,
    /// More than `data` holds where the record was cut.
    bytes: u64,
    /// Base64.
    data: String,
}

/// The reject file, made when the first record is refused.
#[derive(Debug)]
pub struct Rejects {
    /// `None` keeps nothing.
    path: Option<PathBuf>,
    file: Mutex<Option<BufWriter<File>>>,
}

impl Rejects {
    /// At that path; `None` keeps nothing.
    pub fn at(path: Option<PathBuf>) -> Self {
        Rejects {
            path,
            file: Mutex::new(None),
        }
    }

    /// Keeps a record.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&self, reject: &Reject<'_>) -> Result<(), IngestError> {
        let Some(path) = &self.path else { return Ok(()) };
        let line = Line {
            file: reject.file,
            place: reject.place,
            reason: reject.reason,
            bytes: reject.bytes,
            data: base64_simd::STANDARD.encode_to_string(reject.data.get(..LIMIT).unwrap_or(reject.data)),
        };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keep = || -> io::Result<()> {
            let file = match &mut *file {
                Some(file) => file,
                none => none.insert(BufWriter::new(create(path)?)),
            };
            serde_json::to_writer(&mut *file, &line)?;
            file.write_all(b"\n")
        };
        keep().map_err(|cause| failed(path, cause))
    }

    /// Where the refused records are, if there are any.
    ///
    /// # Errors
    /// The last of them cannot be written.
    pub fn finish(self) -> Result<Option<PathBuf>, IngestError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(path), Some(mut file)) = (&self.path, file) else {
            return Ok(None);
        };
        file.flush().map_err(|cause| failed(path, cause))?;
        Ok(Some(path.clone()))
    }
}

fn failed(path: &Path, cause: io::Error) -> IngestError {
    IngestError::Rejects {
        file: path.to_owned(),
        cause,
    }
}

fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // A file that was there may have been open to others; a device is theirs too.
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}
