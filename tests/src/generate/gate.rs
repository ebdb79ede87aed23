//! A gate: opened, and approved, rejected, expired, stopped, canceled, or still open.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cast::{Cast, End};
use super::story::{StageAction, Story};
use super::words;
use crate::day::state::seconds;

const GATE_KIND: [&str; 2] = ["Approval", "Manual"];
const WEEK: i64 = 7 * 24 * 3600;

/// A gate is opened and decided, or not.
pub(super) fn tell(story: &mut Story<'_>, cast: &Cast<'_>, at: StageAction<'_>) -> End {
    let since = story.now;
    story.action(at, GATE_KIND, "STARTED", since, json!({}));
    match story.random.below(1000) {
        0..30 => return expired(story, at, since),
        30..55 => return stopped(story, cast, at, since),
        55..65 => return canceled(story, at, since),
        _ => {}
    }
    if cast.pipeline.hasty {
        story.wait(3, 40);
    } else {
        match story.random.below(100) {
            0..25 => story.wait(30, 600),
            25..75 => story.wait(600, 4 * 3600),
            75..95 => story.wait(4 * 3600, 26 * 3600),
            _ => story.wait(26 * 3600, 6 * 24 * 3600),
        }
    }
    let person = story.random.mostly_first(cast.approvers).clone();
    if story.random.chance(25) {
        denied(story, cast, at);
    }
    let approved = story.random.chance(925);
    let (decision, summary) = if approved {
        ("Approved", words::approving(story.random))
    } else {
        ("Rejected", words::refusing(story.random))
    };
    let token = story.action_id(at);
    let request = json!({"pipelineName": cast.pipeline.name, "stageName": at[0], "actionName": at[1],
        "result": {"status": decision, "summary": summary}, "token": token});
    let response = json!({"approvedAt": seconds(story.now)});
    story.call(&person, "PutApprovalResult", request.clone(), response);
    if story.random.chance(15) {
        story.wait(2, 25);
        let late = story.random.of(cast.approvers).clone();
        let why = "The approval action has already been approved or rejected.";
        story.refused(
            &late,
            "PutApprovalResult",
            request,
            "ApprovalAlreadyCompletedException",
            why,
        );
    }
    story.wait(27, 34);
    let by = format!("{decision} by {}", person.arn(&story.execution.account));
    let mut result = json!({"external-execution-id": token,
        "external-execution-summary": if summary.is_empty() { by } else { summary }});
    if approved {
        story.action(at, GATE_KIND, "SUCCEEDED", since, json!({"execution-result": result}));
        return End::Passed;
    }
    result["error-code"] = json!("JobFailed");
    story.action(at, GATE_KIND, "FAILED", since, json!({"execution-result": result}));
    End::Failed
}

/// Somebody who may not decide tries to.
fn denied(story: &mut Story<'_>, cast: &Cast<'_>, at: StageAction<'_>) {
    let person = story.random.of(cast.everybody).clone();
    let (account, region) = (&story.execution.account, &story.execution.region);
    let why = format!(
        "User: {} is not authorized to perform: codepipeline:PutApprovalResult on resource: \
         arn:aws:codepipeline:{region}:{account}:{}/{}/{} because no identity-based policy allows the \
         codepipeline:PutApprovalResult action",
        person.arn(account),
        cast.pipeline.name,
        at[0],
        at[1]
    );
    story.refused(&person, "PutApprovalResult", Value::Null, "AccessDenied", &why);
    story.wait(5, 600);
}

/// Nobody decides for a week. At the end of the generated time such a gate is still open.
fn expired(story: &mut Story<'_>, at: StageAction<'_>, since: Timestamp) -> End {
    story.wait(WEEK, WEEK + 5);
    let result = json!({"external-execution-id": story.action_id(at),
        "external-execution-summary": "Approval expired", "error-code": "JobTimedOut"});
    story.action(at, GATE_KIND, "FAILED", since, json!({"execution-result": result}));
    story.stage(at[0], "FAILED", false);
    story.pipeline("FAILED", json!({}));
    End::Over
}

/// Somebody stops the execution while it waits.
fn stopped(story: &mut Story<'_>, cast: &Cast<'_>, at: StageAction<'_>, since: Timestamp) -> End {
    story.wait(120, 20000);
    let person = story.random.of(cast.everybody).clone();
    let reason = words::refusing(story.random);
    let request = json!({"pipelineName": cast.pipeline.name, "pipelineExecutionId": story.execution.id,
        "abandon": true, "reason": reason});
    let response = json!({"pipelineExecutionId": story.execution.id});
    story.call(&person, "StopPipelineExecution", request, response);
    story.pipeline("STOPPING", json!({"stop-execution-comments": reason}));
    story.stage(at[0], "STOPPING", false);
    story.action(at, GATE_KIND, "ABANDONED", since, json!({}));
    story.wait(1, 2);
    story.stage(at[0], "STOPPED", false);
    story.pipeline("STOPPED", json!({}));
    End::Over
}

/// Somebody edits the pipeline while the execution waits.
fn canceled(story: &mut Story<'_>, at: StageAction<'_>, since: Timestamp) -> End {
    story.wait(60, 7200);
    story.action(at, GATE_KIND, "CANCELED", since, json!({}));
    story.stage(at[0], "CANCELED", false);
    story.pipeline("CANCELED", json!({}));
    End::Over
}
