//! An account: its pipelines, its people, how busy it is, and what happens there on a day.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cast::Cast;
use super::people::{self, Person};
use super::pipeline::Pipeline;
use super::random::Random;
use super::run;
use super::story::Story;
use super::words;
use crate::day::happening::Happening;
use crate::day::state::{Execution, seconds};

/// An account while time goes on.
pub(super) struct Account {
    pub(super) id: String,
    pub(super) regions: Vec<String>,
    /// How busy it is, beside others.
    pub(super) weight: f64,
    /// How many events are still to happen up to now.
    pub(super) due: f64,
    random: Random,
    pipelines: Vec<Pipeline>,
    approvers: Vec<Person>,
    /// Hours without heartbeats: from, to, counted from the first day.
    pub(super) silent: Option<(u64, u64)>,
}

impl Account {
    /// The account's habits; `all` are the Regions of the organization, home first.
    pub(super) fn new(seed: u64, id: &str, all: &[String], everybody: &[Person], days: u32) -> Self {
        let mut random = Random::new(seed, id);
        let number = usize::try_from(random.between(1, 3)).unwrap_or(1).min(all.len());
        let regions = all[..number].to_vec();
        let number = usize::try_from(random.between(1, 3) * random.between(1, 3)).unwrap_or(1);
        let pipelines = (0..number)
            .map(|number| Pipeline::new(&mut random, number, &regions))
            .collect();
        // A few accounts do most of the work.
        let rank = 1 + random.below(20);
        #[expect(clippy::cast_precision_loss, reason = "below twenty")]
        let weight = 1.0 / rank as f64;
        let hours = u64::from(days) * 24;
        let silent = random.chance(120).then(|| {
            let from = random.below(hours);
            (from, from + 2 + random.below(60))
        });
        Self {
            id: id.to_owned(),
            approvers: people::approvers(&mut random, everybody),
            regions,
            weight,
            due: 0.0,
            random,
            pipelines,
            silent,
        }
    }

    /// What begins here on a day, until as much has happened as is due; some of it ends later.
    pub(super) fn live(&mut self, morning: Timestamp, calls_only: bool, everybody: &[Person]) -> Vec<Happening> {
        let mut told = Vec::new();
        while self.due >= 1.0 {
            let from = told.len();
            self.something(morning, everybody, &mut told);
            let new = &told[from..];
            let happened = if calls_only { run::calls(new) } else { new.len() };
            #[expect(clippy::cast_precision_loss, reason = "some dozens")]
            let happened = happened as f64;
            // Pipelines that git starts make no call before their gate: it must end some time.
            self.due -= happened.max(0.1);
        }
        told
    }

    fn something(&mut self, morning: Timestamp, everybody: &[Person], told: &mut Vec<Happening>) {
        let count = u64::try_from(self.pipelines.len()).unwrap_or(1);
        let chosen = usize::try_from(self.random.below(count).min(self.random.below(count))).unwrap_or_default();
        let pipeline = &mut self.pipelines[chosen];
        let (from, to) = if pipeline.nightly {
            (0, 86_399)
        } else {
            (7 * 3600, 18 * 3600)
        };
        let at = morning + SignedDuration::from_secs(self.random.between(from, to));
        let execution = Execution {
            account: self.id.clone(),
            region: pipeline.region.clone(),
            pipeline: pipeline.name.clone(),
            id: self.random.uuid(),
            started: at + SignedDuration::from_millis(self.random.between(0, 999)),
        };
        let changes = self.random.chance(20);
        if changes {
            pipeline.version += 1;
        }
        let rolled_back = self.random.chance(10);
        let mut story = Story {
            now: execution.started,
            execution,
            version: pipeline.version,
            attempt: 1,
            retried: None,
            random: &mut self.random,
            told,
        };
        if changes {
            let person = story.random.of(everybody).clone();
            change(&mut story, pipeline, &person);
            story.wait(30, 900);
            story.execution.started = story.now;
        }
        let cast = Cast {
            pipeline,
            approvers: &self.approvers,
            everybody,
        };
        run::tell(&mut story, &cast, rolled_back);
    }
}

/// Somebody works on the pipeline itself.
fn change(story: &mut Story<'_>, pipeline: &Pipeline, person: &Person) {
    let name = &pipeline.name;
    match story.random.below(10) {
        0..6 => {
            let before = pipeline.structure(&story.execution.account, story.version - 1);
            let after = pipeline.structure(&story.execution.account, story.version);
            story.call(
                person,
                "UpdatePipeline",
                json!({"pipeline": before}),
                json!({"pipeline": after}),
            );
        }
        6..9 => {
            let reason = words::refusing(story.random);
            let request =
                json!({"pipelineName": name, "stageName": "Prod", "transitionType": "Inbound", "reason": reason});
            story.call(person, "DisableStageTransition", request, Value::Null);
            story.wait(600, 7200);
            let request = json!({"pipelineName": name, "stageName": "Prod", "transitionType": "Inbound"});
            story.call(person, "EnableStageTransition", request, Value::Null);
        }
        _ => {
            let why = format!(
                "User: {} is not authorized to perform: codepipeline:DeletePipeline on resource: \
                 arn:aws:codepipeline:{}:{}:{name} because no identity-based policy allows the \
                 codepipeline:DeletePipeline action",
                person.arn(&story.execution.account),
                story.execution.region,
                story.execution.account
            );
            story.refused(person, "DeletePipeline", Value::Null, "AccessDenied", &why);
        }
    }
}

/// A heartbeat of an account and Region at a full hour.
pub(super) fn heartbeat(random: &mut Random, account: &str, region: &str, at: Timestamp) -> Happening {
    let time = seconds(at);
    let event = json!({"version": "0", "id": random.uuid(), "detail-type": "pipetrail heartbeat",
        "source": "pipetrail.heartbeat", "account": account, "time": time, "region": region, "resources": [],
        "detail": {"scheduled_time": time}});
    Happening {
        at: at + SignedDuration::from_secs(random.between(0, 20)),
        event,
    }
}
