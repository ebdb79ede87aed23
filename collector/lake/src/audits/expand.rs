//! Macros: what stands in braces in an audit's SQL.
//!
//! - `{approval_calls}`, any table: its rows within the window, of the chosen accounts and pipelines, each
//!   event once. `{approval_calls since 60 days}` begins so much earlier. `{approval_calls copies}` is every
//!   copy, also a day before and behind the window; of those of an event the one with the lowest
//!   `precedence` counts.
//! - `{dropped}`: copies that went into the table `copies` when rows were settled, those that
//!   `{approval_calls copies}` would show of each table, with their `precedence`.
//! - `{gates}`, any file of `audits/shared/`: that expression.
//! - `{:from}`, `{:to}` (as `event_time`), `{:from_ms}`, `{:to_ms}` (as `event_ms`), `{:hours}` (clock
//!   hours that the window touches), and `{:name}` of a parameter: that value as a literal.
//! - `{:hours_without_rules}`: the clock hours of the window, as `2026-11-20T08`, in which the bus had no rules for a
//!   while, because we replaced the pipeline stack; `{:count_without_rules}` is how many.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use pipetrail_collector::Table;

use super::error::AuditError;
use super::files::SHARED;
use super::parameters::{Parameters, literal, literals, text};
use super::signature::AuditParameter;
use crate::tiers::{self, Tier};

/// How far apart the copies of an event may be: EventBridge tries for a day, and a hop across regions
/// gives each copy the time of its own arrival.
const APART: SignedDuration = SignedDuration::from_hours(24);

/// Deepest nesting of shared expressions; they are written by hand.
const DEPTH: usize = 8;

/// What an audit reads of a dropped copy. The same copy can be there twice: a run that was ended writes its
/// copies again.
const DROPPED: &str = "table_name, account_id, event_key, event_time, event_ms, ingested_at, event_id, source, \
                       source_file, content_sha256, says, addendum_of";

/// Expands one audit.
pub(super) struct Expansion<'a> {
    bound: &'a Parameters,
    parameters: &'a [AuditParameter],
}

impl<'a> Expansion<'a> {
    pub(super) fn new(bound: &'a Parameters, parameters: &'a [AuditParameter]) -> Self {
        Expansion { bound, parameters }
    }

    /// The text with everything in braces replaced. Values are put in last and never read again.
    pub(super) fn expand(&self, name: &str, text: &str) -> Result<String, AuditError> {
        self.within(name, text, DEPTH)
    }

    fn within(&self, name: &str, text: &str, depth: usize) -> Result<String, AuditError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            out.push_str(before);
            let (found, after) = behind.split_once('}').unwrap_or((behind, ""));
            let replaced = self.replaced(found, depth)?;
            let replaced = replaced.ok_or_else(|| AuditError::Text {
                audit: name.to_owned(),
                found: found.to_owned(),
            })?;
            // What goes over several lines is indented as the line it stands in.
            let line = out.lines().next_back().unwrap_or_default();
            let indent = " ".repeat(line.len() - line.trim_start().len());
            out.push_str(&replaced.replace('\n', &format!("\n{indent}")));
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn replaced(&self, found: &str, depth: usize) -> Result<Option<String>, AuditError> {
        if let Some(name) = found.strip_prefix(':') {
            return self.value(name);
        }
        if let Some(table) = found.strip_suffix(" copies").and_then(Table::from_name) {
            return Ok(Some(format!(
                "(\n  SELECT *, {} AS precedence\n  FROM {}\n  WHERE {}\n)",
                tiers::precedence(table),
                Tier::Every.of(table),
                self.read(table.partition_keys(), 0, None).replace('\n', "\n  "),
            )));
        }
        if found == "dropped" {
            return Ok(Some(format!(
                "(\n  SELECT DISTINCT {DROPPED}, {} AS precedence\n  FROM {}\n  WHERE {}\n)",
                tiers::BY_SOURCE_AND_ADDENDUM,
                tiers::COPIES,
                self.read(tiers::COPIES_KEYS, 0, None).replace('\n', "\n  "),
            )));
        }
        let (name, since) = match found.split_once(" since ") {
            None => (found, Some(0)),
            Some((name, since)) => (name, since.strip_suffix(" days").and_then(|days| days.parse().ok())),
        };
        if let (Some(table), Some(days)) = (Table::from_name(name), since) {
            return Ok(Some(self.table(table, days)));
        }
        match SHARED.iter().find(|(shared, _)| *shared == found) {
            Some((name, text)) if depth > 0 => {
                let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("--")).collect();
                let text = self.within(name, text.join("\n").trim(), depth - 1)?;
                Ok(Some(format!("(\n  {}\n)", text.replace('\n', "\n  "))))
            }
            _ => Ok(None),
        }
    }

    fn value(&self, name: &str) -> Result<Option<String>, AuditError> {
        let (from, to) = (self.bound.from, self.bound.to);
        let (first, last) = self.bound.clock_hours();
        Ok(match name {
            "from" => Some(literal(&text(from))),
            "to" => Some(literal(&text(to))),
            "from_ms" => Some(from.as_millisecond().to_string()),
            "to_ms" => Some(to.as_millisecond().to_string()),
            "hours" => Some((last - first + 1).to_string()),
            "hours_without_rules" => {
                // No engine takes an empty list.
                let hours = self.bound.hours_without_rules().into_iter().collect::<Vec<_>>();
                Some(if hours.is_empty() {
                    literal("")
                } else {
                    literals(&hours)
                })
            }
            "count_without_rules" => Some(self.bound.hours_without_rules().len().to_string()),
            _ => {
                let Some(parameter) = self.parameters.iter().find(|known| known.own && known.name == name) else {
                    return Ok(None);
                };
                let value = self.bound.values.get(name).map_or(parameter.default, String::as_str);
                let wrong = |expected| AuditError::Value {
                    parameter: name.to_owned(),
                    value: value.to_owned(),
                    expected,
                };
                if let Some(among) = parameter.among
                    && value != parameter.default
                    && !among.split(" or ").any(|known| known == value)
                {
                    return Err(wrong(among));
                }
                Some(match parameter.kind {
                    "integer" => {
                        let number = value.parse::<i64>().map_err(|_| wrong("a whole number"))?;
                        number.to_string()
                    }
                    _ => literal(value),
                })
            }
        })
    }

    /// The rows of a table that the audit is about, each event once. What was derived from CodePipeline's
    /// history gives way to what was observed.
    fn table(&self, table: Table, days: i64) -> String {
        let Some(identity) = derivable(table) else {
            return format!("(\n  {}\n)", self.once(table, days, None).replace('\n', "\n  "));
        };
        let derived = "source LIKE 'backfill:history%'";
        let observed = "coalesce(source, 'live') NOT LIKE 'backfill:history%'";
        let same = identity.map(|column| format!("observed.{column} = derived.{column}"));
        format!(
            "(\n  {}\n  UNION ALL\n  SELECT * FROM (\n    {}\n  ) AS derived\n  WHERE NOT EXISTS (\n    \
             SELECT 1 FROM {} AS observed\n    WHERE {}\n      AND {}\n  )\n)",
            self.once(table, days, Some(observed)).replace('\n', "\n  "),
            self.once(table, days, Some(derived)).replace('\n', "\n    "),
            Tier::Every.of(table),
            self.read(table.partition_keys(), days, Some(observed))
                .replace('\n', "\n    "),
            same.join(" AND "),
        )
    }

    /// One row per event: the copy that comes first, of those that say to be the earliest. The embedded
    /// engine knows this very shape and answers it without sorting: the `row_number()` alone in its SELECT,
    /// over groups of which `event_key` is a part, and `copy = 1` right around it.
    fn once(&self, table: Table, days: i64, only: Option<&str>) -> String {
        let begin = back(self.bound.from, SignedDuration::from_hours(24 * days));
        // Of the copy that counts: another one may name another pipeline.
        let pipelines = match self.bound.pipelines.as_slice() {
            [] => String::new(),
            pipelines => format!("\n  AND pipeline IN ({})", literals(pipelines)),
        };
        format!(
            "SELECT * FROM (\n  SELECT *, row_number() OVER (\n    PARTITION BY account_id, event_key\n    \
             ORDER BY {}\n  ) AS copy\n  \
             FROM {}\n  WHERE {}\n) AS numbered\nWHERE copy = 1 AND event_time >= {} AND event_time < {}{pipelines}",
            tiers::order(table),
            Tier::Every.of(table),
            self.read(table.partition_keys(), days, only).replace('\n', "\n  "),
            literal(&text(begin)),
            literal(&text(self.bound.to)),
        )
    }

    /// Which rows are read: partitions first. Copies of an event in the window may lie outside of it.
    fn read(&self, keys: &[&str], days: i64, only: Option<&str>) -> String {
        let begin = back(self.bound.from, SignedDuration::from_hours(24 * days));
        let first = back(begin, APART);
        let end = self.bound.to.checked_add(APART).unwrap_or(self.bound.to);
        let last = back(end, SignedDuration::from_millis(1));
        let (key, form) = match keys.contains(&"day") {
            true => ("day", "%Y-%m-%d"),
            false => ("month", "%Y-%m"),
        };
        let partition = |time: Timestamp| literal(&time.to_zoned(TimeZone::UTC).strftime(form).to_string());
        let mut conditions = vec![
            format!("{key} BETWEEN {} AND {}", partition(first), partition(last)),
            format!(
                "event_time >= {} AND event_time < {}",
                literal(&text(first)),
                literal(&text(end))
            ),
        ];
        if !self.bound.accounts.is_empty() {
            conditions.push(format!("account_id IN ({})", literals(&self.bound.accounts)));
        }
        conditions.extend(only.map(str::to_owned));
        conditions.join("\n  AND ")
    }
}

/// Which columns say that a derived row and an observed one are of the same happening.
fn derivable(table: Table) -> Option<[&'static str; 3]> {
    match table {
        Table::PipelineExecutions => Some(["account_id", "execution_id", "state"]),
        Table::ActionExecutions => Some(["account_id", "action_execution_id", "state"]),
        // CodePipeline's history has no stages, and calls have their own identity.
        _ => None,
    }
}

fn back(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .max(Timestamp::UNIX_EPOCH)
}
