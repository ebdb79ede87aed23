//! How far an operation is, for people who wait.

use std::fmt;
use std::time::{Duration, Instant};

use crate::instance_result::InstanceResult;

/// Results are listed at most this often: 100 instances a page.
const EVERY: Duration = Duration::from_secs(10);

/// How many failures are named; all of them are when the operation has ended.
const NAMED: usize = 3;

/// When the results of an operation are worth listing again: rarely, and the more rarely the longer a
/// listing takes.
#[derive(Debug, Default)]
pub(super) struct Pace {
    polls: u32,
    next: Option<Instant>,
}

impl Pace {
    /// Whether it is time, at this poll. Never at the first one: most operations are short.
    pub(super) fn is_due(&mut self) -> bool {
        self.polls += 1;
        self.polls > 1 && self.next.is_none_or(|next| Instant::now() >= next)
    }

    /// Takes note of how long a listing took.
    pub(super) fn listed(&mut self, took: Duration) {
        self.next = Some(Instant::now() + EVERY.max(took * 10));
    }
}

/// The accounts and regions of an operation that is at work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    total: usize,
    ended: usize,
    failed: Vec<String>,
}

impl Tally {
    pub(super) fn of(results: &[InstanceResult]) -> Self {
        let failed = results.iter().filter(|result| result.is_failed());
        let failed = failed.map(|result| format!("{} {}", result.account, result.region));
        Tally {
            total: results.len(),
            ended: results
                .iter()
                .filter(|result| !matches!(result.status.as_str(), "PENDING" | "RUNNING"))
                .count(),
            failed: failed.collect(),
        }
    }
}

/// Nothing before anything is known.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { total, ended, failed } = self;
        if *total == 0 {
            return Ok(());
        }
        write!(f, ", {ended} of {total} accounts and regions ended")?;
        if failed.is_empty() {
            return Ok(());
        }
        let named = failed.iter().take(NAMED).map(String::as_str);
        write!(f, ", {} failed: {}", failed.len(), named.collect::<Vec<_>>().join(", "))?;
        if failed.len() > NAMED {
            f.write_str(", …")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::known;

    fn results(statuses: &[&str]) -> Vec<InstanceResult> {
        let numbered = statuses.iter().enumerate();
        numbered
            .map(|(number, status)| {
                let account = known(&format!("00000000000{number}"));
                InstanceResult::new(&account, &known("eu-west-1"), status, None)
            })
            .collect()
    }

    #[test]
    fn what_has_ended_is_counted_and_what_failed_is_named() {
        assert_eq!(Tally::default().to_string(), "");
        let some = Tally::of(&results(&["SUCCEEDED", "RUNNING", "FAILED", "PENDING"]));
        assert_eq!(
            some.to_string(),
            ", 2 of 4 accounts and regions ended, 1 failed: 000000000002 eu-west-1"
        );
        let many = Tally::of(&results(&["FAILED"; 5])).to_string();
        assert!(
            many.contains("5 failed: 000000000000") && many.ends_with("000000000002 eu-west-1, …"),
            "{many}"
        );
    }

    #[test]
    fn results_are_not_listed_at_the_first_poll_nor_soon_after_a_listing() {
        let mut pace = Pace::default();
        assert!(!pace.is_due() && pace.is_due());
        pace.listed(Duration::ZERO);
        assert!(!pace.is_due());
    }
}
