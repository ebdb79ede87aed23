//! Identifiers in the shapes that AWS uses.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

static COUNTER: AtomicU64 = AtomicU64::new(0);

#[must_use]
pub fn uuid() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    uuid_of(&format!("{now} {count} {}", std::process::id()))
}

/// The UUID of a seed: the same seed always gives the same one.
#[must_use]
pub fn uuid_of(seed: &str) -> String {
    let mut bytes = Sha256::digest(seed).to_vec();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(&bytes[..16]);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// A part of an ARN: 2 service, 3 Region, 4 account, 5 resource.
#[must_use]
pub fn arn_part(arn: &str, part: usize) -> &str {
    arn.splitn(6, ':').nth(part).unwrap_or_default()
}

/// What stands behind the last `/` or `:` of an ARN.
#[must_use]
pub fn arn_name(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or_default()
}
