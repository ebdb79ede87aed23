//! Fixed names in a member account.

/// The stack set, and each of the management account's own stacks, which take its place there.
pub const STACK: &str = "pipetrail-member";

/// The rule on the default bus that forwards to the audit account.
pub const FORWARD_RULE: &str = "pipetrail-forward";

/// The dead-letter queue of that rule.
pub const FORWARD_DLQ: &str = "pipetrail-forward-dlq";

/// The schedule of the heartbeat.
pub const HEARTBEAT_SCHEDULE: &str = "pipetrail-heartbeat";

/// The schedule of the call that must be refused, whose record in CloudTrail must arrive.
pub const CANARY_SCHEDULE: &str = "pipetrail-canary";

/// What it calls.
pub const CANARY_CALL: &str = "StopPipelineExecution";

/// After so many hours without the record of that call the trail counts as silent: it is made once a day.
pub const CANARY_HOURS: i64 = 26;

/// The source of a heartbeat's event.
pub const HEARTBEAT_SOURCE: &str = "pipetrail.heartbeat";

/// The role of the member stack in a region; `*` stands for every region. The forwarding rule delivers with it, and
/// the heartbeat's schedule puts events. One per region, so that no region's stack waits for another's.
#[must_use]
pub fn forwarder(region: &str) -> String {
    format!("pipetrail-forwarder-{region}")
}

/// The parameter of the member's template that says which region's stack makes the reader's role.
pub const READER_REGION: &str = "ReaderRegion";

/// The role by which the audit account's reader looks into a member; `region` is the one whose stack made it.
#[must_use]
pub fn reader(region: &str) -> String {
    format!("pipetrail-reader-{region}")
}
