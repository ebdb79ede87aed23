//! Fixed names in a member account.

use crate::Region;

/// The stack set, and each of the management account's own stacks, which take its place there.
pub const STACK: &str = "pipetrail-member";

/// The rule on the default bus that forwards to the audit account.
pub const FORWARD_RULE: &str = "pipetrail-forward";

/// The dead-letter queue of that rule.
pub const FORWARD_DLQ: &str = "pipetrail-forward-dlq";

/// The schedule of the heartbeat.
pub const HEARTBEAT_SCHEDULE: &str = "pipetrail-heartbeat";

/// The source of a heartbeat's event.
pub const HEARTBEAT_SOURCE: &str = "pipetrail.heartbeat";

/// The role that the forwarding rule of a region delivers with. One per region, so that no region's
/// stack waits for another's.
#[must_use]
pub fn forwarder_role(region: &Region) -> String {
    format!("pipetrail-forwarder-{region}")
}

/// The role that the heartbeat's schedule of a region puts events with.
#[must_use]
pub fn heartbeat_role(region: &Region) -> String {
    format!("pipetrail-heartbeat-{region}")
}
