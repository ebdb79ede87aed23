//! λ watch: what one call of the schedule does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use pipetrail_collector::aws::{publish, s3};
use pipetrail_collector::telemetry::{Level, counts, log, measure};
use pipetrail_lake::engine::athena::Telling;
use pipetrail_lake::engine::{Athena, Engine};
use pipetrail_lake::heard::{HeardError, Question, Topic, ask};
use pipetrail_member::Roster;
use pipetrail_member::roster::RosterError;
use pipetrail_names::AccountRegion;
use pipetrail_names::audit::{ROSTER_KEY, WATCH_KEY};
use pipetrail_names::chain;
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use tokio::time::Instant;

use crate::alert::alerts;
use crate::judge::{Look, Observations, judge, newcomers, watched};
use crate::look::look;
use crate::pass::due;
use crate::state::{LastSigns, State};
use crate::store::{Found, Store, StoreError};

/// How long before the end of a call nothing more is looked into: what was begun ends, alerts go out, the state is
/// stored.
const RESERVE: Duration = Duration::from_secs(240);

/// How long the lake may take; what is left of a call is for the rest.
const LAKE: Duration = Duration::from_secs(300);

/// For how long what has landed stays in landing after it is settled, less the time that a run may take. Whoever has
/// not heard the lake for longer asks both tiers.
const LANDS: SignedDuration = SignedDuration::from_hours(5);

/// The metrics that an alarm of the pipeline's template looks at.
const LATE: &str = "ComparisonHours";
const FORGOTTEN: &str = "StateLost";

/// What the schedule sends.
#[derive(Debug, Deserialize)]
pub struct Call {
    /// The time that the call was scheduled for, RFC 3339.
    pub time: String,
    /// Whether all members are looked into, whenever they were last.
    #[serde(default)]
    pub compare: bool,
}

/// What the function works with, built once at cold start.
#[derive(Debug)]
pub struct Watch {
    config: SdkConfig,
    s3: aws_sdk_s3::Client,
    sns: aws_sdk_sns::Client,
    bucket: String,
    topic: String,
}

/// What keeps a call from its end.
#[derive(Debug, Error)]
pub enum WatchError {
    #[error("the schedule sends time {0}, which is no time")]
    Time(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("s3://{bucket}/{ROSTER_KEY} cannot be used; `pipetrail apply` writes it anew")]
    Roster { bucket: String, source: RosterError },
    #[error("cannot publish to {topic}: {cause}")]
    Publish { topic: String, cause: String },
    #[error("cannot write an alert, or what is remembered, as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// Everything else was done.
    #[error("the lake cannot be asked what it has heard: {0}")]
    Lake(String),
}

impl Watch {
    /// For a lake in a bucket, and a topic.
    #[must_use]
    pub fn new(config: &SdkConfig, bucket: String, topic: String) -> Self {
        Watch {
            s3: s3(config),
            sns: aws_sdk_sns::Client::new(config),
            config: config.clone(),
            bucket,
            topic,
        }
    }

    /// Watches once; ends in time for the deadline of the call.
    ///
    /// # Errors
    /// No list that can be read, a topic or bucket that refuses, or a lake that does not answer. What was told is told
    /// again then, with the same ids, but in the last case.
    pub async fn run(&self, call: &Call, deadline: SystemTime) -> Result<(), WatchError> {
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let until = Instant::now() + left.saturating_sub(RESERVE);
        let time: Timestamp = (call.time.parse()).map_err(|_| WatchError::Time(call.time.clone()))?;
        // A schedule's time that is ahead is not believed.
        let now = time.min(Timestamp::now());

        let Some(roster) = self.roster().await? else {
            log(Level::Info, "no list of members yet", &json!({}));
            return Ok(());
        };
        let (state, etag) = self.state().await?;
        if let Some(state) = &state
            && state.written_at > now
        {
            let fields = json!({"time": now.to_string(), "written_at": state.written_at.to_string()});
            log(Level::Warn, "a later call has run already", &fields);
            return Ok(());
        }
        let known = watched(&roster, &newcomers(state.as_ref(), now, &roster, None));
        let (earlier, none) = (state.as_ref().map(|state| &state.pass), BTreeMap::new());
        let failing = state.as_ref().map_or(&none, |state| &state.failing);
        let (pass, work) = due(earlier, failing, known.keys(), now, call.compare);
        let (heard, looked) = tokio::join!(
            self.ask(state.as_ref(), &roster, now),
            look(&self.config, &roster, &known, &work, until)
        );
        let pass = pass.after_run(&work, &looked.left);
        let (heard, failed) = match heard {
            Ok(heard) => (Some(heard), None),
            Err(why) => (None, Some(why)),
        };
        let observed = Observations {
            looks: looked.looks,
            heard,
        };
        let judgement = judge(state.as_ref(), now, &roster, &observed, pass);
        let basis = state.as_ref().map_or(roster.written_at, |state| state.written_at);
        let alerts = alerts(&judgement, basis).map_err(WatchError::Unwritable)?;
        for alert in &alerts {
            let told = publish(&self.sns, &self.topic, alert).await;
            told.map_err(|error| WatchError::Publish {
                topic: self.topic.clone(),
                cause: chain(&error),
            })?;
        }
        let bytes = serde_json::to_vec(&judgement.state).map_err(WatchError::Unwritable)?;
        self.store().write(WATCH_KEY, bytes, etag.as_deref()).await?;

        let differ = |look: &&Look| !matches!(look, Look::Fine);
        let pass = &judgement.state.pass;
        let fields = json!({
            "members": judgement.members,
            "looked_into": observed.looks.len(),
            "not_fine": observed.looks.values().filter(differ).count(),
            "to_be_tried_again": judgement.state.failing.len(),
            "with_conditions": judgement.state.conditions.len(),
            "newcomers": judgement.state.newcomers.len(),
            "alerts": alerts.len(),
            // How far a pass came that could not end.
            "left": looked.left.len(),
            "goes_on_after": pass.after,
        });
        log(Level::Info, "watched", &fields);
        let hours = match pass.ended {
            true => SignedDuration::ZERO,
            false => now.duration_since(pass.began),
        };
        let hours = usize::try_from(hours.as_hours()).unwrap_or(0);
        measure(&[("function", "watch")], LATE, hours);
        counts("watch", &[("Alerts", alerts.len())]);
        match failed {
            None => Ok(()),
            Some(why) => Err(WatchError::Lake(why)),
        }
    }

    async fn roster(&self) -> Result<Option<Arc<Roster>>, WatchError> {
        let Some(found) = self.store().read(ROSTER_KEY).await? else {
            return Ok(None);
        };
        let roster = Roster::parse(&found.bytes).map_err(|source| WatchError::Roster {
            bucket: self.bucket.clone(),
            source,
        })?;
        Ok(Some(Arc::new(roster)))
    }

    /// What is remembered, and the object's tag. What cannot be read is forgotten, and an alarm says so: everything that
    /// is wrong is told anew then.
    async fn state(&self) -> Result<(Option<State>, Option<String>), WatchError> {
        let Some(Found { bytes, etag }) = self.store().read(WATCH_KEY).await? else {
            return Ok((None, None));
        };
        match State::parse(&bytes) {
            Ok(state) => Ok((Some(state), etag)),
            Err(error) => {
                let object = format!("s3://{}/{WATCH_KEY}", self.bucket);
                log(
                    Level::Warn,
                    "memory lost",
                    &json!({"object": object, "why": chain(&error)}),
                );
                counts("watch", &[(FORGOTTEN, 1)]);
                Ok((None, etag))
            }
        }
    }

    async fn ask(
        &self,
        state: Option<&State>,
        roster: &Roster,
        now: Timestamp,
    ) -> Result<BTreeMap<AccountRegion, LastSigns>, String> {
        let heard_at = state.and_then(|state| state.heard_at);
        let remembers = heard_at.is_some_and(|at| now.duration_since(at) < LANDS);
        let question = Question {
            topic: if remembers { Topic::Arrivals } else { Topic::Life },
            now,
            silent_after: SignedDuration::from_secs(roster.settings.silent_after_seconds.into()),
        };
        let engine = Engine::Athena(Athena::of(&self.config, Telling::SILENT));
        let asked = tokio::time::timeout(LAKE, ask(&engine, &question)).await;
        let asked = asked.map_err(|_| format!("no answer within {} s", LAKE.as_secs()))?;
        let signs = asked.map_err(|error: HeardError| chain(&error))?;
        if signs.unreadable > 0 {
            let fields = json!({"rows": signs.unreadable});
            log(Level::Warn, "rows of the lake's answer cannot be read", &fields);
        }
        let heard = signs.heard.into_iter().map(|(at, heard)| {
            let signs = LastSigns {
                heartbeat: heard.last_heartbeat,
                canary: heard.last_canary,
            };
            (at, signs)
        });
        Ok(heard.collect())
    }

    fn store(&self) -> Store<'_> {
        Store {
            s3: &self.s3,
            bucket: &self.bucket,
        }
    }
}

#[cfg(test)]
mod tests;
