//! Where a lake is: a folder or a bucket, and the store that reads and writes it.
//!
//! The layout below is the cloud's own (`pipetrail_collector::layout`).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use thiserror::Error;
use url::Url;

use crate::cli::Global;
use crate::exit::Exit;

/// Where a lake is, as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder.
    Folder(PathBuf),
    /// A bucket and a prefix below it (without slashes at its ends; empty for the bucket itself).
    Bucket { bucket: String, prefix: String },
}

impl FromStr for Location {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text {
                "" => Err("expected a folder or s3://bucket/prefix"),
                _ => Ok(Location::Folder(text.into())),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err("expected a folder or s3://bucket/prefix");
        }
        Ok(Location::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Folder(path) => write!(f, "{}", path.display()),
            Location::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Location::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// A lake that can be read and written.
#[derive(Clone, Debug)]
pub struct Lake {
    /// Where it is.
    pub location: Location,
    /// The store. Its keys begin with [`Lake::root`].
    pub store: Arc<dyn ObjectStore>,
    /// What stands before `<table>/…` in every key.
    pub root: Path,
    /// The store's name for DataFusion.
    pub url: Url,
}

/// A lake that cannot be opened.
#[derive(Debug, Error)]
pub enum LakeError {
    /// There is no such folder, or it cannot be read.
    #[error("cannot open lake {location}: {cause}")]
    Open {
        /// As the command line named it.
        location: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The store refuses.
    #[error("cannot use lake {location}: {cause}")]
    Store {
        /// As the command line named it.
        location: String,
        /// What the store says.
        cause: object_store::Error,
    },
}

impl LakeError {
    /// Wrong usage where there is no such folder.
    pub fn exit(&self) -> Exit {
        match self {
            LakeError::Open { .. } => Exit::Usage,
            LakeError::Store { .. } => Exit::Failed,
        }
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        match self {
            LakeError::Open { location, .. } => Some(format!("`pipetrail ingest <PATHS> --lake {location}` makes one")),
            LakeError::Store { .. } => None,
        }
    }
}

impl Lake {
    /// The path of a place in the lake, such as a partition's prefix.
    pub fn at(&self, place: &str) -> Path {
        let mut path = self.root.clone();
        path.extend(place.split('/').filter(|part| !part.is_empty()));
        path
    }

    /// Opens a lake, and makes its folder where there is none.
    ///
    /// # Errors
    /// The folder cannot be made; otherwise as [`Lake::open`].
    pub async fn create(location: &Location, global: &Global) -> Result<Self, LakeError> {
        if let Location::Folder(path) = location {
            std::fs::create_dir_all(path).map_err(|cause| LakeError::Open {
                location: location.to_string(),
                cause,
            })?;
        }
        Self::open(location, global).await
    }

    /// Opens a lake that exists.
    ///
    /// # Errors
    /// A folder that does not exist; a bucket without credentials.
    pub async fn open(location: &Location, _global: &Global) -> Result<Self, LakeError> {
        let of_io = |cause| LakeError::Open {
            location: location.to_string(),
            cause,
        };
        match location {
            Location::Folder(path) => {
                let path = std::fs::canonicalize(path).map_err(of_io)?;
                let of_store = |cause| LakeError::Store {
                    location: location.to_string(),
                    cause,
                };
                let store = LocalFileSystem::new_with_prefix(&path).map_err(of_store)?;
                let url = Url::parse("lake://local/").map_err(|error| of_io(std::io::Error::other(error)))?;
                Ok(Lake {
                    location: location.clone(),
                    store: Arc::new(store),
                    root: Path::default(),
                    url,
                })
            }
            Location::Bucket { .. } => Err(of_io(std::io::Error::other("not built yet"))),
        }
    }
}
