//! AWS's times as ours, and ours for AWS.

use aws_sdk_cloudformation::primitives::DateTime;
use jiff::Timestamp;

/// A time that AWS gave; one that is out of every range is none.
pub(crate) fn from_aws(time: Option<&DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

/// One of ours for AWS, in whole seconds.
pub(crate) fn to_aws(time: Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
}
