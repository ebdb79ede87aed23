//! Reads what a report needs. In a watch, what changes seldom or costs something is not read anew
//! every time: Organizations' limits are shared by the whole organization, and Athena has its price.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use pipetrail_lake::engine::{Athena, Engine};
use pipetrail_names::chain;
use pipetrail_names::member::STACK;
use pipetrail_stacksets::{Caller, Coverage, Detection, Organization, Progress, Scope, StepId, detect_drift};

use super::heard::{self, HeardError, Lookback, Signs};
use super::judgement::{Asked, Judgement};
use super::select::Select;
use super::verdict::{Rules, counts, silent_after};
use crate::aws::Session;
use crate::config::Config;
use crate::deploy::desired;
use crate::failure::{Problem, Result};
use crate::lake::STOPPED_ONLY;
use crate::terminal::printer;
use crate::terminal::progress::Steps;

/// How long a reading of the organization serves.
const ORGANIZATION: Duration = Duration::from_secs(300);
/// How long an answer of the lake serves.
const LAKE: Duration = Duration::from_secs(60);

/// What is to be read and shown.
#[derive(Clone, Copy)]
pub(crate) struct Questions<'a> {
    /// Which rows are shown.
    pub select: &'a Select,
    /// Whether the lake is asked for events and heartbeats.
    pub asks_the_lake: bool,
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
        let rules = Rules {
            now,
            silent_after: self
                .questions
                .silent_after
                .unwrap_or_else(|| silent_after(schedule, buffer)),
        };
        let (organization, caller) = self.organization().await?;
        let clients = self.session.clients(caller);
        let (coverage, ()) = tokio::join!(
            Coverage::read(&clients, &organization, &self.scope, &[]),
            ask(self.session, self.questions, rules, &mut self.lake)
        );
        let mut coverage = coverage?;
        coverage.add_unenrolled(&organization, &self.scope);

        let (lake, asked) = match &self.lake {
            None => (None, Asked::Skipped),
            Some((_, Ok(lake))) => {
                let asked = Asked::Answered {
                    bytes_scanned: lake.bytes_scanned,
                    unreadable_rows: lake.unreadable,
                };
                (Some(lake), asked)
            }
            Some((_, Err(error))) => {
                let asked = Asked::Failed {
                    message: chain(error),
                    hint: error.hint(),
                };
                (None, asked)
            }
        };
        let coverage = rules.judge(coverage, lake);
        if let Some(value) = self.questions.select.unmatched(&coverage.instances, &organization) {
            // A slip must not look like "all is well".
            let organization = organization.id;
            let message = format!("{value} matches no account and region of organization {organization}");
            return Err(Problem::new(message).into());
        }
        let coverage = coverage.with_rows(|mut rows| {
            rows.retain(|row| self.questions.select.matches(row, &organization));
            rows
        });
        Ok(Judgement {
            command: "status",
            now: Some(now),
            silent_after_seconds: rules.silent_after.as_secs(),
            lake: asked,
            verdicts: counts(&coverage.instances),
            coverage,
        })
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
        let mut tell = |status: &str| steps.show(Progress::Waits { step, status });
        let percentage = u8::try_from(self.config.rollout.max_concurrent_percentage.0).unwrap_or(100);
        let detection = detect_drift(&client, caller, STACK, percentage, &mut tell).await;
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
    let lookback = Lookback::new(rules.now, rules.silent_after);
    let answer = heard::ask(&engine, &lookback).await;
    *last = Some((Instant::now(), answer));
}
