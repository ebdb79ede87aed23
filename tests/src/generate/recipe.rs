//! What to generate.

use clap::ValueEnum;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::random::Random;
use crate::organization::{HOME, SECOND};

/// A form of event files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// `.ndjson.gz`: one EventBridge envelope a line.
    Envelopes,
    /// `.json.gz`: CloudTrail log files.
    Trail,
}

#[derive(Clone, Debug)]
pub struct Recipe {
    pub accounts: Vec<String>,
    /// Regions; the first is the audit account's home.
    pub regions: Vec<String>,
    /// The first moment that is not generated any more.
    pub until: Timestamp,
    /// Days before that.
    pub days: u32,
    /// Another seed gives other events.
    pub seed: u64,
    /// About how many events, heartbeats apart.
    pub events: u64,
    pub heartbeats: bool,
    /// Whether events are as a bus at home got them: some twice, some days late, those of other
    /// Regions with an `id` and a `time` of the hop. Otherwise as their services emit them, once.
    pub delivered: bool,
    pub form: Form,
    /// In a trail: records of other services for each one of CodePipeline.
    pub noise: u32,
}

impl Recipe {
    /// A recipe for so many accounts, made up from the seed.
    #[must_use]
    pub fn new(accounts: u32, days: u32, seed: u64, events: u64) -> Self {
        let mut random = Random::new(seed, "accounts");
        let mut ids: Vec<String> = Vec::new();
        while ids.len() < usize::try_from(accounts).unwrap_or(usize::MAX) {
            // Leading zeros are real.
            let limit = if ids.len().is_multiple_of(10) {
                1_000_000_000
            } else {
                1_000_000_000_000
            };
            let id = format!("{:012}", random.below(limit));
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Self {
            accounts: ids,
            regions: [HOME, SECOND, "us-east-1"].map(str::to_owned).to_vec(),
            until: end_of(Date::constant(2026, 11, 20)),
            days,
            seed,
            events,
            heartbeats: true,
            delivered: true,
            form: Form::Envelopes,
            noise: 0,
        }
    }
}

/// The first moment after a day, UTC.
pub(super) fn end_of(day: Date) -> Timestamp {
    let midnight = day.saturating_add(SignedDuration::from_hours(24));
    midnight
        .to_zoned(TimeZone::UTC)
        .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}
