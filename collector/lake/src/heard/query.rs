//! The query as text. Athena (Trino) and DuckDB both take it: no date functions, no views, and only the
//! partitions of the days and months that are named. It reads every copy of an event: the latest of them is
//! the latest event, and nothing has to be compared for it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pipetrail_collector::Table;
use pipetrail_names::member::{CANARY_CALL, forwarder};

use crate::tiers::Tier;

/// When the last heartbeat was: one that came for an earlier hour counts as of that hour.
const BEAT: &str =
    "max(CASE WHEN substr(event_time, 1, 13) > substr(covered_hour, 1, 13) THEN covered_hour ELSE event_time END)";

/// How far ahead the clock of an event may be. A sender chooses its event's time: a heartbeat of next
/// year would hide a silence until then.
const AHEAD: SignedDuration = SignedDuration::from_mins(15);

/// The columns of the answer.
pub(super) const COLUMNS: [&str; 5] = ["account_id", "region", "last_event", "last_heartbeat", "last_canary"];

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Events, heartbeats and the canary, in both tiers.
    Everything,
    /// Heartbeats and the canary, in both tiers.
    Life,
    /// Heartbeats and the canary among what has landed lately: that of at least six hours.
    Arrivals,
}

/// What was heard until now, where `silent_after` is too long without a heartbeat.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub topic: Topic,
    pub now: Timestamp,
    pub silent_after: SignedDuration,
}

impl Question {
    /// Heartbeats are looked for by day, as far back as the silence reaches, and yesterday's at least;
    /// events by month, in this one and the last. All in UTC.
    pub(super) fn sql(&self) -> String {
        let Question {
            topic,
            now,
            silent_after,
        } = *self;
        let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        let back = silent_after.max(SignedDuration::from_hours(24));
        let since = now
            .checked_sub(back)
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .max(Timestamp::UNIX_EPOCH);
        let until = now.checked_add(AHEAD).unwrap_or(Timestamp::MAX);
        let days = format!("day BETWEEN '{}' AND '{}'", day(since), day(until));
        let this_month = day(now).first_of_month();
        let last_month = this_month.yesterday().unwrap_or(this_month);
        let month = |day: Date| day.strftime("%Y-%m");
        let months = format!("month IN ('{}', '{}')", month(last_month), month(this_month));
        let [account, region, event, heartbeat, canary] = COLUMNS;
        // The role of the call is in no other table.
        let is_canary = format!(
            "event_name = '{CANARY_CALL}' AND role_name = '{}' || region",
            forwarder("")
        );
        let none = "CAST(NULL AS varchar)";
        let from = |table: Table| {
            let (last_event, last_beat, last_canary) = match (table, topic) {
                (Table::Heartbeats, _) => (none.to_owned(), BEAT, none.to_owned()),
                (Table::ApiCalls, Topic::Everything) => (
                    format!("max(CASE WHEN {is_canary} THEN NULL ELSE event_time END)"),
                    none,
                    format!("max(CASE WHEN {is_canary} THEN event_time END)"),
                ),
                (Table::ApiCalls, _) => (none.to_owned(), none, "max(event_time)".to_owned()),
                _ => ("max(event_time)".to_owned(), none, none.to_owned()),
            };
            let (partitions, mut counts) = match table {
                Table::Heartbeats => (&days, "covered_hour IS NOT NULL".to_owned()),
                _ => (&months, "time_in_doubt IS NULL".to_owned()),
            };
            if table == Table::ApiCalls && topic != Topic::Everything {
                counts = format!("{counts} AND {is_canary}");
            }
            let tier = match topic {
                Topic::Arrivals => Tier::Landing,
                _ => Tier::Every,
            };
            format!(
                "SELECT {account}, {region}, {last_event} AS {event}, {last_beat} AS {heartbeat}, {last_canary} AS {canary} \
                 FROM {} WHERE {partitions} AND event_time <= '{until:.3}' AND {counts} \
                 GROUP BY {account}, {region}",
                tier.of(table),
            )
        };
        let asked = |table: &Table| topic == Topic::Everything || matches!(table, Table::Heartbeats | Table::ApiCalls);
        let parts: Vec<String> = Table::DELIVERED.into_iter().filter(asked).map(from).collect();
        format!(
            "SELECT {account}, {region}, max({event}) AS {event}, max({heartbeat}) AS {heartbeat}, max({canary}) AS {canary} \
             FROM (\n  {}\n) AS seen GROUP BY {account}, {region}",
            parts.join("\n  UNION ALL ")
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tiers::over_glue;

    /// Of events: everything but heartbeats.
    const EVENTS: usize = Table::DELIVERED.len() - 1;

    fn asked(topic: Topic, now: &str, silent_after: SignedDuration) -> String {
        let now = now.parse().unwrap();
        Question {
            topic,
            now,
            silent_after,
        }
        .sql()
    }

    fn window(now: &str, silent_after: SignedDuration) -> String {
        asked(Topic::Everything, now, silent_after)
    }

    #[test]
    fn only_the_partitions_of_the_silence_and_of_two_months_are_read() {
        let hours = SignedDuration::from_hours;
        let sql = window("2027-01-01T00:10:00Z", hours(3));
        assert!(
            sql.contains("FROM every_heartbeats WHERE day BETWEEN '2026-12-31' AND '2027-01-01' AND event_time <= '2027-01-01T00:25:00.000Z' AND covered_hour IS NOT NULL GROUP BY"),
            "{sql}"
        );
        assert_eq!(sql.matches("month IN ('2026-12', '2027-01')").count(), EVENTS);
        assert_eq!(sql.matches("WHERE").count(), EVENTS + 1);
        let patient = window("2027-01-10T12:00:00Z", hours(72));
        assert!(patient.contains("day BETWEEN '2027-01-07' AND '2027-01-10'"));
        assert!(
            window("2027-01-10T12:00:00Z", SignedDuration::MAX).contains("day BETWEEN '1970-01-01' AND '2027-01-10'")
        );
    }

    #[test]
    fn just_before_midnight_the_next_day_is_read_too() {
        let sql = window("2026-12-31T23:50:00Z", SignedDuration::from_hours(3));
        let heard = "day BETWEEN '2026-12-30' AND '2027-01-01' AND event_time <= '2027-01-01T00:05:00.000Z'";
        assert!(sql.contains(heard), "{sql}");
    }

    #[test]
    fn the_text_of_the_query() {
        let sql = window("2026-11-21T12:00:00Z", SignedDuration::from_hours(3));
        let lines: Vec<&str> = sql.lines().collect();
        assert_eq!(lines.len(), EVENTS + 3);
        assert_eq!(
            lines[0],
            "SELECT account_id, region, max(last_event) AS last_event, max(last_heartbeat) AS last_heartbeat, max(last_canary) AS last_canary FROM ("
        );
        assert_eq!(
            lines[4],
            "  UNION ALL SELECT account_id, region, max(event_time) AS last_event, CAST(NULL AS varchar) AS last_heartbeat, \
             CAST(NULL AS varchar) AS last_canary \
             FROM every_approval_calls WHERE month IN ('2026-10', '2026-11') \
             AND event_time <= '2026-11-21T12:15:00.000Z' AND time_in_doubt IS NULL GROUP BY account_id, region"
        );
        assert_eq!(
            lines[6],
            "  UNION ALL SELECT account_id, region, CAST(NULL AS varchar) AS last_event, \
             max(CASE WHEN substr(event_time, 1, 13) > substr(covered_hour, 1, 13) THEN covered_hour ELSE event_time END) AS last_heartbeat, \
             CAST(NULL AS varchar) AS last_canary \
             FROM every_heartbeats WHERE day BETWEEN '2026-11-20' AND '2026-11-21' \
             AND event_time <= '2026-11-21T12:15:00.000Z' AND covered_hour IS NOT NULL GROUP BY account_id, region"
        );
        assert_eq!(lines[8], ") AS seen GROUP BY account_id, region");
    }

    #[test]
    fn arrivals_are_heartbeats_and_the_canary_of_landing_alone() {
        let sql = asked(Topic::Arrivals, "2026-11-21T12:00:00Z", SignedDuration::from_hours(3));
        let lines: Vec<&str> = sql.lines().collect();
        assert_eq!(lines.len(), 4, "{sql}");
        assert!(
            lines[1].ends_with(
                "max(event_time) AS last_canary FROM landing_api_calls WHERE month IN ('2026-10', '2026-11') \
                 AND event_time <= '2026-11-21T12:15:00.000Z' AND time_in_doubt IS NULL AND event_name = 'StopPipelineExecution' \
                 AND role_name = 'pipetrail-forwarder-' || region GROUP BY account_id, region"
            ),
            "{sql}"
        );
        assert!(!over_glue(&sql).contains("settled_"), "{sql}");
        let life = asked(Topic::Life, "2026-11-21T12:00:00Z", SignedDuration::from_hours(3));
        assert_eq!(life.replace("every_", "landing_"), sql);
    }

    #[test]
    fn every_table_of_the_lake_is_asked_but_the_dropped_copies() {
        let sql = window("2026-11-21T12:00:00Z", SignedDuration::from_hours(3));
        let sent = over_glue(&sql);
        let words: BTreeSet<&str> = sent.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let locations = pipetrail_collector::templates::DATA.lines().filter_map(|line| {
            let location = line.trim().strip_prefix("Location: !Sub s3://${LakeBucket}/")?;
            location.strip_suffix('/')
        });
        let (asked, left): (Vec<String>, Vec<String>) = locations
            .map(|location| match location.strip_prefix("landing/") {
                Some(table) => format!("landing_{table}"),
                None if location == "copies" => location.to_owned(),
                None => format!("settled_{location}"),
            })
            .partition(|table| words.contains(table.as_str()));
        assert_eq!(left, ["settled_own_changes", "copies"]);
        assert_eq!(asked.len(), 2 * Table::DELIVERED.len(), "{asked:?}");
    }
}
