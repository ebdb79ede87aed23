//! What is there against what should be: pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts::{Facts, digest};

/// The longest value that a difference is told with whole, in characters.
const LONGEST: usize = 400;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// What, for example `pattern of rule pipetrail-forward`.
    pub fact: String,
    /// What is there, as JSON; `null` when it is gone. Whoever administers the member has written it.
    pub found: String,
    /// What should be there, as JSON.
    pub expected: String,
}

/// What differs from the nearest of the versions that count; nothing where one of them is there as it is.
#[must_use]
pub fn compare(versions: &[Facts], found: &Facts) -> Vec<Difference> {
    let all = versions.iter().map(|expected| differences(expected, found));
    all.min_by_key(Vec::len).unwrap_or_default()
}

fn differences(expected: &Facts, found: &Facts) -> Vec<Difference> {
    let differ = expected.0.iter().filter_map(|(fact, expected)| {
        let found = found.0.get(fact);
        // What nobody read cannot be vouched for, also where nothing should be.
        (found != Some(expected)).then(|| Difference {
            fact: fact.clone(),
            found: told(found.unwrap_or(&Value::Null)),
            expected: told(expected),
        })
    });
    differ.collect()
}

fn told(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        // Two that differ behind the cut are told apart.
        Some((end, _)) => format!(
            "{}… [cut; SHA-256 of the whole begins with {}]",
            &text[..end],
            digest(&text)
        ),
        None => text,
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found.as_str() {
            "null" => write!(f, "{} is gone", self.fact),
            found => write!(f, "{} is {found}", self.fact),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(pairs: &[(&str, Value)]) -> Facts {
        Facts(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    }

    #[test]
    fn old_and_new_both_count_and_a_mixture_is_neither() {
        let new = facts(&[("state", json!("ENABLED")), ("pattern", json!(2))]);
        let old = facts(&[("state", json!("ENABLED")), ("pattern", json!(1))]);
        let versions = [new.clone(), old.clone()];
        assert_eq!(compare(&versions, &new), []);
        assert_eq!(compare(&versions, &old), []);
        let mixed = facts(&[("state", json!("DISABLED")), ("pattern", json!(1))]);
        let differences = compare(&versions, &mixed);
        // From the nearest version: the pattern is the old one's.
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].to_string(), "state is \"DISABLED\"");
    }

    #[test]
    fn what_is_gone_or_was_not_read_differs() {
        let expected = facts(&[("schedule", json!({"State": "ENABLED"})), ("boundary", Value::Null)]);
        let gone = facts(&[("schedule", Value::Null), ("boundary", Value::Null)]);
        for (found, facts) in [
            (gone, vec!["schedule"]),
            (Facts::default(), vec!["boundary", "schedule"]),
        ] {
            let differences = compare(std::slice::from_ref(&expected), &found);
            let named: Vec<&str> = differences.iter().map(|difference| difference.fact.as_str()).collect();
            assert_eq!(named, facts);
            assert_eq!(differences[0].to_string(), format!("{} is gone", facts[0]));
        }
        assert_eq!(compare(&[], &Facts::default()), []);
    }

    #[test]
    fn a_long_value_is_cut_at_a_character_and_another_end_is_another_difference() {
        let told = |end: &str| {
            let found = facts(&[("pattern", json!("ä".repeat(1000) + end))]);
            compare(&[facts(&[("pattern", json!("x"))])], &found).remove(0).found
        };
        assert!(told("").starts_with(&format!("\"{}… [cut; ", "ä".repeat(LONGEST - 1))));
        assert_ne!(told("a"), told("b"));
    }
}
