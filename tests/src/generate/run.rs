//! One execution from its trigger to its end: source, build, perhaps staging, a gate, a deployment.

use serde_json::{Value, json};

use super::cast::{Cast, End};
use super::gate;
use super::people::{self, Person};
use super::pipeline::Source;
use super::story::{StageAction, Story};
use super::words;
use crate::day::happening::Happening;

pub(super) fn tell(story: &mut Story<'_>, cast: &Cast<'_>, rolled_back: bool) {
    if rolled_back {
        let operator = story.random.mostly_first(cast.approvers).clone();
        roll_back(story, cast, &operator);
        return;
    }
    begin(story, cast);
    let source = ["Source", "Checkout"];
    let kind = ["Source", cast.pipeline.source.provider()];
    let commit = story.random.hex(40);
    story.stage(source[0], "STARTED", false);
    work(story, source, kind, 4, None, json!({"external-execution-id": commit}));
    story.stage(source[0], "SUCCEEDED", false);
    if !step(story, cast, ["Build", "Compile"], ["Build", "CodeBuild"], 240, 70) {
        return;
    }
    if story.random.chance(40) {
        // A newer execution came while this one waited for the next stage.
        story.wait(60, 3600);
        story.pipeline("SUPERSEDED", json!({}));
        return;
    }
    if cast.pipeline.staging
        && !step(
            story,
            cast,
            ["Staging", "Deploy"],
            ["Deploy", "CloudFormation"],
            120,
            20,
        )
    {
        return;
    }
    production(story, cast);
}

fn begin(story: &mut Story<'_>, cast: &Cast<'_>) {
    let (account, region, name) = (
        story.execution.account.clone(),
        story.execution.region.clone(),
        &cast.pipeline.name,
    );
    let trigger = match cast.pipeline.source {
        Source::GitHub => {
            let author = story.random.of(cast.everybody).name.clone();
            let (message, commit) = (words::commit(story.random), story.random.hex(40));
            json!({"author-display-name": author, "full-repository-name": format!("example-org/{name}"),
                "provider-type": "GitHub", "author-email": author, "commit-message": message,
                "author-date": crate::day::state::seconds(story.now), "branch-name": "main", "commit-id": commit,
                "connection-arn": format!("arn:aws:codeconnections:{region}:{account}:connection/0a1b2c3d"),
                "author-id": author.split('@').next()})
        }
        Source::CodeCommit | Source::S3 => {
            let rule = people::eventbridge(story.random);
            let request = json!({"name": name, "clientRequestToken": story.random.uuid()});
            started(story, &rule, request);
            json!({"trigger-type": "CloudWatchEvent",
                "trigger-detail": format!("arn:aws:events:{region}:{account}:rule/codepipeline-{name}")})
        }
        Source::ByHand => {
            let person = story.random.of(cast.everybody).clone();
            let request = json!({"name": name, "clientRequestToken": story.random.uuid()});
            started(story, &person, request);
            json!({"trigger-type": "StartPipelineExecution", "trigger-detail": person.arn(&account)})
        }
    };
    story.pipeline("STARTED", json!({"execution-trigger": trigger}));
}

fn started(story: &mut Story<'_>, person: &Person, request: Value) {
    let response = json!({"pipelineExecutionId": story.execution.id});
    story.call(person, "StartPipelineExecution", request, response);
}

/// A stage with one action that may fail and be retried. False when the execution ends here.
fn step(story: &mut Story<'_>, cast: &Cast<'_>, at: StageAction<'_>, kind: [&str; 2], takes: i64, fails: u64) -> bool {
    story.wait(1, 3);
    story.stage(at[0], "STARTED", false);
    loop {
        let failure = story.random.chance(fails).then_some("JobFailed");
        let id = format!("{}:{}", cast.pipeline.name, story.random.uuid());
        let result = json!({"external-execution-id": id,
            "external-execution-url": format!("https://console.aws.amazon.com/codebuild/home#/builds/{id}/view/new")});
        match work(story, at, kind, takes, failure, result) {
            End::Passed => {
                story.stage(at[0], "SUCCEEDED", story.attempt > 1);
                return true;
            }
            _ if !retry(story, cast, at) => return false,
            _ => {}
        }
    }
}

fn work(
    story: &mut Story<'_>,
    at: StageAction<'_>,
    kind: [&str; 2],
    takes: i64,
    failure: Option<&str>,
    mut result: Value,
) -> End {
    let since = story.now;
    story.action(at, kind, "STARTED", since, json!({}));
    story.wait(takes / 2 + 1, takes * 2);
    let artifact = json!([{"name": format!("{}Artifact", at[0]), "s3location": {
        "bucket": format!("codepipeline-{}-210987654321", story.execution.region),
        "key": format!("{}/{}", story.execution.pipeline, story.random.hex(7))}}]);
    match failure {
        Some(code) => {
            result["error-code"] = json!(code);
            result["external-execution-summary"] = json!("Build terminated with state: FAILED");
            let more = json!({"execution-result": result, "input-artifacts": artifact});
            story.action(at, kind, "FAILED", since, more);
            End::Failed
        }
        None => {
            let more = json!({"execution-result": result, "output-artifacts": artifact});
            story.action(at, kind, "SUCCEEDED", since, more);
            End::Passed
        }
    }
}

/// The stage failed and with it the execution; sometimes somebody tries again.
fn retry(story: &mut Story<'_>, cast: &Cast<'_>, at: StageAction<'_>) -> bool {
    story.stage(at[0], "FAILED", story.attempt > 1);
    story.pipeline("FAILED", json!({}));
    if story.attempt > 3 || !story.random.chance(400) {
        return false;
    }
    story.wait(2, 5400);
    let person = story.random.of(cast.everybody).clone();
    let request = json!({"pipelineName": cast.pipeline.name, "stageName": at[0],
        "pipelineExecutionId": story.execution.id, "retryMode": "FAILED_ACTIONS"});
    let response = json!({"pipelineExecutionId": story.execution.id});
    story.call(&person, "RetryStageExecution", request, response);
    story.attempt += 1;
    story.retried = Some(story.now);
    story.pipeline("RESUMED", json!({}));
    story.stage(at[0], "RESUMED", true);
    true
}

/// The last stage: the gate, where there is one, and the deployment behind it.
fn production(story: &mut Story<'_>, cast: &Cast<'_>) {
    let stage = "Prod";
    let deploy = ["Deploy", cast.pipeline.deploys_with];
    story.wait(1, 5);
    story.stage(stage, "STARTED", false);
    let mut open = cast.pipeline.gate.is_some();
    loop {
        if let Some(action) = cast.pipeline.gate.as_deref().filter(|_| open) {
            match gate::tell(story, cast, [stage, action]) {
                End::Passed => open = false,
                End::Over => return,
                End::Failed if retry(story, cast, [stage, action]) => continue,
                End::Failed => return,
            }
        }
        let failure = story.random.chance(cast.pipeline.deploys_fail).then_some("JobFailed");
        let result = json!({"external-execution-id": story.random.uuid()});
        if matches!(
            work(story, [stage, "Deploy"], deploy, 180, failure, result),
            End::Passed
        ) {
            break;
        }
        if !retry(story, cast, [stage, "Deploy"]) {
            return;
        }
    }
    story.stage(stage, "SUCCEEDED", story.attempt > 1);
    story.pipeline("SUCCEEDED", json!({}));
}

/// An earlier execution's artifacts are deployed once more, by a new execution without a gate.
fn roll_back(story: &mut Story<'_>, cast: &Cast<'_>, operator: &Person) {
    let request = json!({"pipelineName": cast.pipeline.name, "stageName": "Prod",
        "targetPipelineExecutionId": story.random.uuid()});
    let response = json!({"pipelineExecutionId": story.execution.id});
    story.call(operator, "RollbackStage", request, response);
    let caller = operator.arn(&story.execution.account);
    let trigger = json!({"trigger-type": "ManualRollback", "trigger-detail": caller});
    story.pipeline("STARTED", json!({"execution-trigger": trigger}));
    story.stage("Prod", "STARTED", false);
    let kind = ["Deploy", cast.pipeline.deploys_with];
    let result = json!({"external-execution-id": story.random.uuid()});
    work(story, ["Prod", "Deploy"], kind, 90, None, result);
    story.stage("Prod", "SUCCEEDED", false);
    story.pipeline("SUCCEEDED", json!({}));
}

pub(super) fn calls(told: &[Happening]) -> usize {
    told.iter().filter(|happening| is_call(&happening.event)).count()
}

/// Whether CloudTrail has a record of it.
pub(super) fn is_call(event: &Value) -> bool {
    event["detail-type"] == "AWS API Call via CloudTrail"
}
