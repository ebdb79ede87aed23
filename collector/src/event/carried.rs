//! What the cloud path never carries to the lake, and so no file should bring there: all but changes of our own
//! resources, which a trail's files alone tell of.

use std::fmt;

use super::{API_CALL, CODEPIPELINE, Event, HEARTBEAT_SOURCE};
use crate::json::Json;

/// Why the cloud path does not carry an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Uncarried {
    /// A job worker asked whether there is something to do: left out by the member's rule.
    Polling,
    /// A call that only read: EventBridge gives such calls to no plain rule.
    ReadOnly,
    /// An event of another service: the member's rule takes none.
    OtherSource,
}

impl fmt::Display for Uncarried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Polling => "polling of job workers",
            Self::ReadOnly => "read-only calls",
            Self::OtherSource => "events of other services",
        })
    }
}

/// The calls that the member's rule leaves out.
const POLLING: [&str; 2] = ["PollForJobs", "PollForThirdPartyJobs"];

impl Event<'_> {
    /// Why no file brings the event to the lake: the cloud path would not carry it either. `None` if one does.
    pub fn uncarried(&self) -> Option<Uncarried> {
        if self.own_resource().is_some() {
            return None;
        }
        if self
            .text(&["source"])
            .is_none_or(|source| source != CODEPIPELINE && source != HEARTBEAT_SOURCE)
        {
            return Some(Uncarried::OtherSource);
        }
        if self.event_name().is_some_and(|name| POLLING.contains(&name)) {
            return Some(Uncarried::Polling);
        }
        let reads = || self.at(&["detail", "readOnly"]).and_then(Json::boolean) == Some(true);
        (self.detail_type() == API_CALL && reads()).then_some(Uncarried::ReadOnly)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: &str = include_str!("../../../member-stack/template.yaml");

    fn uncarried(source: &str, detail_type: &str, detail: &str) -> Option<Uncarried> {
        let text = format!(
            r#"{{"source":{source},"detail-type":"{detail_type}","account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{detail}}}"#
        );
        Event::parse(text.as_bytes()).unwrap().uncarried()
    }

    #[test]
    fn what_is_not_carried_is_what_the_member_s_rule_leaves_out() {
        for line in [
            format!("source: [{CODEPIPELINE}, {HEARTBEAT_SOURCE}]"),
            format!(
                "eventName: [{{exists: false}}, {{anything-but: [{}]}}]",
                POLLING.join(", ")
            ),
        ] {
            assert!(MEMBER.contains(&line), "{line}");
        }
    }

    #[test]
    fn only_what_the_cloud_carries_is_carried() {
        let codepipeline = r#""aws.codepipeline""#;
        for (source, detail_type, detail, expected) in [
            (
                codepipeline,
                API_CALL,
                r#"{"eventName":"PutApprovalResult","readOnly":false}"#,
                None,
            ),
            (
                codepipeline,
                API_CALL,
                r#"{"eventName":"PollForJobs"}"#,
                Some(Uncarried::Polling),
            ),
            (
                codepipeline,
                API_CALL,
                r#"{"eventName":"PollForThirdPartyJobs"}"#,
                Some(Uncarried::Polling),
            ),
            (
                codepipeline,
                API_CALL,
                r#"{"eventName":"GetPipelineState","readOnly":true}"#,
                Some(Uncarried::ReadOnly),
            ),
            (
                codepipeline,
                API_CALL,
                r#"{"eventName":"GetPipelineState","readOnly":"true"}"#,
                Some(Uncarried::ReadOnly),
            ),
            (
                codepipeline,
                "AWS Service Event via CloudTrail",
                r#"{"readOnly":true}"#,
                None,
            ),
            (
                codepipeline,
                "CodePipeline Pipeline Execution State Change",
                r#"{"state":"STARTED"}"#,
                None,
            ),
            (r#""pipetrail.heartbeat""#, "pipetrail heartbeat", "{}", None),
            (r#""aws.s3""#, "Object Created", "{}", Some(Uncarried::OtherSource)),
            ("null", "x", "{}", Some(Uncarried::OtherSource)),
        ] {
            assert_eq!(
                uncarried(source, detail_type, detail),
                expected,
                "{source} {detail_type} {detail}"
            );
        }
    }
}
