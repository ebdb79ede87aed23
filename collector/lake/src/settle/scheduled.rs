//! λ settle: what one call of the schedule does for one table.
//!
//! Every hour it looks at what landed and settles the days that are over. Once a day, at a fixed hour, it also
//! expires, deletes and compares the catalogue; in some hours it closes. What it leaves undone, the next hour
//! does. An error fails the call, which an alarm tells; nothing is lost by it.

use std::ops::Range;
use std::time::{Instant, SystemTime};

use aws_config::SdkConfig;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pipetrail_collector::Table;
use pipetrail_collector::telemetry::{Level, counts, log, measure};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use super::{Done, Ended, Limits, Objects, Problem, RunError, SettleError, Task, name, run};
use crate::catalog::Catalog;
use crate::store::{Lake, LakeError, Location};

/// The hour of the day, UTC, at which it tidies: days are settled an hour before.
const TIDIES: i8 = 3;

/// The hours at which it closes: after a month's end more waits than one call can do.
const CLOSES: Range<i8> = 3..10;

/// Bytes of files that one unit reads: it has to fit into a third of a call.
const UNIT: u64 = 512 << 20;

/// Bytes of rows that are held in memory.
const MEMORY: usize = 256 << 20;

/// The metrics that an alarm of the pipeline's template looks at.
const SET_ASIDE: &str = "SetAside";
const LEFT: &str = "Left";
const REJECTED: &str = "Rejected";
const LANDING_DAYS: &str = "LandingDays";

/// What the schedule sends.
#[derive(Debug, Deserialize)]
pub struct Call {
    /// The table's name.
    pub table: String,
    /// The time that the call was scheduled for, RFC 3339.
    pub time: String,
}

/// What the function works with, built once at cold start.
#[derive(Debug)]
pub struct Settler {
    config: SdkConfig,
    catalog: Catalog,
    bucket: Location,
    retention: Option<u32>,
}

/// What keeps a call from settling.
#[derive(Debug, Error)]
pub enum CallFailed {
    /// The function's environment is not what its template gives.
    #[error("environment variable {name} is {value}, which is {expected}")]
    Environment {
        name: &'static str,
        value: String,
        expected: &'static str,
    },
    /// The schedule sends what it must not.
    #[error("the schedule sends {field} {value}, which is {expected}")]
    Schedule {
        field: &'static str,
        value: String,
        expected: &'static str,
    },
    /// The lake cannot be opened.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The run ended before its end.
    #[error(transparent)]
    Run(#[from] RunError<SettleError>),
}

impl Settler {
    /// For a lake in a bucket, whose months are kept for so many days, or for ever where that is 0.
    ///
    /// # Errors
    /// The names or the number are none.
    pub fn new(config: &SdkConfig, database: String, bucket: &str, retention: &str) -> Result<Self, CallFailed> {
        let wrong = |name, value: &str, expected| CallFailed::Environment {
            name,
            value: value.to_owned(),
            expected,
        };
        let days: u32 = (retention.parse()).map_err(|_| wrong("RETENTION_DAYS", retention, "no number of days"))?;
        let place = format!("s3://{bucket}").parse();
        Ok(Settler {
            config: config.clone(),
            catalog: Catalog::new(config, database),
            bucket: place.map_err(|_| wrong("LAKE_BUCKET", bucket, "no bucket"))?,
            retention: Some(days).filter(|days| *days > 0),
        })
    }

    /// Settles one table; ends in time for the deadline of the call.
    ///
    /// # Errors
    /// The call names no table or time, or the run ended before its end. What it did until then stays.
    pub async fn settle(&self, call: &Call, deadline: SystemTime) -> Result<(), CallFailed> {
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let ends = Instant::now() + left;
        let wrong = |field, value: &str, expected| CallFailed::Schedule {
            field,
            value: value.to_owned(),
            expected,
        };
        let table = Table::from_name(&call.table).ok_or_else(|| wrong("table", &call.table, "no table"))?;
        let time: Timestamp = (call.time.parse()).map_err(|_| wrong("time", &call.time, "no time"))?;
        let lake = Lake::open(&self.bucket, async || self.config.clone()).await?;
        let task = self.task(name(&lake), table, time, ends);
        let limits = Limits {
            jobs: 1,
            memory: MEMORY,
            temp: std::env::temp_dir(),
        };
        let world = Objects::new(lake, table, limits, Some(self.catalog.clone()), None);
        // Boxed: the layers around it would nest deeper than the compiler looks.
        let Ended { done, error } = Box::pin(run(&world, &task)).await;
        // What was done is told, whatever ended it.
        tell(table, &done);
        // Not where the run ended before it could know. For a table in which nothing lands, the 0 says that the run came.
        if error.is_none() || done.waits_since.is_some() {
            let days = days_of_waiting(done.waits_since.as_deref(), task.now);
            measure(&[("function", "settle"), ("table", table.name())], LANDING_DAYS, days);
        }
        error.map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Settler {
    /// What a call that was scheduled for that time may do. A schedule's time that is ahead is not believed.
    fn task(&self, lake: String, table: Table, time: Timestamp, ends: Instant) -> Task {
        let hour = time.to_zoned(TimeZone::UTC).hour();
        Task {
            lake,
            table,
            now: time.min(Timestamp::now()),
            bytes: UNIT,
            retention: self.retention,
            tidies: hour == TIDIES,
            closes: CLOSES.contains(&hour),
            ends: Some(ends),
        }
    }
}

fn tell(table: Table, done: &Done) {
    let problem = |message: &str, problem: &Problem| {
        let fields = json!({"table": table.name(), "key": problem.key, "why": problem.why});
        log(Level::Warn, message, &fields);
    };
    done.set_aside.iter().for_each(|aside| problem("file set aside", aside));
    done.left.iter().for_each(|left| problem("file left where it is", left));
    log(Level::Info, "settled", &json!({"table": table.name(), "done": done}));
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let rejected = done.settled.rejected + done.closed.rejected;
    counts(
        "settle",
        &[
            (SET_ASIDE, done.set_aside.len()),
            (LEFT, done.left.len()),
            (REJECTED, count(rejected)),
            ("RowsSettled", count(done.settled.rows_in)),
            ("PartitionsRepaired", count(done.repaired)),
        ],
    );
}

/// Whole days since the oldest arrival day of which a file waits.
fn days_of_waiting(since: Option<&str>, now: Timestamp) -> usize {
    let since = since.and_then(|day| format!("{day}T00:00:00Z").parse::<Timestamp>().ok());
    let waited = since.map_or(SignedDuration::ZERO, |since| now.duration_since(since));
    usize::try_from(waited.as_hours() / 24).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settler(bucket: &str, retention: &str) -> Result<Settler, CallFailed> {
        let config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .region(aws_config::Region::new("eu-central-1"))
            .build();
        Settler::new(&config, "pipetrail".to_owned(), bucket, retention)
    }

    #[test]
    fn an_environment_that_the_template_does_not_give_is_named() {
        assert_eq!(settler("lake", "0").unwrap().retention, None);
        assert_eq!(settler("lake", "2557").unwrap().retention, Some(2557));
        for (bucket, retention, name) in [("lake", "ever", "RETENTION_DAYS"), ("lake", "-1", "RETENTION_DAYS")] {
            let error = settler(bucket, retention).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(retention), "{error}");
        }
        assert!(settler("", "0").unwrap_err().to_string().contains("LAKE_BUCKET"));
    }

    #[tokio::test]
    async fn a_call_without_a_table_or_a_time_fails_before_anything_is_opened() {
        let settler = settler("lake", "0").unwrap();
        for (table, time, expected) in [
            ("settled_api_calls", "2026-11-30T03:00:00Z", "table settled_api_calls"),
            (
                "api_calls",
                "<aws.scheduler.scheduled-time>",
                "time <aws.scheduler.scheduled-time>",
            ),
        ] {
            let (table, time) = (table.to_owned(), time.to_owned());
            let failed = settler.settle(&Call { table, time }, SystemTime::now()).await;
            let error = failed.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn it_tidies_once_a_day_and_closes_in_some_hours_after_that() {
        let settler = settler("lake", "2557").unwrap();
        for (hour, tidies, closes) in [
            (2, false, false),
            (3, true, true),
            (4, false, true),
            (9, false, true),
            (10, false, false),
        ] {
            let time: Timestamp = format!("2026-11-25T{hour:02}:16:00Z").parse().unwrap();
            let task = settler.task("lake".to_owned(), Table::ApiCalls, time, Instant::now());
            assert_eq!((task.tidies, task.closes, task.now), (tidies, closes, time), "{hour}");
            assert_eq!(task.retention, Some(2557));
        }
        let ahead: Timestamp = "2999-01-01T03:00:00Z".parse().unwrap();
        let task = settler.task("lake".to_owned(), Table::ApiCalls, ahead, Instant::now());
        assert!(task.now <= Timestamp::now());
    }

    #[test]
    fn the_alarms_name_the_metrics_that_it_writes() {
        let template = pipetrail_collector::templates::PIPELINE;
        let (_, loops) = template.split_once("Fn::ForEach::SettleAlarms:").unwrap();
        assert!(loops.starts_with(&format!("\n    - Metric\n    - [{SET_ASIDE}, {LEFT}, {REJECTED}]\n")));
        let dimensions = "[{Name: function, Value: settle}, {Name: table, Value: !Ref Table}]";
        assert!(template.contains(&format!(
            "MetricName: {LANDING_DAYS}\n          Dimensions: {dimensions}\n"
        )));
    }

    #[test]
    fn days_of_waiting_are_whole_ones_since_the_day_began() {
        let now = "2026-11-30T03:00:00Z".parse().unwrap();
        for (since, days) in [
            (None, 0),
            (Some("2026-11-30"), 0),
            (Some("2026-11-29"), 1),
            (Some("2026-11-26"), 4),
            (Some("2026-12-02"), 0),
            (Some("no day"), 0),
        ] {
            assert_eq!(days_of_waiting(since, now), days, "{since:?}");
        }
    }
}
