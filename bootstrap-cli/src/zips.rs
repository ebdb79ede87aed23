//! The Lambda zips on disk.

use std::path::{Path, PathBuf};

use pipetrail_stacksets::Zip;
use thiserror::Error;

/// The functions whose zips `apply` uploads, by the name of their file.
pub const FUNCTIONS: [&str; 3] = ["transform", "partition", "approval"];

/// A zip that cannot be read.
#[derive(Debug, Error)]
#[error("cannot read the Lambda zip {}", path.display())]
pub struct ZipError {
    path: PathBuf,
    source: std::io::Error,
}

impl ZipError {
    /// The next thing to try.
    pub fn hint(&self) -> &'static str {
        "build the zips with `.ci/lambda-zips`, or name their folder with --zips"
    }
}

/// Reads `<name>.zip` of every function from `folder`.
///
/// # Errors
/// One of them cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Zip>, ZipError> {
    let zips = FUNCTIONS.iter().map(|name| {
        let path = folder.join(format!("{name}.zip"));
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Zip {
                name: (*name).to_owned(),
                bytes,
            }),
            Err(source) => Err(ZipError { path, source }),
        }
    });
    zips.collect()
}
