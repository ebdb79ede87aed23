//! A pipeline: what starts it, what it goes through, how often it fails.

use serde_json::{Value, json};

use super::random::Random;
use super::words;

const GATES: [&str; 5] = ["ApproveProd", "Approve", "ChangeBoard", "go-live", "QA_sign@off"];
const DEPLOYS: [&str; 4] = ["CloudFormation", "ECS", "CodeDeploy", "S3"];

/// What starts a pipeline.
#[derive(Clone, Copy)]
pub(super) enum Source {
    GitHub,
    CodeCommit,
    S3,
    ByHand,
}

impl Source {
    pub(super) fn provider(self) -> &'static str {
        match self {
            Source::GitHub => "CodeStarSourceConnection",
            Source::S3 => "S3",
            Source::CodeCommit | Source::ByHand => "CodeCommit",
        }
    }
}

/// A pipeline and its habits.
pub(super) struct Pipeline {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) source: Source,
    pub(super) staging: bool,
    pub(super) gate: Option<String>,
    pub(super) deploys_with: &'static str,
    /// In a thousand.
    pub(super) deploys_fail: u64,
    /// Its gates are waved through within seconds.
    pub(super) hasty: bool,
    /// Works at night too.
    pub(super) nightly: bool,
    pub(super) version: u32,
}

impl Pipeline {
    /// The `number`-th pipeline of an account that uses `regions`.
    pub(super) fn new(random: &mut Random, number: usize, regions: &[String]) -> Self {
        Self {
            name: words::pipeline(random, number),
            region: random.mostly_first(regions).clone(),
            source: *random.of(&[
                Source::GitHub,
                Source::GitHub,
                Source::CodeCommit,
                Source::S3,
                Source::ByHand,
            ]),
            staging: random.chance(400),
            gate: random.chance(900).then(|| (*random.of(&GATES)).to_owned()),
            deploys_with: random.of::<&str>(&DEPLOYS),
            deploys_fail: *random.of(&[5, 20, 40, 120]),
            hasty: random.chance(80),
            nightly: random.chance(150),
            version: u32::try_from(random.between(1, 40)).unwrap_or(1),
        }
    }

    /// As CodePipeline describes it.
    pub(super) fn structure(&self, account: &str, version: u32) -> Value {
        let action = |name: &str, category: &str, provider: &str| {
            json!({"name": name, "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
                "runOrder": 1, "configuration": {"Setting": "value"}, "outputArtifacts": [], "inputArtifacts": []})
        };
        let gate = self.gate.iter().map(|name| action(name, "Approval", "Manual"));
        let prod: Vec<Value> = gate.chain([action("Deploy", "Deploy", self.deploys_with)]).collect();
        json!({"name": self.name, "roleArn": format!("arn:aws:iam::{account}:role/pipeline-role"),
            "artifactStore": {"type": "S3", "location": format!("codepipeline-{}-210987654321", self.region)},
            "stages": [
                {"name": "Source", "actions": [action("Checkout", "Source", self.source.provider())]},
                {"name": "Build", "actions": [action("Compile", "Build", "CodeBuild")]},
                {"name": "Prod", "actions": prod}],
            "version": version, "executionMode": "SUPERSEDED", "pipelineType": "V2"})
    }
}
