//! Emptying the bucket of evidence: what is under retention or legal hold is not even tried, whatever
//! the caller might do (GOVERNANCE is never bypassed), and what S3 refuses stays as well.

use std::time::SystemTime;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types::ObjectLockLegalHoldStatus;
use tokio::task::JoinSet;

use super::bucket::{Bucket, Next, TOLD_EVERY, Version};
use crate::error::{Error, Fault, from_sdk, unless_refused};
use crate::journal::Written;
use crate::pause::Tell;

/// How many records are asked about at a time.
const AT_A_TIME: usize = 32;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// How many versions.
    pub(super) records: u64,
    /// Their size.
    pub(super) bytes: u64,
    /// The latest retain-until date of those under retention.
    pub(super) until: Option<DateTime>,
    /// How many of them are under legal hold.
    pub(super) held: u64,
    /// How many S3 refused to delete although nothing seemed to hold them.
    pub(super) refused: u64,
}

impl Kept {
    fn add(&mut self, version: &Version) {
        self.records += 1;
        self.bytes += version.bytes;
    }

    /// The latest date, `2033-11-21T13:00:00Z`.
    pub(super) fn until(&self) -> Option<String> {
        self.until.and_then(|until| until.fmt(DateTimeFormat::DateTime).ok())
    }

    /// Why they stay.
    pub(super) fn why(&self) -> String {
        let mut why = Vec::new();
        if self.until.is_some() {
            why.push("evidence under retention is not deleted before its date".to_owned());
        }
        if self.held > 0 {
            let held = self.held;
            why.push(format!("{held} are under legal hold, which somebody has to lift"));
        }
        if self.refused > 0 {
            why.push(format!(
                "S3 refused to delete {}: retention that the caller may not see, or no permission",
                self.refused
            ));
        }
        why.join("; ")
    }
}

/// What holds a version.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Lock {
    until: Option<DateTime>,
    held: bool,
}

impl Lock {
    pub(super) fn of(head: &HeadObjectOutput) -> Self {
        Lock {
            until: head.object_lock_retain_until_date().copied(),
            held: head.object_lock_legal_hold_status() == Some(&ObjectLockLegalHoldStatus::On),
        }
    }

    /// Whether it holds at that time.
    pub(super) fn holds(&self, now: DateTime) -> bool {
        self.held || self.ahead(now).is_some()
    }

    /// Its date, unless it is over: under legal hold it may be.
    pub(super) fn ahead(&self, now: DateTime) -> Option<DateTime> {
        self.until.filter(|until| *until > now)
    }
}

/// Deletes what nothing holds; gives what stays.
pub(super) async fn empty(bucket: Bucket<'_>, written: &Written, tell: Tell<'_>) -> Result<Kept, Error> {
    let now = DateTime::from(SystemTime::now());
    let (mut kept, mut deleted, mut told, mut left) = (Kept::default(), 0, 0, Vec::new());
    let mut next = Some(Next::default());
    while let Some(from) = next {
        let Some(page) = bucket.page(from).await? else {
            return Ok(Kept::default());
        };
        let mut free = Vec::new();
        for chunk in page.versions.chunks(AT_A_TIME) {
            for (version, lock) in locks(bucket, chunk).await? {
                if lock.holds(now) {
                    kept.add(&version);
                    kept.held += u64::from(lock.held);
                    kept.until = kept.until.max(lock.ahead(now));
                } else {
                    free.push(version);
                }
            }
        }
        let refused = bucket.delete(&free, written).await?;
        deleted += free.len().saturating_sub(refused.len());
        for (version, code) in refused {
            // Without the permission to see retention, the refusal is all there is to see.
            if code == "AccessDenied" {
                kept.add(&version);
                kept.refused += 1;
            } else {
                left.push((version, code));
            }
        }
        told += page.versions.len();
        if told >= TOLD_EVERY {
            told = 0;
            tell(&format!("{deleted} object versions deleted, {} stay", kept.records));
        }
        next = page.next;
    }
    if left.is_empty() {
        Ok(kept)
    } else {
        Err(bucket.objects_left(&left))
    }
}

/// What holds each version; one that is gone meanwhile is left out. Delete markers cannot be held.
async fn locks(bucket: Bucket<'_>, versions: &[Version]) -> Result<Vec<(Version, Lock)>, Error> {
    let free = Lock::default();
    let markers = versions.iter().filter(|version| version.is_marker);
    let mut found: Vec<(Version, Lock)> = markers.map(|version| (version.clone(), free)).collect();
    let mut asked = JoinSet::new();
    for version in versions.iter().filter(|version| !version.is_marker).cloned() {
        let head = bucket
            .client
            .head_object()
            .bucket(bucket.name)
            .expected_bucket_owner(bucket.owner.as_str())
            .key(&version.key)
            .version_id(&version.id);
        asked.spawn(async move { (head.send().await, version) });
    }
    while let Some(joined) = asked.join_next().await {
        let action = "ask what holds a record of the evidence";
        let (head, version) = joined.map_err(|error| Error::Aws {
            action: action.to_owned(),
            fault: Fault::Unanswered(error.into()),
        })?;
        let head = unless_refused("NotFound", head.map_err(from_sdk(action)))?;
        found.extend(head.map(|head| (version, Lock::of(&head))));
    }
    Ok(found)
}
