//! What an audit is bound to, and the one place where a value becomes SQL.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pipetrail_names::AccountId;

use super::error::AuditError;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// What an audit is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Beginning of the window.
    pub from: Timestamp,
    /// End of the window, itself not in it.
    pub to: Timestamp,
    /// Only these accounts; none for all.
    pub accounts: Vec<AccountId>,
    /// Only pipelines of these names; none for all.
    pub pipelines: Vec<String>,
    /// The audit's own parameters, by name.
    pub values: BTreeMap<String, String>,
    /// Times (from, until) in which the bus had no rules, for we replaced the pipeline stack.
    pub without_rules: Vec<(Timestamp, Timestamp)>,
}

impl Parameters {
    /// A window over all accounts and pipelines.
    pub fn window(from: Timestamp, to: Timestamp) -> Self {
        Parameters {
            from,
            to,
            accounts: vec![],
            pipelines: vec![],
            values: BTreeMap::new(),
            without_rules: vec![],
        }
    }

    /// The first and the last clock hour that the window touches, counted since 1970.
    pub(super) fn clock_hours(&self) -> (i64, i64) {
        touched(self.from, self.to)
    }

    /// Those of them in which the bus had no rules for a while, as `2026-11-20T08`.
    pub(super) fn hours_without_rules(&self) -> BTreeSet<String> {
        let (first, last) = self.clock_hours();
        let touched = self
            .without_rules
            .iter()
            .filter(|(from, until)| from < until)
            .flat_map(|(from, until)| {
                let (begin, end) = touched(*from, *until);
                begin.max(first)..=end.min(last)
            });
        let hours = touched.filter_map(|hour| Timestamp::from_millisecond(hour * HOUR_MS).ok());
        hours
            .map(|hour| text(hour)[.."2026-11-20T08".len()].to_owned())
            .collect()
    }

    /// Whether an audit can be bound to it.
    ///
    /// # Errors
    /// A window that holds nothing, or a text that is none.
    pub fn check(&self) -> Result<(), AuditError> {
        if self.from >= self.to {
            return Err(AuditError::Order {
                from: text(self.from),
                to: text(self.to),
            });
        }
        let names = self.pipelines.iter().map(|name| ("--pipeline", name));
        for (parameter, name) in names.chain(self.values.iter().map(|(name, value)| (name.as_str(), value))) {
            if name.chars().any(char::is_control) {
                return Err(value(parameter, name, "a text without control characters"));
            }
            // Some dialects would read the quote behind it as a letter: no engine is asked that.
            if name.ends_with('\\') || name.contains("\\'") {
                return Err(value(
                    parameter,
                    name,
                    "a text without a backslash at its end or before a quote",
                ));
            }
        }
        Ok(())
    }
}

/// The first and the last clock hour that a time touches; its end is not in it.
fn touched(from: Timestamp, until: Timestamp) -> (i64, i64) {
    let hour = |time: i64| time.div_euclid(HOUR_MS);
    (hour(from.as_millisecond()), hour(until.as_millisecond() - 1))
}

/// A text as a literal: all that keeps a value from being SQL. A backslash is a letter like any other
/// in all three dialects.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Texts as a list of literals.
pub(super) fn literals<S: AsRef<str>>(texts: &[S]) -> String {
    let each: Vec<String> = texts.iter().map(|text| literal(text.as_ref())).collect();
    each.join(", ")
}

/// An instant as `event_time` writes it.
pub(super) fn text(time: Timestamp) -> String {
    // Cut, not rounded, as everything in the lake is.
    let cut = Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time);
    format!("{cut:.3}")
}

fn value(parameter: &str, value: &str, expected: &'static str) -> AuditError {
    AuditError::Value {
        parameter: parameter.to_owned(),
        value: value.to_owned(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_without_rules_are_those_of_the_window_each_once() {
        let at = |time: &str| format!("2026-11-30T{time}Z").parse::<Timestamp>().unwrap();
        let mut bound = Parameters::window(at("10:30:00"), at("14:00:00"));
        assert!(bound.hours_without_rules().is_empty());
        bound.without_rules = vec![
            (at("08:00:00"), at("09:00:00")),
            // Before the window begins, in its first hour.
            (at("09:50:00"), at("10:20:00")),
            (at("10:50:00"), at("11:00:00")),
            (at("12:59:59.5"), at("15:30:00")),
            (at("13:10:00"), at("13:10:00")),
        ];
        let hours: Vec<String> = bound.hours_without_rules().into_iter().collect();
        assert_eq!(hours, ["2026-11-30T10", "2026-11-30T12", "2026-11-30T13"]);
    }

    #[test]
    fn a_literal_cannot_be_left() {
        assert_eq!(literal("it's '; DROP"), "'it''s ''; DROP'");
        assert_eq!(literal("\\'"), "'\\'''");
    }
}
