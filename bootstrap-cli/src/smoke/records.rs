//! The records of evidence: of whom they are, and those that a run has to leave in their bucket.

use std::collections::BTreeSet;

use std::time::SystemTime;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use pipetrail_stacksets::from_sdk;
use serde::Serialize;

use super::ground::Ground;
use super::lake;
use crate::failure::Result;

/// A version that Object Lock holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Kept {
    pub bucket: String,
    pub key: String,
    pub version: String,
    /// The date from which it can go, UTC.
    pub retained_until: String,
}

/// What a bucket holds after S3 was asked to delete it.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    pub(super) locked: Vec<Kept>,
    /// Keys of versions that S3 does not delete although no retention is to be seen.
    pub(super) refused: Vec<String>,
}

/// The accounts that there are records or markers of, by their keys; what has another key is of nobody.
///
/// # Errors
/// A refused call.
pub(super) async fn accounts(ground: &Ground, bucket: &str) -> Result<BTreeSet<String>> {
    let keys = lake::keys(ground, bucket, "", None).await?;
    Ok(keys.iter().map(|key| account(key)).collect())
}

pub(super) fn account(key: &str) -> String {
    let folders = ["alerted/", "gate_changes/"];
    let key = folders
        .iter()
        .find_map(|folder| key.strip_prefix(folder))
        .unwrap_or(key);
    let account = key.strip_prefix("account_id=").and_then(|rest| rest.split('/').next());
    account.unwrap_or("nobody").to_owned()
}

/// Every version that is in the bucket; nothing where there is no such bucket.
///
/// # Errors
/// A refused call.
pub(super) async fn remaining(ground: &Ground, bucket: &str) -> Result<Remaining> {
    let s3 = &ground.clients.s3;
    let now = DateTime::from(SystemTime::now());
    let mut remaining = Remaining::default();
    for (key, version) in versions(ground, bucket, "").await? {
        let head = s3
            .head_object()
            .bucket(bucket)
            .key(&key)
            .version_id(&version)
            .send()
            .await;
        let head = head.map_err(from_sdk(format!("ask what holds {key}")))?;
        // A date that is over holds nothing: a legal hold may, or the caller lacks the permission.
        let until = head.object_lock_retain_until_date().filter(|until| **until > now);
        match until.and_then(|until| until.fmt(DateTimeFormat::DateTime).ok()) {
            Some(retained_until) => remaining.locked.push(Kept {
                bucket: bucket.to_owned(),
                key,
                version,
                retained_until,
            }),
            None => remaining.refused.push(key),
        }
    }
    Ok(remaining)
}

/// Keys and ids of the versions below a prefix, delete markers left out; none where there is no such bucket.
///
/// # Errors
/// A refused call.
pub(super) async fn versions(ground: &Ground, bucket: &str, prefix: &str) -> Result<Vec<(String, String)>> {
    let list = ground.clients.s3.list_object_versions().bucket(bucket).prefix(prefix);
    let list = list.expected_bucket_owner(ground.account().as_str());
    let (mut found, mut key, mut id) = (Vec::new(), None, None);
    loop {
        let page = list.clone().set_key_marker(key).set_version_id_marker(id).send().await;
        let page = match page.map_err(from_sdk(format!("list the versions in bucket {bucket}"))) {
            Err(error) if error.code() == Some("NoSuchBucket") => return Ok(found),
            page => page?,
        };
        let versions = page.versions().iter();
        found.extend(versions.filter_map(|version| {
            Some((
                version.key()?.to_owned(),
                version.version_id().unwrap_or("null").to_owned(),
            ))
        }));
        if page.is_truncated() != Some(true) {
            return Ok(found);
        }
        (key, id) = (page.next_key_marker, page.next_version_id_marker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_markers_say_whose_they_are() {
        assert_eq!(
            account("account_id=111122223333/web/2026/11/30/Gate_x.txt"),
            "111122223333"
        );
        assert_eq!(account("alerted/account_id=000000000000/k"), "000000000000");
        assert_eq!(
            account("gate_changes/account_id=111122223333/web/2026/11/30/UpdatePipeline_x.txt"),
            "111122223333"
        );
        assert_eq!(account("holiday.jpg"), "nobody");
    }
}
