//! Where a lake is: a folder or a bucket, and the store that reads and writes it.
//!
//! The layout below is the cloud's own (`pipetrail_collector::layout`).

mod bucket;
mod error;
mod location;

use std::io::ErrorKind;
use std::sync::Arc;

use aws_config::SdkConfig;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;

pub use self::error::LakeError;
pub use self::location::Location;

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

    /// The path of a file by its key relative to the lake, as a listing gives it.
    ///
    /// # Errors
    /// No file can be called so.
    pub fn path(&self, key: &str) -> object_store::Result<Path> {
        match self.root.as_ref() {
            "" => Ok(Path::parse(key)?),
            root => Ok(Path::parse(format!("{root}/{key}"))?),
        }
    }

    /// What an object of the lake holds, by its key; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn object(&self, key: &str) -> Result<Option<Vec<u8>>, LakeError> {
        let read = async || self.store.get(&self.at(key)).await?.bytes().await;
        match read().await {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(LakeError::store(&self.location, cause)),
        }
    }

    /// Opens a lake, and makes its folder where there is none.
    ///
    /// # Errors
    /// The folder cannot be made; otherwise as [`Lake::open`].
    pub async fn create(location: &Location, config: impl AsyncFnOnce() -> SdkConfig) -> Result<Self, LakeError> {
        if let Location::Folder(path) = location {
            std::fs::create_dir_all(path).map_err(|cause| LakeError::Make {
                location: location.to_string(),
                cause,
            })?;
        }
        Self::open(location, config).await
    }

    /// A lake to compare with: an empty one where the folder does not exist, and none is made.
    ///
    /// # Errors
    /// As [`Lake::open`], but for a folder that is not there.
    pub async fn open_or_empty(
        location: &Location,
        config: impl AsyncFnOnce() -> SdkConfig,
    ) -> Result<Self, LakeError> {
        match Self::open(location, config).await {
            Err(LakeError::Open { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                Self::over(location, Arc::new(InMemory::new()), Path::default())
            }
            opened => opened,
        }
    }

    /// Opens a lake that exists. `config` is asked for only where it is a bucket.
    ///
    /// # Errors
    /// A folder or bucket that does not exist or cannot be listed; no credentials.
    pub async fn open(location: &Location, config: impl AsyncFnOnce() -> SdkConfig) -> Result<Self, LakeError> {
        let (store, root) = match location {
            Location::Folder(path) => {
                let path = std::fs::canonicalize(path).map_err(|cause| LakeError::open(location, cause))?;
                // A file in its place, or no permission.
                std::fs::read_dir(&path).map_err(|cause| LakeError::open(location, cause))?;
                let store = LocalFileSystem::new_with_prefix(&path);
                let store = store.map_err(|cause| LakeError::store(location, cause))?;
                (Arc::new(store) as Arc<dyn ObjectStore>, Path::default())
            }
            Location::Bucket { bucket, prefix } => {
                let root = Path::parse(prefix).map_err(|cause| LakeError::store(location, cause.into()))?;
                (bucket::open(location, bucket, &root, &config().await).await?, root)
            }
        };
        Self::over(location, store, root)
    }

    fn over(location: &Location, store: Arc<dyn ObjectStore>, root: Path) -> Result<Self, LakeError> {
        let host = match location {
            Location::Folder(_) => "lake://local/".to_owned(),
            Location::Bucket { bucket, .. } => format!("s3://{bucket}/"),
        };
        let url = Url::parse(&host).map_err(|error| LakeError::open(location, std::io::Error::other(error)))?;
        Ok(Lake {
            location: location.clone(),
            store,
            root,
            url,
        })
    }
}
