//! The list of members, as it lies in the lake's bucket.

use aws_sdk_s3::Client;
use pipetrail_member::Roster;
use pipetrail_names::audit::ROSTER_KEY;
use pipetrail_names::{AccountId, chain};
use pipetrail_stacksets::from_sdk;

use crate::failure::{Problem, Result};

/// What lies in the bucket.
pub(crate) enum Found {
    /// There is no bucket.
    NoLake,
    /// There is no list yet.
    NoList,
    /// The object, and the tag by which it is replaced.
    There(Vec<u8>, Option<String>),
}

/// Looks for it.
///
/// # Errors
/// A refused call.
pub(crate) async fn fetch(s3: &Client, bucket: &str, owner: &AccountId) -> Result<Found> {
    let get = s3.get_object().bucket(bucket).key(ROSTER_KEY);
    let got = get.expected_bucket_owner(owner.as_str()).send().await;
    let found = match got.map_err(from_sdk(format!("read s3://{bucket}/{ROSTER_KEY}"))) {
        Ok(found) => found,
        Err(error) if error.code() == Some("NoSuchBucket") => return Ok(Found::NoLake),
        Err(error) if error.code() == Some("NoSuchKey") => return Ok(Found::NoList),
        Err(error) => return Err(error.into()),
    };
    let etag = found.e_tag().map(str::to_owned);
    let bytes = found.body.collect().await.map_err(|error| {
        let why = chain(&error);
        Problem::new(format!("cannot read s3://{bucket}/{ROSTER_KEY}: {why}"))
    })?;
    Ok(Found::There(bytes.to_vec(), etag))
}

/// Reads it.
///
/// # Errors
/// Why there is none to go by, in words.
pub(crate) async fn read(s3: &Client, bucket: &str, owner: &AccountId) -> Result<Roster, String> {
    let place = format!("s3://{bucket}/{ROSTER_KEY}");
    match fetch(s3, bucket, owner).await {
        Ok(Found::There(bytes, _)) => {
            Roster::parse(&bytes).map_err(|error| format!("cannot use {place}: {}", chain(&error)))
        }
        Ok(Found::NoLake | Found::NoList) => Err(format!("there is no {place}")),
        Err(error) => Err(error.to_string()),
    }
}
