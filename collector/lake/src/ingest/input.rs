//! What `ingest` is given: files, folders, patterns, buckets and standard input, each opened and
//! unpacked as it is read.

mod find;
mod open;
mod unpack;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use thiserror::Error;

pub use find::{Inputs, find, find_in_bucket};

/// One input.
#[derive(Clone, Debug)]
pub struct Input {
    /// As messages name it.
    pub name: String,
    /// Its bytes as it lies there, if that is known before it is read.
    pub size: Option<u64>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Stdin,
    Object { store: Arc<dyn ObjectStore>, key: Path },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Stdin => f.write_str("standard input"),
            Source::Object { key, .. } => write!(f, "{key}"),
        }
    }
}

impl Input {
    /// Standard input.
    pub fn stdin() -> Self {
        Self {
            name: "standard input".to_owned(),
            size: None,
            source: Source::Stdin,
        }
    }

    /// Whether its name is that of a Parquet file.
    pub fn is_parquet(&self) -> bool {
        match &self.source {
            Source::File(path) => is_parquet(path),
            Source::Stdin => false,
            Source::Object { key, .. } => is_parquet(std::path::Path::new(key.as_ref())),
        }
    }

    /// Whether it is that file, by whatever names.
    pub fn is(&self, path: &std::path::Path) -> bool {
        let about = match &self.source {
            Source::File(path) => fs::metadata(path),
            Source::Stdin => io::stdin()
                .as_fd()
                .try_clone_to_owned()
                .and_then(|input| fs::File::from(input).metadata()),
            Source::Object { .. } => return false,
        };
        let (Ok(about), Ok(other)) = (about, fs::metadata(path)) else {
            return false;
        };
        other.is_file() && (about.dev(), about.ino()) == (other.dev(), other.ino())
    }
}

/// Whether a name is that of a Parquet file.
fn is_parquet(path: &std::path::Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

/// Why something given cannot be read. One of these stops none of the others.
#[derive(Debug, Error)]
pub enum InputError {
    /// Not there.
    #[error("cannot find {0}")]
    NotFound(String),
    /// A pattern without a match.
    #[error("nothing matches {0}")]
    NoMatch(String),
    /// No pattern.
    #[error("cannot read {pattern} as a pattern: {cause}")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// What is wrong with it.
        cause: glob::PatternError,
    },
    /// A folder or prefix without a file to read.
    #[error("no event files below {0}")]
    NoFiles(String),
    /// A socket, a device or the like.
    #[error("cannot read {name}: it is {what}")]
    Special {
        /// Its path.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// The system refuses.
    #[error("cannot read {name}: {cause}")]
    Io {
        /// Its path.
        name: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The store refuses.
    #[error("cannot read {name}: {cause}")]
    Store {
        /// `s3://…`
        name: String,
        /// What the store says.
        cause: object_store::Error,
    },
}

impl InputError {
    /// The next thing to try.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            InputError::NotFound(_) => None,
            InputError::NoMatch(_) | InputError::Pattern { .. } => {
                Some("in quotes, `*`, `**`, `?` and `[…]` are pipetrail's own patterns")
            }
            InputError::NoFiles(_) => Some(
                "of a folder, files ending in .json, .jsonl, .ndjson, .log or .txt and those without an extension are \
                 read, compressed (.gz, .zst) or not; name others one by one",
            ),
            InputError::Special { .. } => Some("pipe it in, and give `-` for standard input"),
            InputError::Io { cause, .. } if cause.kind() == std::io::ErrorKind::NotFound => {
                Some("it is a link that leads nowhere, or was removed meanwhile")
            }
            InputError::Io { .. } => Some("check who may read it; what could be read was"),
            InputError::Store { .. } => None,
        }
    }
}
