//! Where a lake is: a folder or a bucket, and the store that reads and writes it.
//!
//! The layout below is the cloud's own (`pipetrail_collector::layout`).

mod bucket;
mod error;

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use url::Url;

pub use self::error::LakeError;
use crate::cli::Global;

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
        const EXPECTED: &str = "expected a folder or s3://bucket/prefix";
        let Some(rest) = text.strip_prefix("s3://") else {
            // Another scheme is a slip, not a folder's name.
            return match text.contains("://") || text.is_empty() {
                true => Err(EXPECTED),
                false => Ok(Location::Folder(text.into())),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(is_name) {
            return Err(EXPECTED);
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
            std::fs::create_dir_all(path).map_err(|cause| LakeError::Make {
                location: location.to_string(),
                cause,
            })?;
        }
        Self::open(location, global).await
    }

    /// A lake to compare with: an empty one where the folder does not exist, and none is made.
    ///
    /// # Errors
    /// As [`Lake::open`], but for a folder that is not there.
    pub async fn open_or_empty(location: &Location, global: &Global) -> Result<Self, LakeError> {
        match Self::open(location, global).await {
            Err(LakeError::Open { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                Self::over(location, Arc::new(InMemory::new()), Path::default())
            }
            opened => opened,
        }
    }

    /// Opens a lake that exists.
    ///
    /// # Errors
    /// A folder or bucket that does not exist or cannot be listed; no credentials.
    pub async fn open(location: &Location, global: &Global) -> Result<Self, LakeError> {
        let (store, root) = match location {
            Location::Folder(path) => {
                let of_io = |cause| LakeError::Open {
                    location: location.to_string(),
                    cause,
                };
                let path = std::fs::canonicalize(path).map_err(of_io)?;
                // A file in its place, or no permission.
                std::fs::read_dir(&path).map_err(of_io)?;
                let store =
                    LocalFileSystem::new_with_prefix(&path).map_err(|cause| LakeError::store(location, cause))?;
                (Arc::new(store) as Arc<dyn ObjectStore>, Path::default())
            }
            Location::Bucket { bucket, prefix } => {
                let root = Path::parse(prefix).map_err(|cause| LakeError::store(location, cause.into()))?;
                (bucket::open(location, bucket, &root, global).await?, root)
            }
        };
        Self::over(location, store, root)
    }

    fn over(location: &Location, store: Arc<dyn ObjectStore>, root: Path) -> Result<Self, LakeError> {
        let host = match location {
            Location::Folder(_) => "lake://local/".to_owned(),
            Location::Bucket { bucket, .. } => format!("s3://{bucket}/"),
        };
        let url = Url::parse(&host).map_err(|error| LakeError::Open {
            location: location.to_string(),
            cause: std::io::Error::other(error),
        })?;
        Ok(Lake {
            location: location.clone(),
            store,
            root,
            url,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_bucket_and_is_printed_as_it_was_named() {
        for place in ["lake", "/a/b c", "s3://bucket", "s3://bucket/a/b"] {
            assert_eq!(place.parse::<Location>().unwrap().to_string(), place);
        }
        let slashes: Location = "s3://bucket/a/".parse().unwrap();
        assert_eq!(slashes.to_string(), "s3://bucket/a");
        for wrong in [
            "",
            "s3://",
            "s3:///a",
            "s3://a b/c",
            "gs://bucket",
            "https://example.com/lake",
        ] {
            assert!(wrong.parse::<Location>().is_err(), "{wrong}");
        }
    }
}
