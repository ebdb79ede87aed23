//! Events of a whole organization over many days, in the shapes of the real ones and the same for
//! the same seed: for tests, for benchmarks, and to try `pipetrail ingest` with.
//!
//! They come day by day, as they would arrive, so that a day is all that is ever in memory.

mod account;
mod files;
mod noise;
mod people;
mod random;
mod run;
mod story;
mod words;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use self::files::{Written, write};

use self::account::{Account, heartbeat};
use self::people::Person;
use self::random::Random;
use self::story::Happening;
use crate::day::state::seconds;
use crate::organization::{HOME, SECOND};
use crate::printer;

/// Write the events of a made-up organization into files
///
/// The same seed gives the same events. Two forms: EventBridge envelopes, as a bus delivers them, and
/// CloudTrail log files in the folders of an organization trail, which hold API calls only.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Accounts of the organization
    #[arg(long, value_name = "N", default_value_t = 200)]
    accounts: u32,
    /// Days, of which the last is `--until`
    #[arg(long, value_name = "N", default_value_t = 90)]
    days: u32,
    /// Another seed gives other events
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// About how many events, heartbeats apart; without it 60 per account and day
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Form::Envelopes)]
    form: Form,
    /// Records of other services for each one of CodePipeline, in CloudTrail log files
    #[arg(long, value_name = "N", default_value_t = 0)]
    noise: u32,
    /// Last day, UTC
    #[arg(long, value_name = "DATE", default_value = "2026-11-20")]
    until: Date,
    /// No heartbeats: by default one an hour for each account and Region, with gaps in some
    #[arg(long)]
    no_heartbeats: bool,
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// A form of event files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// `.ndjson.gz`: one EventBridge envelope a line.
    Envelopes,
    /// `.json.gz`: CloudTrail log files.
    Trail,
}

/// What to generate.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Account ids.
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
    /// Whether there are heartbeats.
    pub heartbeats: bool,
    /// Whether events are as a bus at home got them: some twice, some days late, those of other
    /// Regions with an `id` and a `time` of the hop. Otherwise as their services emit them, once.
    pub delivered: bool,
    /// What is written of them.
    pub form: Form,
    /// In a trail: records of other services for each one of CodePipeline.
    pub noise: u32,
}

impl Plan {
    /// A plan for so many accounts, made up from the seed.
    #[must_use]
    pub fn new(accounts: u32, days: u32, seed: u64, events: u64) -> Self {
        let mut random = Random::new(seed, "accounts");
        let mut ids: Vec<String> = Vec::new();
        while ids.len() < usize::try_from(accounts).unwrap_or(usize::MAX) {
            // Leading zeros are real.
            let limit = if ids.len() % 10 == 0 {
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

    /// All of it in one list, for few events.
    #[must_use]
    pub fn all(self) -> Vec<Delivered> {
        Days::new(self).flatten().collect()
    }
}

fn end_of(day: Date) -> Timestamp {
    let midnight = day.saturating_add(SignedDuration::from_hours(24));
    midnight
        .to_zoned(TimeZone::UTC)
        .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// `cargo local-org generate`.
///
/// # Errors
/// When the folder cannot be written to.
pub fn run(args: &Args) -> Result<()> {
    let events = args
        .events
        .unwrap_or(u64::from(args.accounts) * u64::from(args.days) * 60);
    let plan = Plan {
        until: end_of(args.until),
        heartbeats: !args.no_heartbeats,
        form: args.form,
        noise: args.noise,
        ..Plan::new(args.accounts, args.days, args.seed, events)
    };
    let written = write(plan, &args.out).with_context(|| format!("cannot write into {}", args.out.display()))?;
    printer::data(&serde_json::to_string(&written)?);
    Ok(())
}

/// An event as it is written.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// When it arrives.
    pub at: Timestamp,
    /// Where it happened.
    pub account: String,
    /// Where it happened.
    pub region: String,
    /// One line of JSON: the envelope, or in a trail the record.
    pub text: String,
    decision: bool,
}

/// Goes through the days; each has what arrives on it, in order.
pub struct Days {
    plan: Plan,
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
    pub fn new(plan: Plan) -> Self {
        let mut random = Random::new(plan.seed, "organization");
        let everybody = people::everybody(&mut random, plan.accounts.len());
        let accounts: Vec<_> = plan
            .accounts
            .iter()
            .map(|id| Account::new(plan.seed, id, &plan.regions, &everybody, plan.days))
            .collect();
        Self {
            morning: plan.until - SignedDuration::from_hours(24 * i64::from(plan.days)),
            weights: accounts.iter().map(|account| account.weight).sum(),
            accounts,
            everybody,
            random,
            pending: Vec::new(),
            plan,
        }
    }

    fn live(&mut self) {
        let share = self.share_of_today();
        let calls_only = self.plan.form == Form::Trail;
        for number in 0..self.accounts.len() {
            let account = &mut self.accounts[number];
            account.due += share * account.weight / self.weights;
            let told = account.live(self.morning, calls_only, &self.everybody);
            let id = account.id.clone();
            for happening in told {
                self.deliver(&id, happening);
            }
        }
        if self.plan.heartbeats && !calls_only {
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
            (0..i64::from(self.plan.days)).map(|day| self.plan.until - SignedDuration::from_hours(24 * (day + 1)));
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more")]
        let events = self.plan.events as f64;
        events * weight(self.morning) / days.map(weight).sum::<f64>()
    }

    fn beat(&mut self) {
        let begin = self.plan.until - SignedDuration::from_hours(24 * i64::from(self.plan.days));
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
        if self.plan.form == Form::Trail && !is_call {
            return;
        }
        let times = if self.plan.delivered && self.random.chance(10) {
            2
        } else {
            1
        };
        let region = event["region"].as_str().unwrap_or_default().to_owned();
        for time in 0..times {
            if self.plan.delivered && self.random.chance(2) {
                at += SignedDuration::from_hours(self.random.between(1, 20 * 24));
            } else if time > 0 {
                at += SignedDuration::from_secs(self.random.between(1, 6 * 3600));
            }
            if self.plan.delivered && region != self.plan.regions[0] && self.plan.form == Form::Envelopes {
                event["id"] = self.random.uuid().into();
                event["time"] = seconds(at).into();
            }
            let what = if self.plan.form == Form::Trail {
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
        if self.morning >= self.plan.until {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pipetrail_collector::Event;
    use serde_json::Value;

    use super::*;
    use crate::wire::Envelope;

    fn small() -> Plan {
        Plan::new(7, 12, 3, 4000)
    }

    #[test]
    fn a_seed_always_gives_the_same_events_and_another_seed_gives_others() {
        let texts = |plan: Plan| plan.all().into_iter().map(|event| event.text).collect::<Vec<_>>();
        assert_eq!(texts(small()), texts(small()));
        assert_ne!(texts(small()), texts(Plan { seed: 4, ..small() }));
    }

    #[test]
    fn every_event_can_be_carried_becomes_a_row_and_arrives_in_order() {
        let all = small().all();
        assert!(all.len() > 4000, "{}", all.len());
        assert!(all.is_sorted_by_key(|event| event.at));
        let (mut keys, mut tables) = (BTreeSet::new(), BTreeSet::new());
        for event in &all {
            Envelope::parse(event.text.as_bytes()).unwrap().carriable().unwrap();
            let parsed = Event::parse(event.text.as_bytes()).unwrap();
            tables.insert(parsed.table().name());
            keys.insert(parsed.key());
        }
        // Some come twice, and only some.
        assert!(
            (90..100).contains(&(keys.len() * 100 / all.len())),
            "{} of {}",
            keys.len(),
            all.len()
        );
        assert_eq!(tables.len(), 6, "{tables:?}");
    }

    #[test]
    fn as_emitted_nothing_comes_twice_and_no_hop_has_changed_an_event() {
        let plan = Plan {
            delivered: false,
            heartbeats: false,
            ..small()
        };
        let all = plan.all();
        let keys: BTreeSet<_> = all
            .iter()
            .map(|event| pipetrail_collector::event_key(event.text.as_bytes()).unwrap())
            .collect();
        assert_eq!(keys.len(), all.len());
    }

    #[test]
    fn a_trail_holds_each_record_once_among_its_noise() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            form: Form::Trail,
            noise: 9,
            ..Plan::new(3, 5, 1, 60)
        };
        let written = write(plan, folder.path()).unwrap();
        assert_eq!(written.noise, written.events * 9);
        let (mut ours, mut all) = (0_u64, 0_u64);
        let mut folders = vec![folder.path().to_owned()];
        while let Some(path) = folders.pop() {
            if path.is_dir() {
                folders.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let file = std::fs::File::open(&path).unwrap();
            let log: Value = serde_json::from_reader(flate2::read::GzDecoder::new(file)).unwrap();
            let records = log["Records"].as_array().unwrap();
            all += u64::try_from(records.len()).unwrap();
            let of_codepipeline = |record: &&Value| record["eventSource"] == "codepipeline.amazonaws.com";
            ours += u64::try_from(records.iter().filter(of_codepipeline).count()).unwrap();
        }
        assert_eq!((ours, all), (written.events, written.events * 10));
    }
}
