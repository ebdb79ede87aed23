//! Fixed names in a member account.

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

/// A role of the member stack. One of each per region, so that no region's stack waits for another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The forwarding rule delivers with it.
    Forwarder,
    /// The heartbeat's schedule puts events with it.
    Heartbeat,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 2] = [Role::Forwarder, Role::Heartbeat];

    /// The role's name in a region; `*` stands for every region.
    #[must_use]
    pub fn name(self, region: &str) -> String {
        match self {
            Role::Forwarder => format!("pipetrail-forwarder-{region}"),
            Role::Heartbeat => format!("pipetrail-heartbeat-{region}"),
        }
    }
}
