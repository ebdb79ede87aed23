//! Counting, emptying and deleting a bucket, all versions of all objects. Every call names the owner:
//! bucket names are global, and one that was deleted may be somebody else's by now.

use std::fmt;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use pipetrail_names::AccountId;
use serde::Serialize;

use crate::error::{Error, from_sdk, unless_refused};
use crate::journal::Written;
use crate::pause::{Pause, Tell};

/// How often a bucket is gone through: somebody may write while it is emptied, and S3 may ask to slow
/// down for single objects.
const PASSES: u32 = 4;

/// After how many object versions a count is told again.
pub(super) const TOLD_EVERY: usize = 10_000;

/// What a bucket holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// Object versions and delete markers.
    pub versions: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contents { versions, bytes, more } = self;
        let least = if *more { "more than " } else { "" };
        write!(f, "{least}{versions} object versions ({least}{bytes} bytes)")
    }
}

#[derive(Clone, Copy)]
pub(super) struct Bucket<'a> {
    pub(super) client: &'a Client,
    pub(super) name: &'a str,
    pub(super) owner: &'a AccountId,
}

/// A version or delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) key: String,
    pub(super) id: String,
    pub(super) bytes: u64,
    pub(super) is_marker: bool,
}

/// One page of versions, and where the next one begins.
pub(super) struct Page {
    pub(super) versions: Vec<Version>,
    pub(super) next: Option<Next>,
}

/// Where a page begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Next {
    key: Option<String>,
    id: Option<String>,
}

/// What a bucket holds, counted up to so many pages; `None` when there is no such bucket.
pub(super) async fn count(
    client: &Client,
    name: &str,
    owner: &AccountId,
    pages: u32,
) -> Result<Option<Contents>, Error> {
    let bucket = Bucket { client, name, owner };
    let mut contents = Contents::default();
    let mut next = Next::default();
    for _ in 0..pages {
        let Some(page) = bucket.page(next).await? else {
            return Ok(None);
        };
        for version in &page.versions {
            contents.versions += 1;
            contents.bytes += version.bytes;
        }
        match page.next {
            Some(following) => next = following,
            None => return Ok(Some(contents)),
        }
    }
    contents.more = true;
    Ok(Some(contents))
}

impl Bucket<'_> {
    /// A page of at most 1,000 versions and delete markers; it may be empty and not be the last.
    /// `None` when there is no such bucket.
    pub(super) async fn page(&self, from: Next) -> Result<Option<Page>, Error> {
        let list = self
            .client
            .list_object_versions()
            .bucket(self.name)
            .expected_bucket_owner(self.owner.as_str())
            .set_key_marker(from.key)
            .set_version_id_marker(from.id);
        let page = list.send().await;
        let page = page.map_err(from_sdk(format!("list the versions in bucket {}", self.name)));
        let Some(page) = unless_refused("NoSuchBucket", page)? else {
            return Ok(None);
        };
        let version = |key: Option<&str>, id: Option<&str>, size: Option<i64>, is_marker: bool| {
            Some(Version {
                key: key?.to_owned(),
                id: id.unwrap_or("null").to_owned(),
                bytes: size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                is_marker,
            })
        };
        let objects = page.versions().iter();
        let objects = objects.filter_map(|it| version(it.key(), it.version_id(), it.size(), false));
        let markers = page.delete_markers().iter();
        let markers = markers.filter_map(|it| version(it.key(), it.version_id(), None, true));
        let versions = objects.chain(markers).collect();
        let next = page.is_truncated().unwrap_or_default().then(|| Next {
            key: page.next_key_marker,
            id: page.next_version_id_marker.filter(|id| !id.is_empty()),
        });
        Ok(Some(Page { versions, next }))
    }

    /// Deletes versions, 1,000 a call at most; gives those that S3 refused, with its code.
    pub(super) async fn delete(
        &self,
        versions: &[Version],
        written: &Written,
    ) -> Result<Vec<(Version, String)>, Error> {
        let mut refused = Vec::new();
        for chunk in versions.chunks(1_000) {
            let action = || from_sdk(format!("delete objects of bucket {}", self.name));
            let mut delete = Delete::builder().quiet(true);
            for version in chunk {
                let object = ObjectIdentifier::builder().key(&version.key).version_id(&version.id);
                delete = delete.objects(object.build().map_err(|error| action()(error.into()))?);
            }
            let delete = delete.build().map_err(|error| action()(error.into()))?;
            let deleted = self
                .client
                .delete_objects()
                .bucket(self.name)
                .expected_bucket_owner(self.owner.as_str())
                .delete(delete)
                .send()
                .await;
            let deleted = written.note(deleted.map_err(action()))?;
            for error in deleted.errors() {
                let is_it = |version: &&Version| {
                    error.key() == Some(&version.key) && error.version_id().is_none_or(|id| id == version.id)
                };
                let code = error.code().unwrap_or("without a code").to_owned();
                // One that names nothing of ours is no success either.
                let unnamed = || Version {
                    key: error.key().unwrap_or_default().to_owned(),
                    id: error.version_id().unwrap_or_default().to_owned(),
                    bytes: 0,
                    is_marker: false,
                };
                let version = chunk.iter().find(is_it).cloned();
                refused.push((version.unwrap_or_else(unnamed), code));
            }
        }
        Ok(refused)
    }

    /// Deletes all versions of all objects.
    pub(super) async fn empty(&self, written: &Written, tell: Tell<'_>) -> Result<(), Error> {
        let (mut deleted, mut told, mut left) = (0_usize, 0, Vec::new());
        let mut pause = Pause::default();
        for _ in 0..PASSES {
            left.clear();
            let mut next = Some(Next::default());
            while let Some(from) = next {
                let Some(page) = self.page(from).await? else {
                    return Ok(());
                };
                let refused = self.delete(&page.versions, written).await?;
                deleted += page.versions.len().saturating_sub(refused.len());
                told += page.versions.len();
                if told >= TOLD_EVERY {
                    told = 0;
                    tell(&format!("{deleted} object versions deleted"));
                }
                left.extend(refused);
                next = page.next;
            }
            if left.is_empty() {
                return Ok(());
            }
            pause.sleep().await;
        }
        Err(self.objects_left(&left))
    }

    /// Deletes the bucket, which is empty or nearly so.
    pub(super) async fn remove(&self, written: &Written, tell: Tell<'_>) -> Result<(), Error> {
        let mut pass = 1;
        loop {
            let call = self.client.delete_bucket().bucket(self.name);
            let deleted = call.expected_bucket_owner(self.owner.as_str()).send().await;
            let deleted = deleted.map_err(from_sdk(format!("delete bucket {}", self.name)));
            match written.note(deleted) {
                Err(error) if error.code() == Some("BucketNotEmpty") && pass < PASSES => {
                    pass += 1;
                    self.empty(written, tell).await?;
                }
                deleted => return unless_refused("NoSuchBucket", deleted).map(|_| ()),
            }
        }
    }

    pub(super) fn objects_left(&self, left: &[(Version, String)]) -> Error {
        Error::ObjectsLeft {
            bucket: self.name.to_owned(),
            count: left.len(),
            code: left.first().map(|(_, code)| code.clone()).unwrap_or_default(),
        }
    }
}
