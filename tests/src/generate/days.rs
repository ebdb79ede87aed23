//! One day after the other: what happens, and when it arrives.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::account::{Account, heartbeat};
use super::people::Person;
use super::random::Random;
use super::recipe::{Form, Recipe};
use super::{people, run};
use crate::day::happening::Happening;
use crate::day::state::seconds;

/// An event as it is written.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// When it arrives.
    pub at: Timestamp,
    pub account: String,
    pub region: String,
    /// One line of JSON: the envelope, or in a trail the record.
    pub text: String,
    pub(super) decision: bool,
}

/// Goes through the days; each has what arrives on it, in order.
pub struct Days {
    recipe: Recipe,
    morning: Timestamp,
    accounts: Vec<Account>,
    everybody: Vec<Person>,
    weights: f64,
    random: Random,
    pending: Vec<Delivered>,
}

impl Days {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(recipe: Recipe) -> Self {
        let mut random = Random::new(recipe.seed, "organization");
        let everybody = people::everybody(&mut random, recipe.accounts.len());
        let accounts: Vec<_> = recipe
            .accounts
            .iter()
            .map(|id| Account::new(recipe.seed, id, &recipe.regions, &everybody, recipe.days))
            .collect();
        Self {
            morning: recipe.until - SignedDuration::from_hours(24 * i64::from(recipe.days)),
            weights: accounts.iter().map(|account| account.weight).sum(),
            accounts,
            everybody,
            random,
            pending: Vec::new(),
            recipe,
        }
    }

    fn live(&mut self) {
        let share = self.share_of_today();
        let calls_only = self.recipe.form == Form::Trail;
        for number in 0..self.accounts.len() {
            let account = &mut self.accounts[number];
            account.due += share * account.weight / self.weights;
            let told = account.live(self.morning, calls_only, &self.everybody);
            let id = account.id.clone();
            for happening in told {
                self.deliver(&id, happening);
            }
        }
        if self.recipe.heartbeats && !calls_only {
            self.beat();
        }
    }

    /// How many of all events happen today: at week-ends hardly any.
    fn share_of_today(&self) -> f64 {
        let weight = |day: Timestamp| match day.to_zoned(TimeZone::UTC).weekday().to_monday_one_offset() {
            6 | 7 => 0.15,
            _ => 1.0,
        };
        let days =
            (0..i64::from(self.recipe.days)).map(|day| self.recipe.until - SignedDuration::from_hours(24 * (day + 1)));
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
        let events = self.recipe.events as f64;
        events * weight(self.morning) / days.map(weight).sum::<f64>()
    }

    fn beat(&mut self) {
        let begin = self.recipe.until - SignedDuration::from_hours(24 * i64::from(self.recipe.days));
        let hours = u64::try_from(self.morning.duration_since(begin).as_hours()).unwrap_or_default();
        for number in 0..self.accounts.len() {
            let account = &self.accounts[number];
            let (id, regions, silent) = (account.id.clone(), account.regions.clone(), account.silent);
            for hour in 0..24 {
                let is_silent = silent.is_some_and(|(from, to)| (from..to).contains(&(hours + hour)));
                let at = self.morning + SignedDuration::from_hours(i64::try_from(hour).unwrap_or_default());
                for region in regions.iter().filter(|_| !is_silent) {
                    let beat = heartbeat(&mut self.random, &id, region, at);
                    self.deliver(&id, beat);
                }
            }
        }
    }

    /// From the service to a file, once or twice.
    fn deliver(&mut self, account: &str, happening: Happening) {
        let Happening { mut at, mut event } = happening;
        let is_call = run::is_call(&event);
        if self.recipe.form == Form::Trail && !is_call {
            return;
        }
        let times = if self.recipe.delivered && self.random.chance(10) {
            2
        } else {
            1
        };
        let region = event["region"].as_str().unwrap_or_default().to_owned();
        for time in 0..times {
            if self.recipe.delivered && self.random.chance(2) {
                at += SignedDuration::from_hours(self.random.between(1, 20 * 24));
            } else if time > 0 {
                at += SignedDuration::from_secs(self.random.between(1, 6 * 3600));
            }
            if self.recipe.delivered && region != self.recipe.regions[0] && self.recipe.form == Form::Envelopes {
                event["id"] = self.random.uuid().into();
                event["time"] = seconds(at).into();
            }
            let what = if self.recipe.form == Form::Trail {
                &event["detail"]
            } else {
                &event
            };
            self.pending.push(Delivered {
                at,
                account: account.to_owned(),
                region: region.clone(),
                text: what.to_string(),
                decision: is_call
                    && event["detail"]["eventName"] == "PutApprovalResult"
                    && event["detail"]["errorCode"].is_null(),
            });
        }
    }
}

impl Iterator for Days {
    type Item = Vec<Delivered>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.morning >= self.recipe.until {
            return None;
        }
        self.live();
        self.morning += SignedDuration::from_hours(24);
        self.pending.sort_by_key(|delivered| delivered.at);
        let later = self.pending.partition_point(|delivered| delivered.at < self.morning);
        let later = self.pending.split_off(later);
        Some(std::mem::replace(&mut self.pending, later))
    }
}

impl Recipe {
    /// All of it in one list, for few events.
    #[must_use]
    pub fn all(self) -> Vec<Delivered> {
        Days::new(self).flatten().collect()
    }
}
