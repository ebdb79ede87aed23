//! Calls that change what pipetrail's own stack made in a member account.

use pipetrail_names::member::{SERVICES, resource_kind};

use super::{API_CALL, Event};
use crate::json::Json;

/// What of ours a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnResource<'e> {
    /// rule, queue, schedule, role, stack.
    pub kind: &'static str,
    pub name: &'e str,
}

/// Where calls of these services name what they are about: a name, an ARN or an address.
const NAMED_IN: [&str; 8] = [
    "name",
    "rule",
    "roleName",
    "queueUrl",
    "queueName",
    "stackName",
    "resourceARN",
    // Of a queue whose messages are moved away.
    "sourceArn",
];

/// Where a call names the bus or the group of schedules that is not the account's own, `default`.
const NAMED_ELSEWHERE: [&str; 2] = ["eventBusName", "groupName"];

/// Behind these words the message of a refusal names what it is about.
const REFUSED_ON: [&str; 2] = ["on resource: ", "to the resource "];

impl Event<'_> {
    /// What of ours a call changed or was refused to change; `None` of all other events, of calls that only read, and of
    /// messages that are sent or received.
    ///
    /// A refused call often has no request: then its message names what it was about.
    pub fn own_resource(&self) -> Option<OwnResource<'_>> {
        let is = |field: &str, value: bool| self.at(&["detail", field]).and_then(Json::boolean) == Some(value);
        if self.detail_type() != API_CALL || is("readOnly", true) || is("managementEvent", false) {
            return None;
        }
        let service = self.text(&["detail", "eventSource"])?;
        if !SERVICES.contains(&service) {
            return None;
        }
        let request = |field: &str| self.text(&["detail", "requestParameters", field]);
        let elsewhere = |place: &str| place != "default" && !place.ends_with("/default");
        if NAMED_ELSEWHERE.iter().filter_map(|field| request(field)).any(elsewhere) {
            return None;
        }
        let listed = match self.at(&["detail", "resources"]) {
            Some(Json::Array(resources)) => resources.as_slice(),
            _ => &[],
        };
        let listed = listed.iter().filter_map(|resource| resource.get("ARN")?.as_str());
        let message = self.text(&["detail", "errorMessage"]).unwrap_or_default();
        let in_message = REFUSED_ON.iter().filter_map(|words| Some(message.split_once(words)?.1));
        // A name of IAM stands there without its ARN: `role <name>`.
        let in_message = in_message.flat_map(|rest| rest.split_whitespace().take(2));
        NAMED_IN
            .iter()
            .filter_map(|field| request(field))
            .chain(listed)
            .chain(in_message)
            .find_map(|text| ours(service, text))
    }
}

/// The part of a name, an ARN or an address that is a name of ours.
fn ours<'e>(service: &str, text: &'e str) -> Option<OwnResource<'e>> {
    // A rule of another bus, a schedule of another group.
    if text.starts_with("arn:") && is_elsewhere(text) {
        return None;
    }
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
    parts.map(|part| part.trim_end_matches('.')).find_map(|name| {
        Some(OwnResource {
            kind: resource_kind(service, name)?,
            name,
        })
    })
}

/// Whether an ARN is that of a rule on another bus than the account's own, or of a schedule in another group.
fn is_elsewhere(arn: &str) -> bool {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    match resource.split('/').collect::<Vec<_>>().as_slice() {
        ["rule", bus, _] => *bus != "default",
        ["schedule", group, _] => *group != "default",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(service: &str, detail: &str) -> Option<(String, String)> {
        let text = format!(
            r#"{{"source":"aws.x","detail-type":"{API_CALL}","account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{{"eventSource":"{service}.amazonaws.com",{detail}}}}}"#
        );
        let event = Event::parse(text.as_bytes()).unwrap();
        event
            .own_resource()
            .map(|own| (own.kind.to_owned(), own.name.to_owned()))
    }

    #[test]
    fn what_a_call_is_about_is_found_wherever_it_is_named() {
        for (service, detail, kind, name) in [
            (
                "events",
                r#""requestParameters":{"name":"pipetrail-forward"}"#,
                "rule",
                "pipetrail-forward",
            ),
            (
                "events",
                r#""requestParameters":{"rule":"pipetrail-forward","ids":["audit"]}"#,
                "rule",
                "pipetrail-forward",
            ),
            (
                "iam",
                r#""requestParameters":{"roleName":"pipetrail-reader-eu-west-1","policyName":"x"}"#,
                "role",
                "pipetrail-reader-eu-west-1",
            ),
            (
                "sqs",
                r#""requestParameters":{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/000000000012/pipetrail-forward-dlq","attributes":{}}"#,
                "queue",
                "pipetrail-forward-dlq",
            ),
            (
                "scheduler",
                r#""requestParameters":{"name":"pipetrail-canary","groupName":"default"}"#,
                "schedule",
                "pipetrail-canary",
            ),
            (
                "cloudformation",
                r#""requestParameters":{"stackName":"arn:aws:cloudformation:eu-west-1:000000000012:stack/StackSet-pipetrail-member-1/0b6c"}"#,
                "stack",
                "StackSet-pipetrail-member-1",
            ),
            // Refused: there is no request.
            (
                "events",
                r#""requestParameters":null,"errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::000000000012:user/x is not authorized to perform: events:DisableRule on resource: arn:aws:events:eu-west-1:000000000012:rule/pipetrail-forward with an explicit deny""#,
                "rule",
                "pipetrail-forward",
            ),
            // IAM names a role without its ARN, and before it who called.
            (
                "iam",
                r#""requestParameters":null,"errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::000000000012:assumed-role/admin/dana is not authorized to perform: iam:PutRolePolicy on resource: role pipetrail-forwarder-eu-west-1 with an explicit deny in a service control policy""#,
                "role",
                "pipetrail-forwarder-eu-west-1",
            ),
            (
                "sqs",
                r#""errorCode":"AccessDenied","errorMessage":"Access to the resource https://sqs.eu-west-1.amazonaws.com/000000000012/pipetrail-forward-dlq is denied.""#,
                "queue",
                "pipetrail-forward-dlq",
            ),
            (
                "sqs",
                r#""requestParameters":{"sourceArn":"arn:aws:sqs:eu-west-1:000000000012:pipetrail-forward-dlq"}"#,
                "queue",
                "pipetrail-forward-dlq",
            ),
            (
                "iam",
                r#""resources":[{"ARN":"arn:aws:iam::000000000012:role/pipetrail-forwarder-eu-west-1"}]"#,
                "role",
                "pipetrail-forwarder-eu-west-1",
            ),
        ] {
            assert_eq!(
                own(service, detail),
                Some((kind.to_owned(), name.to_owned())),
                "{service} {detail}"
            );
        }
    }

    #[test]
    fn what_only_reads_or_is_somebody_elses_is_none() {
        for (service, detail) in [
            (
                "events",
                r#""requestParameters":{"name":"pipetrail-forward"},"readOnly":true"#,
            ),
            ("events", r#""requestParameters":{"name":"theirs"}"#),
            // Another service's thing of that name, and a text that only mentions ours.
            ("sqs", r#""requestParameters":{"name":"pipetrail-forward"}"#),
            (
                "events",
                r#""requestParameters":{"name":"theirs","description":"pipetrail-forward"}"#,
            ),
            ("events", r#""requestParameters":{"name":7}"#),
            // Who called is not what was called.
            (
                "iam",
                r#""errorMessage":"User: arn:aws:sts::000000000012:assumed-role/pipetrail-forwarder-eu-west-1/x is not authorized to perform: iam:DeleteRole on resource: role theirs because no identity-based policy allows it""#,
            ),
            // Another bus, another group.
            (
                "events",
                r#""requestParameters":{"name":"pipetrail-forward","eventBusName":"other"}"#,
            ),
            (
                "events",
                r#""requestParameters":{"resourceARN":"arn:aws:events:eu-west-1:000000000012:rule/other/pipetrail-forward"}"#,
            ),
            (
                "scheduler",
                r#""requestParameters":{"name":"pipetrail-canary","groupName":"theirs"}"#,
            ),
            // A dead letter, where a trail records them.
            (
                "sqs",
                r#""requestParameters":{"queueUrl":"https://sqs.eu-west-1.amazonaws.com/000000000012/pipetrail-forward-dlq"},"readOnly":false,"managementEvent":false"#,
            ),
            ("codepipeline", r#""requestParameters":{"name":"pipetrail-forward"}"#),
        ] {
            assert_eq!(own(service, detail), None, "{service} {detail}");
        }
    }
}
