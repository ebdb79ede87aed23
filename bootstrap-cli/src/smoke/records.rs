//! The records of evidence: of whom they are, and those that a run has to leave where they are.

use std::collections::BTreeSet;

use aws_sdk_s3::primitives::DateTimeFormat;
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
    /// The date from which it can go, UTC; `None` where S3 does not say it.
    pub retained_until: Option<String>,
}

/// The accounts that there are records or markers of, by their keys; what has another key is of nobody.
///
/// # Errors
/// A refused call.
pub(super) async fn accounts(ground: &Ground, bucket: &str) -> Result<BTreeSet<String>> {
    let keys = lake::keys(ground, bucket, "", None).await?;
    Ok(keys.iter().map(|key| account(key)).collect())
}

fn account(key: &str) -> String {
    let key = key.strip_prefix("alerted/").unwrap_or(key);
    let account = key.strip_prefix("account_id=").and_then(|rest| rest.split('/').next());
    account.unwrap_or("nobody").to_owned()
}

/// Every version that is in the bucket; none where there is no such bucket.
///
/// # Errors
/// A refused call.
pub(crate) async fn kept(ground: &Ground, bucket: &str) -> Result<Vec<Kept>> {
    let s3 = &ground.clients.s3;
    let mut kept = Vec::new();
    for (key, version) in versions(ground, bucket, "").await? {
        let head = s3
            .head_object()
            .bucket(bucket)
            .key(&key)
            .version_id(&version)
            .send()
            .await;
        let head = head.map_err(from_sdk(format!("ask what holds {key}")))?;
        let until = head.object_lock_retain_until_date();
        kept.push(Kept {
            bucket: bucket.to_owned(),
            retained_until: until.and_then(|until| until.fmt(DateTimeFormat::DateTime).ok()),
            key,
            version,
        });
    }
    Ok(kept)
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
        assert_eq!(account("holiday.jpg"), "nobody");
    }
}
