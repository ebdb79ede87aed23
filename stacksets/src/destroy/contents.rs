//! What a bucket holds, counted before it is emptied.

use std::fmt;

use serde::Serialize;

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
