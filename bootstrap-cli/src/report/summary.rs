//! The figures at the top of the page.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::engine::Value;

use super::text::{counted, duration, share};
use super::{Asked, Report};

/// What all decisions come down to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Decisions that count.
    pub decisions: usize,
    /// Of which approved.
    pub approved: usize,
    /// Of which rejected.
    pub rejected: usize,
    /// Distinct approvers.
    pub approvers: usize,
    /// Accounts with a decision.
    pub accounts: usize,
    /// Pipelines with a decision.
    pub pipelines: usize,
    /// Decisions of which AWS says that there was no MFA.
    pub without_mfa: usize,
    /// Decisions of which AWS cannot say.
    pub mfa_unknown: usize,
    /// Half of the gates were decided after that many seconds.
    pub median_wait_seconds: Option<i64>,
    /// Nine of ten gates were.
    pub wait_90_seconds: Option<i64>,
    /// Gates that wait.
    pub open_gates: usize,
    /// Calls that AWS refused.
    pub refused: usize,
}

/// A figure of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    /// What it counts.
    pub name: &'static str,
    /// The figure.
    pub figure: String,
    /// What stands below it.
    pub note: String,
    /// The audit it comes from.
    pub audit: &'static str,
}

impl Summary {
    /// Counts.
    pub fn of(report: &Report) -> Self {
        let decisions = report.of("decisions");
        let mut summary = Summary {
            decisions: decisions.len(),
            open_gates: report.of("open-gates").len(),
            refused: report.of("refused-decisions").len(),
            ..Summary::default()
        };
        let (mut approvers, mut accounts, mut pipelines) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for row in decisions.rows() {
            match row.text("decision") {
                "Approved" => summary.approved += 1,
                "Rejected" => summary.rejected += 1,
                _ => {}
            }
            match row.value("mfa") {
                Value::Boolean(false) => summary.without_mfa += 1,
                Value::Boolean(true) => {}
                _ => summary.mfa_unknown += 1,
            }
            approvers.insert(row.text("approver"));
            accounts.insert(row.text("account_id"));
            pipelines.insert((row.text("account_id"), row.text("region"), row.text("pipeline")));
        }
        summary.approvers = approvers.len();
        summary.accounts = accounts.len();
        summary.pipelines = pipelines.len();
        let waits = waits(report.of("gate-waits"));
        summary.median_wait_seconds = at(&waits, 50);
        summary.wait_90_seconds = at(&waits, 90);
        summary
    }

    /// All of it in a sentence or two.
    pub fn sentence(&self) -> String {
        if self.decisions == 0 {
            return "Nobody approved or rejected anything in this window.".to_owned();
        }
        let mut text = format!(
            "{} made {} in {} of {}: {} approved, {} rejected.",
            counted(self.approvers, "approver", "approvers"),
            counted(self.decisions, "decision", "decisions"),
            counted(self.pipelines, "pipeline", "pipelines"),
            counted(self.accounts, "account", "accounts"),
            self.approved,
            self.rejected
        );
        if let Some(median) = self.median_wait_seconds {
            text.push_str(&format!(" Half of the gates waited {} or less.", duration(median)));
        }
        text
    }

    /// The figures, in their order.
    pub fn cards(&self) -> Vec<Card> {
        let card = |name, figure: usize, note: String, audit| Card {
            name,
            figure: figure.to_string(),
            note,
            audit,
        };
        let of_all =
            |part| share(part, self.decisions).map_or_else(String::new, |share| format!("{share} of decisions"));
        let wait = |seconds: Option<i64>| seconds.map_or_else(|| "–".to_owned(), duration);
        vec![
            card(
                "Decisions",
                self.decisions,
                format!("{} approved", self.approved),
                "decisions",
            ),
            card("Rejected", self.rejected, of_all(self.rejected), "decisions"),
            card("Approvers", self.approvers, String::new(), "decisions"),
            card("Accounts", self.accounts, "with a decision".to_owned(), "decisions"),
            card("Pipelines", self.pipelines, "with a decision".to_owned(), "decisions"),
            card(
                "Without MFA",
                self.without_mfa,
                format!("{} more where AWS cannot tell", self.mfa_unknown),
                "decisions",
            ),
            Card {
                name: "Median wait",
                figure: wait(self.median_wait_seconds),
                note: match self.wait_90_seconds {
                    Some(seconds) => format!("90 % within {}", duration(seconds)),
                    None => "no gate was decided".to_owned(),
                },
                audit: "gate-waits",
            },
            card(
                "Open gates",
                self.open_gates,
                "waiting for a decision".to_owned(),
                "open-gates",
            ),
            card(
                "Refused calls",
                self.refused,
                "that AWS did not accept".to_owned(),
                "refused-decisions",
            ),
        ]
    }
}

fn waits(gates: &Asked) -> Vec<i64> {
    let mut waits: Vec<i64> = gates.rows().filter_map(|row| row.number("waited_seconds")).collect();
    waits.sort_unstable();
    waits
}

/// The smallest of sorted values that so many per cent do not exceed.
fn at(sorted: &[i64], per_cent: usize) -> Option<i64> {
    let rank = (sorted.len() * per_cent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_one_of_the_values() {
        assert_eq!(at(&[], 50), None);
        assert_eq!(at(&[7], 50), Some(7));
        assert_eq!(at(&[1, 2, 3, 4], 50), Some(2));
        assert_eq!(at(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90), Some(9));
    }

    #[test]
    fn nothing_is_said_in_words() {
        let text = Summary::default().sentence();
        assert!(text.contains("Nobody"), "{text}");
    }
}
