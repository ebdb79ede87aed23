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
const NAMED_IN: [&str; 7] = [
    "name",
    "rule",
    "roleName",
    "queueUrl",
    "queueName",
    "stackName",
    "resourceARN",
];

impl Event<'_> {
    /// What of ours a call changed or was refused to change; `None` of all other events, and of calls that only read.
    ///
    /// A refused call often has no request: then its message names what it was about.
    pub fn own_resource(&self) -> Option<OwnResource<'_>> {
        let reads = || self.at(&["detail", "readOnly"]).and_then(Json::boolean) == Some(true);
        if self.detail_type() != API_CALL || reads() {
            return None;
        }
        let service = self.text(&["detail", "eventSource"])?;
        if !SERVICES.contains(&service) {
            return None;
        }
        let in_request = NAMED_IN
            .iter()
            .filter_map(|field| self.text(&["detail", "requestParameters", field]));
        let listed = match self.at(&["detail", "resources"]) {
            Some(Json::Array(resources)) => resources.as_slice(),
            _ => &[],
        };
        let listed = listed.iter().filter_map(|resource| resource.get("ARN")?.as_str());
        let message = self.text(&["detail", "errorMessage"]).unwrap_or_default();
        let in_message = message.split_whitespace().filter(|word| word.starts_with("arn:"));
        in_request
            .chain(listed)
            .chain(in_message)
            .find_map(|text| ours(service, text))
    }
}

/// The part of a name, an ARN or an address that is a name of ours.
fn ours<'e>(service: &str, text: &'e str) -> Option<OwnResource<'e>> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
    parts.map(|part| part.trim_end_matches('.')).find_map(|name| {
        Some(OwnResource {
            kind: resource_kind(service, name)?,
            name,
        })
    })
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
            ("codepipeline", r#""requestParameters":{"name":"pipetrail-forward"}"#),
        ] {
            assert_eq!(own(service, detail), None, "{service} {detail}");
        }
    }
}
