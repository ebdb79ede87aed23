//! The figures at the top of the page.

use std::collections::BTreeSet;

use serde::Serialize;

use pipetrail_lake::answer::Value;

use super::asked::Row;
use super::text::{counted, duration, share};
use super::{Asked, Report};

/// Said where there is no decision: an empty answer may as well come from a filter that names nothing.
pub(crate) const NONE: &str = "The lake holds no decision for this window and these filters.";
/// Said where gates cannot be judged: API calls alone do not say what waits.
pub(crate) const NO_GATES: &str = "not known: the lake holds no gate's opening and end";

/// What all decisions come down to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Decisions that count.
    pub decisions: usize,
    /// Of which approved.
    pub approved: usize,
    /// Of which rejected.
    pub rejected: usize,
    /// Distinct approvers: names with their kind of principal.
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
    /// Gates that wait; none where the lake does not say.
    pub open_gates: Option<usize>,
    /// Gates that were passed although no decision is in the lake; none where it does not say.
    pub passed_without_decision: Option<usize>,
    /// Calls that AWS refused.
    pub refused: usize,
}

/// A figure of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Card {
    /// What it counts.
    pub name: &'static str,
    /// The figure.
    pub figure: String,
    /// What stands below it.
    pub note: String,
}

impl Summary {
    /// Counts.
    pub(crate) fn of(report: &Report) -> Self {
        let (decisions, coverage) = (report.of("decisions"), report.of("coverage"));
        let (gates, open) = (report.of("gate-waits"), report.of("open-gates"));
        let count = |fits: fn(Row<'_>) -> bool| decisions.rows().filter(|row| fits(*row)).count();
        let waits = waits(gates);
        // Without gates, heartbeats say whether their events would have arrived; decisions say that they did not.
        let is_heard = || coverage.rows().any(|row| row.count("heartbeats") > 0);
        let knows_gates = gates.len() + open.len() > 0 || (decisions.is_empty() && is_heard());
        Summary {
            decisions: decisions.len(),
            approved: count(|row| row.text("decision") == "Approved"),
            rejected: count(|row| row.text("decision") == "Rejected"),
            approvers: distinct(decisions, ["approver", "principal_kind"]),
            accounts: distinct(decisions, ["account_id"]),
            pipelines: distinct(decisions, ["account_id", "region", "pipeline"]),
            without_mfa: count(|row| *row.value("mfa") == Value::Boolean(false)),
            mfa_unknown: count(|row| !matches!(row.value("mfa"), Value::Boolean(_))),
            median_wait_seconds: at(&waits, 50),
            wait_90_seconds: at(&waits, 90),
            open_gates: knows_gates.then_some(open.len()),
            passed_without_decision: knows_gates.then(|| gates.rows().filter(|row| is_unrecorded(*row)).count()),
            refused: report.of("refused-decisions").len(),
        }
    }

    /// All of it in a sentence or two.
    pub(crate) fn sentence(&self) -> String {
        if self.decisions == 0 {
            return NONE.to_owned();
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
            text.push_str(&format!(" Half of the gates had waited {} or less.", duration(median)));
        }
        text
    }

    /// The figures, in their order.
    pub(crate) fn cards(&self) -> Vec<Card> {
        let card = |name, figure: Option<String>, note: &str| Card {
            name,
            figure: figure.unwrap_or_else(|| "–".to_owned()),
            note: note.to_owned(),
        };
        let count = |name, figure: usize, note: &str| card(name, Some(figure.to_string()), note);
        let gates = |name, figure: Option<usize>, note: &str| {
            let note = figure.map_or(NO_GATES, |_| note);
            card(name, figure.map(|figure| figure.to_string()), note)
        };
        let approved = format!("{} approved", self.approved);
        let rejected = share(self.rejected, self.decisions);
        let rejected = rejected.map_or_else(String::new, |share| format!("{share} of decisions"));
        let mfa_unknown = format!("{} more where AWS cannot tell", self.mfa_unknown);
        let wait_90 = match self.wait_90_seconds {
            Some(seconds) => format!("90 % had waited {} or less", duration(seconds)),
            None if self.open_gates.is_none() => NO_GATES.to_owned(),
            None => "no gate ended whose opening is known".to_owned(),
        };
        let passed = "gates passed, nobody's decision in the lake";
        vec![
            count("Decisions", self.decisions, &approved),
            count("Rejected", self.rejected, &rejected),
            count("Approvers", self.approvers, "names, by kind of principal"),
            count("Accounts", self.accounts, "with a decision"),
            count("Pipelines", self.pipelines, "with a decision"),
            count("Without MFA", self.without_mfa, &mfa_unknown),
            card("Median wait", self.median_wait_seconds.map(duration), &wait_90),
            gates("Open gates", self.open_gates, "waiting for a decision"),
            gates("Passed without decision", self.passed_without_decision, passed),
            count("Refused calls", self.refused, "that AWS did not accept"),
        ]
    }
}

/// How many different values these columns have together.
fn distinct<const N: usize>(asked: &Asked, columns: [&str; N]) -> usize {
    let values = asked.rows().map(|row| columns.map(|column| row.text(column)));
    values.collect::<BTreeSet<_>>().len()
}

/// A gate that was passed, and nobody is known to have decided it.
pub(crate) fn is_unrecorded(gate: Row<'_>) -> bool {
    gate.text("outcome") == "approved" && *gate.value("approver") == Value::Null
}

/// How long gates waited whose opening is known, the shortest first.
pub(crate) fn waits(gates: &Asked) -> Vec<i64> {
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
    use crate::hostile_report::{asked, empty, hostile, text};

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
        assert_eq!(Summary::default().sentence(), NONE);
    }

    fn gates(rows: Vec<Vec<Value>>) -> Asked {
        asked("gate-waits", &["outcome", "approver", "waited_seconds"], rows)
    }

    fn card(report: &Report, name: &str) -> (String, String) {
        let cards = Summary::of(report).cards();
        let card = cards.into_iter().find(|card| card.name == name).unwrap();
        (card.figure, card.note)
    }

    #[test]
    fn decisions_without_any_gate_prove_no_all_clear() {
        let mut report = hostile();
        report.audits.retain(|asked| asked.name != "open-gates");
        for name in ["Open gates", "Passed without decision", "Median wait"] {
            assert_eq!(card(&report, name), ("–".to_owned(), NO_GATES.to_owned()), "{name}");
        }
        // With heartbeats and without decisions none is none.
        let mut report = empty();
        assert_eq!(card(&report, "Open gates").0, "–");
        let beat = vec![vec![Value::Integer(3)]];
        report.audits.push(asked("coverage", &["heartbeats"], beat));
        assert_eq!(card(&report, "Open gates").0, "0");
    }

    #[test]
    fn a_gate_that_was_passed_without_a_decision_is_counted() {
        let mut report = empty();
        report.audits.push(gates(vec![
            vec![text("approved"), Value::Null, Value::Integer(5)],
            vec![text("approved"), text("dana"), Value::Integer(7)],
            vec![text("failed"), Value::Null, Value::Null],
        ]));
        assert_eq!(card(&report, "Passed without decision").0, "1");
        assert_eq!(card(&report, "Median wait").0, "5 s");
    }

    #[test]
    fn a_name_of_two_kinds_is_two_approvers() {
        let row = |kind| vec![text("dana"), text(kind)];
        let mut report = empty();
        let rows = vec![row("iam_user"), row("assumed_role"), row("iam_user")];
        report
            .audits
            .push(asked("decisions", &["approver", "principal_kind"], rows));
        assert_eq!(Summary::of(&report).approvers, 2);
    }
}
