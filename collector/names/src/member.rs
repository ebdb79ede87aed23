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

/// After so many hours without the record of that call the trail counts as silent: it is made once a day, and its record
/// takes minutes to arrive. λ watch asks hourly, so it is told within 26.
pub const CANARY_HOURS: i64 = 25;

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

/// How the names of the roles begin by which StackSets rolls out in members.
pub const STACK_SETS_ROLE: &str = "stacksets-exec-";

/// The services in which the member's stack makes something, as CloudTrail's `eventSource` names them.
pub const SERVICES: [&str; 5] = [
    "cloudformation.amazonaws.com",
    "events.amazonaws.com",
    "iam.amazonaws.com",
    "scheduler.amazonaws.com",
    "sqs.amazonaws.com",
];

/// A part of every name in a member.
pub const NAME_PART: &str = "pipetrail-";

/// What of the member's stack has that name in one of [`SERVICES`].
#[must_use]
pub fn resource_kind(service: &str, name: &str) -> Option<&'static str> {
    let begins = |beginning: &str| name.len() > beginning.len() && name.starts_with(beginning);
    match service {
        "events.amazonaws.com" => (name == FORWARD_RULE).then_some("rule"),
        "sqs.amazonaws.com" => (name == FORWARD_DLQ).then_some("queue"),
        "scheduler.amazonaws.com" => [HEARTBEAT_SCHEDULE, CANARY_SCHEDULE]
            .contains(&name)
            .then_some("schedule"),
        "iam.amazonaws.com" => (begins(&forwarder("")) || begins(&reader(""))).then_some("role"),
        "cloudformation.amazonaws.com" => (name == STACK || begins(&format!("StackSet-{STACK}-"))).then_some("stack"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_ours_in_its_own_service_alone() {
        let events = "events.amazonaws.com";
        assert_eq!(resource_kind(events, FORWARD_RULE), Some("rule"));
        for (service, name) in [
            (events, "pipetrail-forward-dlq"),
            (events, "pipetrail-forward2"),
            ("sqs.amazonaws.com", FORWARD_RULE),
            ("iam.amazonaws.com", "pipetrail-forwarder-"),
            ("iam.amazonaws.com", "my-pipetrail-reader-eu-west-1"),
            ("cloudformation.amazonaws.com", "StackSet-pipetrail-memberx"),
            ("s3.amazonaws.com", FORWARD_RULE),
        ] {
            assert_eq!(resource_kind(service, name), None, "{service} {name}");
        }
        assert_eq!(resource_kind("iam.amazonaws.com", &reader("eu-west-1")), Some("role"));
        assert_eq!(
            resource_kind("scheduler.amazonaws.com", CANARY_SCHEDULE),
            Some("schedule")
        );
        let stack = "StackSet-pipetrail-member-0b6c1d2e-3f40-4a5b-8c6d-000000000001";
        assert_eq!(resource_kind("cloudformation.amazonaws.com", stack), Some("stack"));
        let every = [FORWARD_RULE, FORWARD_DLQ, CANARY_SCHEDULE, STACK];
        let found = SERVICES.map(|service| {
            let name = every.iter().find(|name| resource_kind(service, name).is_some());
            name.map_or_else(|| reader("eu-west-1"), |name| (*name).to_owned())
        });
        assert!(
            SERVICES
                .iter()
                .zip(&found)
                .all(|(service, name)| resource_kind(service, name).is_some())
        );
        assert!(found.iter().all(|name| name.contains(NAME_PART)), "{found:?}");
    }
}
