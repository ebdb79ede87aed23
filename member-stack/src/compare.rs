//! What is there against what should be: pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facts::Facts;

/// The longest value that a difference is told with, in characters.
const LONGEST: usize = 400;

/// What a comparison comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Everything is as the newest version says.
    Current,
    /// Everything is as an older version says: no operation has reached it yet.
    Outdated,
    /// Something is as no version says. What is told is what differs from the nearest of them.
    Differs(Vec<Difference>),
}

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

/// Compares what was found with the versions that count, the newest first.
#[must_use]
pub fn compare(versions: &[Facts], found: &Facts) -> Comparison {
    let differences = versions.iter().map(|expected| differences(expected, found));
    let mut nearest: Option<Vec<Difference>> = None;
    for (age, differences) in differences.enumerate() {
        match differences.is_empty() {
            true if age == 0 => return Comparison::Current,
            true => return Comparison::Outdated,
            false if nearest.as_ref().is_none_or(|nearest| differences.len() < nearest.len()) => {
                nearest = Some(differences);
            }
            false => {}
        }
    }
    Comparison::Differs(nearest.unwrap_or_default())
}

fn differences(expected: &Facts, found: &Facts) -> Vec<Difference> {
    let differ = expected.0.iter().filter_map(|(fact, expected)| {
        // A fact that this reader does not know cannot be vouched for.
        let found = found.0.get(fact).unwrap_or(&Value::Null);
        (found != expected).then(|| Difference {
            fact: fact.clone(),
            found: told(found),
            expected: told(expected),
        })
    });
    differ.collect()
}

fn told(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
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
    fn old_and_new_both_count_and_only_old_is_behind() {
        let new = facts(&[("state", json!("ENABLED")), ("pattern", json!(2))]);
        let old = facts(&[("state", json!("ENABLED")), ("pattern", json!(1))]);
        let versions = [new.clone(), old.clone()];
        assert_eq!(compare(&versions, &new), Comparison::Current);
        assert_eq!(compare(&versions, &old), Comparison::Outdated);
        // A mixture of both is neither.
        let mixed = facts(&[("state", json!("DISABLED")), ("pattern", json!(1))]);
        let Comparison::Differs(differences) = compare(&versions, &mixed) else {
            panic!("a disabled rule differs");
        };
        // From the nearest version: the pattern is the old one's.
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].to_string(), "state is \"DISABLED\"");
    }

    #[test]
    fn what_is_gone_or_unknown_differs() {
        let expected = facts(&[("schedule", json!({"State": "ENABLED"})), ("boundary", Value::Null)]);
        let gone = facts(&[("schedule", Value::Null), ("boundary", Value::Null)]);
        for found in [gone, Facts::default()] {
            let Comparison::Differs(differences) = compare(std::slice::from_ref(&expected), &found) else {
                panic!("{found:?}");
            };
            assert_eq!(differences.len(), 1);
            assert_eq!(differences[0].to_string(), "schedule is gone");
        }
        assert_eq!(compare(&[], &Facts::default()), Comparison::Differs(vec![]));
    }

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        let found = facts(&[("pattern", json!("ä".repeat(1000)))]);
        let expected = facts(&[("pattern", json!("x"))]);
        let Comparison::Differs(differences) = compare(&[expected], &found) else {
            panic!("{found:?}");
        };
        assert_eq!(differences[0].found.chars().count(), LONGEST + 1);
    }
}
