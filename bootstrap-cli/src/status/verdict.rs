//! What an account and region comes down to for an auditor: a verdict, and why. Pure: the time and
//! everything that was read are given.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use pipetrail_lake::hostile;
use pipetrail_member::Difference;
use pipetrail_names::member::{CANARY_HOURS, CANARY_SCHEDULE};
use pipetrail_stacksets::{Coverage, CoverageRow, CoverageState, explain};
use serde::Serialize;

use super::gap::Gap;
use super::heard::{Heard, Signs};
use crate::members::{Looked, Members};

/// What an account and region comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The stack is current, what it made is as the template says, and a heartbeat arrived lately.
    Covered,
    /// An operation is at work, or has ended so lately that nothing could be heard since; or the bus had
    /// no rules for so long.
    Pending,
    /// The stack is not what the stack set describes: no operation has reached it yet.
    Outdated,
    /// Somebody has changed what the stack made.
    Differs,
    /// The stack is current, but no heartbeat arrived for too long.
    Silent,
    /// Heartbeats arrive, but CloudTrail's record of the daily call that must be refused does not.
    NoTrail,
    /// The last operation failed there, or nothing can work on the stack any more.
    Failed,
    /// There is no stack.
    NotEnrolled,
    /// The account is suspended or closed.
    Skipped,
    /// The stack is current, but the lake was not read, nobody looked into the account, or no record of CloudTrail is
    /// known: nobody knows whether it reports.
    Unknown,
}

/// A row with its verdict.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Judged {
    /// What StackSets says.
    #[serde(flatten)]
    pub row: CoverageRow,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words.
    pub explanation: String,
    /// Time of the last event of CodePipeline in the lake, this month or the last.
    pub last_event: Option<Timestamp>,
    /// Time of the last heartbeat in the lake.
    pub last_heartbeat: Option<Timestamp>,
    /// What is not as the template says; `null` where nobody looked.
    pub differences: Option<Vec<Difference>>,
}

/// What a verdict goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// The time.
    pub now: Timestamp,
    /// After how long without a heartbeat an account and region is silent.
    pub silent_after: SignedDuration,
    /// When heartbeats could not arrive, through our own doing.
    pub gap: Option<Gap>,
}

impl Judged {
    /// Whether nobody has to do anything about it: it is covered, or neither in scope nor asked for by
    /// name.
    pub(crate) fn is_good(&self, named: bool) -> bool {
        let asked_for = self.row.state.is_in_scope() || (named && self.verdict != Verdict::Skipped);
        self.verdict == Verdict::Covered || !asked_for
    }
}

impl Rules {
    /// Judges every row; without a lake, or without having looked into members, nothing is covered.
    pub(crate) fn judge(self, coverage: Coverage, lake: Option<&Signs>, members: &Members) -> Coverage<Judged> {
        let judged = |row: CoverageRow| {
            let looked = members.of(&row);
            self.row(row, lake, &looked)
        };
        coverage.with_rows(|rows| rows.into_iter().map(judged).collect())
    }

    fn row(self, row: CoverageRow, lake: Option<&Signs>, looked: &Looked) -> Judged {
        let heard = lake.map(|lake| lake.of(row.at().as_ref()));
        let (verdict, mut explanation) = self.verdict(&row, heard);
        let (verdict, differences) = match (row.standing(), verdict, looked) {
            (CoverageState::Current, ..) | (_, Verdict::Outdated, Looked::Compared(_)) => {
                compared(verdict, &mut explanation, looked)
            }
            _ => (verdict, None),
        };
        if row.state == CoverageState::OutOfScope {
            explanation.push_str("; outside of the scope of pipetrail.toml");
        }
        if row.drift.as_ref().is_some_and(|drift| drift.status == "DRIFTED") {
            explanation.push_str("; the stack was changed by hand (drifted)");
        }
        let detailed = row.detailed_status.as_deref().unwrap_or_default();
        if matches!(verdict, Verdict::Failed | Verdict::Outdated)
            && let Some(known) = row.reason.as_deref().and_then(|reason| explain(detailed, reason))
        {
            explanation.push_str(&format!("; {known}"));
        }
        let heard = heard.unwrap_or_default();
        Judged {
            row,
            verdict,
            explanation,
            last_event: heard.last_event,
            last_heartbeat: heard.last_heartbeat,
            differences,
        }
    }

    fn verdict(self, row: &CoverageRow, heard: Option<Heard>) -> (Verdict, String) {
        let reason = |otherwise: &str| row.reason.clone().unwrap_or_else(|| otherwise.to_owned());
        match row.standing() {
            CoverageState::Current => self.reports(row, heard),
            CoverageState::Pending => (Verdict::Pending, "an operation is at work".to_owned()),
            CoverageState::Outdated | CoverageState::OutOfScope => match row.failed() {
                Some(failed) => (
                    Verdict::Failed,
                    reason(&format!("the last operation ended in {failed}")),
                ),
                _ => (Verdict::Outdated, reason("the last operation did not reach it")),
            },
            CoverageState::Inoperable => (Verdict::Failed, reason("no operation can work on the stack any more")),
            CoverageState::Missing => (Verdict::NotEnrolled, reason("in scope, but without a stack")),
            CoverageState::Unenrolled => (Verdict::NotEnrolled, reason("outside of the scope of pipetrail.toml")),
            CoverageState::Suspended => (Verdict::Skipped, reason("the account is suspended or closed")),
        }
    }

    /// The verdict where heartbeats arrive, by what is known of CloudTrail. A stack that was deployed lately has not made
    /// its call yet.
    fn trail(self, row: &CoverageRow, last_canary: Option<Timestamp>, explanation: String) -> (Verdict, String) {
        let Some(since) = last_canary.max(row.deployed_at) else {
            let why = format!("no record of the daily call {CANARY_SCHEDULE} in this month or the last; {explanation}");
            return (Verdict::Unknown, why);
        };
        let silence = self.now.duration_since(since);
        let own = self.gap.map_or(SignedDuration::ZERO, |gap| gap.within(since, self.now));
        // A record of that time comes with the replay.
        if silence.saturating_sub(own) <= SignedDuration::from_hours(CANARY_HOURS) {
            return (Verdict::Covered, explanation);
        }
        let silence = span(silence);
        let why = format!(
            "no record of the daily call {CANARY_SCHEDULE} for {silence}: CloudTrail does not deliver, so no decision would arrive; {explanation}"
        );
        (Verdict::NoTrail, why)
    }

    /// The verdict on a stack that is as it should be.
    fn reports(self, row: &CoverageRow, heard: Option<Heard>) -> (Verdict, String) {
        let Some(heard) = heard else {
            return (Verdict::Unknown, "the lake was not read".to_owned());
        };
        let since = |time: Timestamp| self.now.duration_since(time);
        let is_recent = |time: Timestamp| since(time) <= self.silent_after;
        let ago = |time: Timestamp| match since(time) {
            // Clocks differ a little.
            length if length.as_secs() < 1 => "just now".to_owned(),
            length => format!("{} ago", span(length)),
        };
        if let Some(last) = heard.last_heartbeat.filter(|last| is_recent(*last)) {
            return self.trail(row, heard.last_canary, format!("last heartbeat {}", ago(last)));
        }
        let deployed = row.deployed_at.filter(|deployed| is_recent(*deployed));
        if let Some(deployed) = deployed.filter(|deployed| heard.last_heartbeat.is_none_or(|last| last < *deployed)) {
            return (
                Verdict::Pending,
                format!("deployed {}, no heartbeat yet", ago(deployed)),
            );
        }
        if let (Some(gap), Some(last)) = (self.gap, heard.last_heartbeat)
            && since(last).saturating_sub(gap.within(last, self.now)) <= self.silent_after
        {
            return (Verdict::Pending, format!("last heartbeat {}; {gap}", ago(last)));
        }
        let explanation = match heard.last_heartbeat {
            Some(last) => format!("last heartbeat {}", ago(last)),
            None => format!("no heartbeat for {} or longer", span(self.silent_after)),
        };
        (Verdict::Silent, explanation)
    }
}

/// How many differences are told in words.
const TOLD: usize = 3;

/// The verdict on a stack after a look at what it made, and the differences.
fn compared(verdict: Verdict, explanation: &mut String, looked: &Looked) -> (Verdict, Option<Vec<Difference>>) {
    match looked {
        Looked::Compared(differences) if differences.is_empty() => (verdict, Some(vec![])),
        Looked::Compared(differences) => {
            // Whoever administers the member has written what was found.
            let told = differences.iter().take(TOLD);
            let mut told: Vec<String> = told
                .map(|difference| hostile::line(&difference.to_string()).into_owned())
                .collect();
            if differences.len() > TOLD {
                told.push(format!("{} more differences", differences.len() - TOLD));
            }
            explanation.insert_str(0, &format!("{}; ", told.join("; ")));
            (Verdict::Differs, Some(differences.clone()))
        }
        Looked::Unread(why) => {
            explanation.push_str(&format!("; {why}"));
            let verdict = match verdict {
                Verdict::Covered => Verdict::Unknown,
                other => other,
            };
            (verdict, None)
        }
    }
}

/// How long without a heartbeat is too long: three intervals of the schedule but at least an hour, and
/// what Firehose takes to deliver. The interval of a cron expression is taken for an hour.
pub(crate) fn silent_after(schedule: &str, buffer_seconds: u32) -> SignedDuration {
    let hour = SignedDuration::from_hours(1);
    let interval = interval(schedule).unwrap_or(hour);
    let three = interval.checked_mul(3).unwrap_or(SignedDuration::MAX);
    three
        .max(hour)
        .saturating_add(SignedDuration::from_secs(buffer_seconds.into()))
}

/// The interval of `rate(<number> <minutes, hours or days>)`.
fn interval(schedule: &str) -> Option<SignedDuration> {
    let (number, unit) = schedule.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let unit = match unit.trim() {
        "minute" | "minutes" => SignedDuration::from_mins(1),
        "hour" | "hours" => SignedDuration::from_hours(1),
        "day" | "days" => SignedDuration::from_hours(24),
        _ => return None,
    };
    unit.checked_mul(number.trim().parse().ok()?)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Covered => "covered",
            Verdict::Pending => "pending",
            Verdict::Outdated => "outdated",
            Verdict::Differs => "differs",
            Verdict::Silent => "silent",
            Verdict::NoTrail => "no trail",
            Verdict::Failed => "failed",
            Verdict::NotEnrolled => "not enrolled",
            Verdict::Skipped => "skipped",
            Verdict::Unknown => "unknown",
        })
    }
}

/// A length of time in its largest unit.
fn span(length: SignedDuration) -> String {
    match length.as_secs() {
        seconds @ ..120 => format!("{} s", seconds.max(0)),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
