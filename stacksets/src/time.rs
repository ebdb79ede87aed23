//! AWS's times as ours, and ours as text: RFC 3339 in UTC.

use aws_sdk_cloudformation::primitives::DateTime;
use jiff::Timestamp;
use serde::Serializer;

/// A time that AWS gave; one that is out of every range is none.
pub(crate) fn from_aws(time: Option<&DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

/// For `serialize_with`: RFC 3339 in UTC, or null.
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}
