//! What happens in a service.

use jiff::Timestamp;
use serde_json::Value;

/// An event and when it leaves its service.
pub(crate) struct Happening {
    pub(crate) at: Timestamp,
    pub(crate) event: Value,
}
