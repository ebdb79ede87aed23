//! Reads what a report needs. In a watch, what changes seldom or costs something is not read anew
//! every time: Organizations' limits are shared by the whole organization, and Athena has its price.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use pipetrail_lake::engine::{Athena, Engine};
use pipetrail_names::audit::Bucket;
use pipetrail_names::chain;
use pipetrail_stacksets::{
    Caller, Clients, Coverage, Detection, Organization, Record, Scope, StepId, StepProgress, detect_drift,
};
use serde::Serialize;

use super::gap::Gap;
use super::heard::{self, HeardError, Question, Signs, Topic};
use super::select::Select;
use super::trail::OwnChanges;
use super::verdict::{self, Judged, Rules, Verdict};
use crate::aws::Session;
use crate::config::Config;
use crate::deploy::desired;
use crate::failure::{Problem, Result};
use crate::lake::STOPPED_ONLY;
use crate::members::{Comparer, Members, comparable};
use crate::terminal::printer;
use crate::terminal::progress::Steps;

/// How long a reading of the organization serves.
const ORGANIZATION: Duration = Duration::from_secs(300);
/// How long a look into members serves.
const MEMBERS: Duration = Duration::from_secs(300);
/// How long an answer of the lake serves.
const LAKE: Duration = Duration::from_secs(60);

/// What `status --output json` writes, and what the table is made of.
#[derive(Serialize)]
pub(crate) struct Judgement {
    /// `status`
    pub command: &'static str,
    /// When that was.
    pub now: Option<Timestamp>,
    /// After how long without a heartbeat an account and region is silent.
    pub silent_after_seconds: i64,
    /// What came of asking the lake.
    pub lake: LakeAnswer,
    /// The last time that the bus had no rules because `apply` replaced the pipeline stack; read with the
    /// lake.
    pub gap: Option<Gap>,
    /// Changes of our own resources, where a trail was named.
    pub own_changes: Option<OwnChanges>,
    /// How many rows have which verdict.
    pub verdicts: BTreeMap<Verdict, usize>,
    /// What stands, judged.
    pub coverage: Coverage<Judged>,
}

/// What came of asking the lake.
#[derive(Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(crate) enum LakeAnswer {
    /// It answered.
    Answered {
        /// What the query read, where Athena says it.
        bytes_scanned: Option<i64>,
        /// Rows of the answer that could not be read.
        unreadable_rows: usize,
    },
    /// It could not be asked.
    Failed {
        /// Why.
        message: String,
        /// The next thing to try.
        hint: String,
    },
    /// `--no-lake`
    Skipped,
}

/// What is to be read and shown.
#[derive(Clone, Copy)]
pub(crate) struct Questions<'a> {
    /// Which rows are shown.
    pub select: &'a Select,
    /// Whether the lake is asked for events and heartbeats.
    pub asks_the_lake: bool,
    /// Whether members are looked into.
    pub compares: bool,
    /// After how long without a heartbeat an account and region is silent, instead of what follows from
    /// the schedule.
    pub silent_after: Option<SignedDuration>,
    /// The time, instead of the clock's.
    pub now: Option<Timestamp>,
}

/// Reads report after report.
pub(crate) struct Reader<'a> {
    config: &'a Config,
    session: &'a Session,
    questions: Questions<'a>,
    scope: Scope,
    organization: Option<(Instant, Organization, Caller)>,
    lake: Option<(Instant, Result<Signs, HeardError>)>,
    members: Option<(Instant, Members)>,
}

impl<'a> Reader<'a> {
    /// Nothing is read yet.
    pub(crate) fn new(config: &'a Config, session: &'a Session, questions: Questions<'a>) -> Self {
        Reader {
            config,
            session,
            questions,
            scope: desired::scope(config),
            organization: None,
            lake: None,
            members: None,
        }
    }

    /// Reads what is old, and judges.
    ///
    /// # Errors
    /// A read that AWS refuses, the lake's excepted, or a filter that nothing can match.
    pub(crate) async fn read(&mut self) -> Result<Judgement> {
        let now = self.questions.now.unwrap_or_else(Timestamp::now);
        let schedule = self.config.heartbeat.schedule.as_ref();
        let buffer = self.config.delivery.buffer_seconds.0;
        let silent_after = self.questions.silent_after;
        let silent_after = silent_after.unwrap_or_else(|| verdict::silent_after(schedule, buffer));
        let mut rules = Rules {
            now,
            silent_after,
            gap: None,
        };
        let (organization, caller) = self.organization().await?;
        let clients = self.session.clients(caller);
        let (coverage, (), gap) = tokio::join!(
            Coverage::read(&clients, &organization, &self.scope, &[]),
            ask(self.session, self.questions, rules, &mut self.lake),
            gap(&clients, &self.scope, self.questions)
        );
        rules.gap = gap;
        let mut coverage = coverage?;
        coverage.add_unenrolled(&organization, &self.scope);

        let (lake, asked) = match &self.lake {
            None => (None, LakeAnswer::Skipped),
            Some((_, Ok(lake))) => {
                let asked = LakeAnswer::Answered {
                    bytes_scanned: lake.bytes_scanned,
                    unreadable_rows: lake.unreadable,
                };
                (Some(lake), asked)
            }
            Some((_, Err(error))) => {
                let asked = LakeAnswer::Failed {
                    message: chain(error),
                    hint: heard::hint(error),
                };
                (None, asked)
            }
        };
        let members = match self.members.take().filter(|(read, _)| read.elapsed() < MEMBERS) {
            Some(serves) => serves,
            None => (Instant::now(), self.look(&coverage, &organization).await),
        };
        let members = &self.members.insert(members).1;
        let mut coverage = rules.judge(coverage, lake, members);
        if let Some(value) = self.questions.select.unmatched(&coverage.instances, &organization) {
            // A slip must not look like "all is well".
            let message = format!(
                "{value} matches no account and region of organization {}",
                organization.id
            );
            return Err(Problem::new(message).into());
        }
        let rows = &mut coverage.instances;
        rows.retain(|row| self.questions.select.matches(row, &organization));
        let mut verdicts = BTreeMap::new();
        for row in rows {
            *verdicts.entry(row.verdict).or_default() += 1;
        }
        Ok(Judgement {
            command: "status",
            now: Some(now),
            silent_after_seconds: rules.silent_after.as_secs(),
            lake: asked,
            gap,
            own_changes: None,
            verdicts,
            coverage,
        })
    }

    /// Looks into the members that may be shown and have a stack.
    async fn look(&self, coverage: &Coverage, organization: &Organization) -> Members {
        if !self.questions.compares {
            return Members::Unread("members were not looked into".to_owned());
        }
        let set = coverage.stack_set.as_ref();
        let comparer = match Comparer::new(self.config, self.session, set).await {
            Ok(comparer) => comparer,
            Err(why) => return Members::Unread(why),
        };
        let rows = comparable(coverage).filter(|row| self.questions.select.has(row, organization));
        let places = comparer.places(rows);
        Members::Looked(comparer.look(places).await)
    }

    async fn organization(&mut self) -> Result<(Organization, Caller)> {
        if let Some((read, organization, caller)) = &self.organization
            && read.elapsed() < ORGANIZATION
        {
            return Ok((organization.clone(), *caller));
        }
        let client = self.session.organizations();
        let (organization, caller) = Organization::read(&client, self.session.caller()?, &self.scope.units).await?;
        self.organization = Some((Instant::now(), organization.clone(), caller));
        Ok((organization, caller))
    }

    /// Has StackSets compare the stacks with the stack set, and waits for it.
    ///
    /// # Errors
    /// A refused call.
    pub(crate) async fn detect_drift(&mut self) -> Result<()> {
        let (_, caller) = self.organization().await?;
        let client = self.session.clients(caller).management;
        let step = &StepId::Callers("drift detection");
        let mut steps = Steps::new(1);
        let mut tell = |status: &str| steps.show(StepProgress::Waits { step, status });
        let percentage = desired::percentage(self.config.rollout.max_concurrent_percentage.0);
        let detection = detect_drift(&client, caller, percentage, &mut tell).await;
        drop(steps);
        match detection? {
            Detection::Unsupported => printer::say("this endpoint detects no drift: what is shown was known before"),
            Detection::NoStackSet => printer::say("there is no stack set whose drift could be detected"),
            Detection::Ended { error, failed } => {
                if let Some(error) = error {
                    printer::error(&chain(&error), None);
                }
                for result in failed {
                    let reason = result.reason.as_deref().unwrap_or("no reason given");
                    printer::say(&format!(
                        "no drift detected in {} {}: {} ({reason})",
                        result.account, result.region, result.status
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The last gap, if the lake's bucket tells of one; what cannot be read is said and hides nothing else.
async fn gap(clients: &Clients, scope: &Scope, questions: Questions<'_>) -> Option<Gap> {
    if !questions.asks_the_lake {
        return None;
    }
    let bucket = Bucket::Lake.name(&scope.audit_account, &scope.region);
    match Record::read(&clients.s3, &bucket, &scope.audit_account).await {
        Ok(record) => record.as_ref().map(Gap::of),
        // Before the first `apply`.
        Err(error) if error.code() == Some("NoSuchBucket") => None,
        Err(error) => {
            printer::say(&chain(&error));
            None
        }
    }
}

/// Asks the lake, unless the last answer still serves. A lake that cannot be asked hides nothing else.
async fn ask(
    session: &Session,
    questions: Questions<'_>,
    rules: Rules,
    last: &mut Option<(Instant, Result<Signs, HeardError>)>,
) {
    let serves = last.as_ref().is_some_and(|(asked, _)| asked.elapsed() < LAKE);
    if !questions.asks_the_lake || serves {
        return;
    }
    // Without a spinner: the organization is read at the same time.
    let engine = Engine::Athena(Athena::of(session.audit(), STOPPED_ONLY));
    let question = Question {
        topic: Topic::Everything,
        now: rules.now,
        silent_after: rules.silent_after,
    };
    let answer = heard::ask(&engine, &question).await;
    *last = Some((Instant::now(), answer));
}
