//! Stands in for the archive of a bus and for `StartReplay`: no emulator archives what is forwarded to it.
//!
//! Which events are kept, and for how long, comes from the deployed template. An event is in the archive
//! some time after it reached the bus, as on AWS: whoever replays too early misses it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::wire::Envelope;

/// The archive of one bus.
pub struct Archive {
    /// ARN of the bus.
    pub bus: String,
    pub name: String,
    pub pattern: String,
    pub retention_days: i64,
    delay: Duration,
    kept: Mutex<Vec<(Instant, Envelope)>>,
    replays: Mutex<BTreeMap<String, Replay>>,
}

/// A replay that has not completed.
#[derive(Clone, Debug)]
pub enum Replay {
    Running,
    /// Why.
    Failed(String),
}

/// What `StartReplay` asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub name: String,
    pub from: Timestamp,
    pub until: Timestamp,
    /// ARNs of the rules that take it.
    pub rules: Vec<String>,
}

impl Archive {
    /// From the properties of an `AWS::Events::Archive`; an event is in it after `delay`.
    ///
    /// # Errors
    /// When one is missing.
    pub fn new(properties: &Value, delay: Duration) -> Result<Self> {
        let text = |key: &str| {
            let value = properties[key].as_str().map(str::to_owned);
            value.with_context(|| format!("an archive without {key}"))
        };
        let days = &properties["RetentionDays"];
        let days = days.as_i64().or_else(|| days.as_str()?.parse().ok());
        Ok(Self {
            bus: text("SourceArn")?,
            name: text("ArchiveName")?,
            pattern: properties["EventPattern"].to_string(),
            retention_days: days.context("an archive without RetentionDays")?,
            delay,
            kept: Mutex::default(),
            replays: Mutex::default(),
        })
    }

    /// The replay of that name; `None` where it has completed or never began.
    #[must_use]
    pub fn replay(&self, name: &str) -> Option<Replay> {
        locked(&self.replays).get(name).cloned()
    }

    /// Takes note that a replay begins.
    pub fn begins(&self, name: &str) {
        locked(&self.replays).insert(name.to_owned(), Replay::Running);
    }

    /// What a replay finds: of that time, not too old, and in the archive already.
    #[must_use]
    pub fn of(&self, asked: &Asked) -> Vec<Envelope> {
        let oldest = Timestamp::now() - SignedDuration::from_hours(24 * self.retention_days);
        let is_asked = |envelope: &Envelope| {
            let time = envelope.text("time").and_then(|time| time.parse::<Timestamp>().ok());
            time.is_some_and(|time| asked.from <= time && time <= asked.until && time >= oldest)
        };
        let kept = locked(&self.kept);
        let there = kept.iter().filter(|(arrived, _)| arrived.elapsed() >= self.delay);
        there
            .filter(|(_, envelope)| is_asked(envelope))
            .map(|(_, envelope)| envelope.clone())
            .collect()
    }

    /// Keeps an event.
    pub fn keep(&self, envelope: &Envelope) {
        locked(&self.kept).push((Instant::now(), envelope.clone()));
    }

    /// Takes note that a replay has ended, and how.
    pub fn ends(&self, name: &str, how: Result<()>) {
        let mut replays = locked(&self.replays);
        match how {
            Ok(()) => replays.remove(name),
            Err(error) => replays.insert(name.to_owned(), Replay::Failed(format!("{error:#}"))),
        };
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
