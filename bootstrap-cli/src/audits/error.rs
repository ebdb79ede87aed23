//! What can be wrong with a call for an audit.

use thiserror::Error;

use super::Audit;
use crate::exit::Exit;

/// An audit that cannot be asked.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AuditError {
    /// There is no audit of that name.
    #[error("there is no audit {name:?}")]
    Unknown {
        /// As given.
        name: String,
        /// Names that are spelt nearly so.
        near: Vec<&'static str>,
    },
    /// A value that its parameter cannot have.
    #[error("{parameter} {value:?} is not {expected}")]
    Value {
        /// The parameter.
        parameter: String,
        /// As given.
        value: String,
        /// What it could be.
        expected: &'static str,
    },
    /// A window that holds nothing.
    #[error("the window from {from} to {to} holds nothing")]
    Order {
        /// Its beginning.
        from: String,
        /// Its end.
        to: String,
    },
    /// A parameter that the audit does not have.
    #[error("audit {audit} takes no {parameter}")]
    NotTaken {
        /// The audit.
        audit: &'static str,
        /// The parameter.
        parameter: String,
        /// What it takes.
        takes: Vec<&'static str>,
    },
    /// The audit's own text is wrong; a test holds all of them to it.
    #[error("audit {audit}: {{{found}}} means nothing")]
    Text {
        /// The audit, or the shared expression.
        audit: String,
        /// What stands in braces.
        found: String,
    },
}

impl AuditError {
    pub(super) fn unknown(name: &str, names: impl Iterator<Item = &'static str>) -> Self {
        let mut near: Vec<(usize, &str)> = names.map(|known| (distance(name, known), known)).collect();
        near.retain(|&(distance, known)| distance <= 3 || known.contains(name) && name.len() > 2);
        near.sort_unstable();
        AuditError::Unknown {
            name: name.to_owned(),
            near: near.into_iter().take(3).map(|(_, known)| known).collect(),
        }
    }

    pub(super) fn not_taken(audit: &Audit, parameter: &str) -> Self {
        AuditError::NotTaken {
            audit: audit.name,
            parameter: parameter.to_owned(),
            takes: audit.parameters.iter().map(|parameter| parameter.name).collect(),
        }
    }

    /// Wrong usage, all of it.
    pub fn exit(&self) -> Exit {
        match self {
            AuditError::Text { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }

    /// The next thing to try.
    pub fn hint(&self) -> Option<String> {
        match self {
            AuditError::Unknown { near, .. } if near.is_empty() => {
                Some("`pipetrail audit --list` names them all".to_owned())
            }
            AuditError::Unknown { near, .. } => Some(format!(
                "did you mean {}? `pipetrail audit --list` names them all",
                near.join(" or ")
            )),
            AuditError::Order { .. } => {
                Some("--from is the beginning, --to the end, and what happens at --to itself is not in it".to_owned())
            }
            AuditError::NotTaken { takes, .. } => Some(format!("it takes {}", takes.join(", "))),
            AuditError::Value { .. } | AuditError::Text { .. } => None,
        }
    }
}

/// How many letters are to be added, dropped or replaced between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut before = row.first().copied().unwrap_or_default();
        let mut left = i + 1;
        let mut next = vec![left];
        for (other, above) in b.iter().zip(row.iter().skip(1)) {
            left = (before + usize::from(letter != *other)).min(above + 1).min(left + 1);
            before = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_letters() {
        for (a, b, letters) in [
            ("", "", 0),
            ("", "abc", 3),
            ("dora", "dora", 0),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), letters, "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_names_are_offered_first() {
        let names = ["approvals", "approvers", "dora", "gate-waits"];
        let near = |name: &str| match AuditError::unknown(name, names.into_iter()) {
            AuditError::Unknown { near, .. } => near,
            _ => vec![],
        };
        assert_eq!(near("approvels"), ["approvals", "approvers"]);
        assert_eq!(near("gate"), ["gate-waits"]);
        assert!(near("weather-report").is_empty());
    }
}
