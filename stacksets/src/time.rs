//! AWS's times as ours, and ours as text: RFC 3339 in UTC.

use aws_sdk_cloudformation::primitives::DateTime;
use jiff::Timestamp;
use serde::Serializer;

/// A time that AWS gave; one that is out of every range is none.
pub(crate) fn from_aws(time: Option<&DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

/// One of ours for AWS, in whole seconds.
pub(crate) fn to_aws(time: Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
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

/// For `with`: a time that may be null.
pub(crate) mod maybe {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, de};

    pub(crate) use super::serialize;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse()).transpose().map_err(de::Error::custom)
    }
}

/// For `with`: a time that is never null.
pub(crate) mod always {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
