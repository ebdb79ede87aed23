//! What can be wrong with a call for an audit.

use thiserror::Error;

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
        let mut near: Vec<(usize, &str)> = names.map(|known| (strsim::levenshtein(name, known), known)).collect();
        near.retain(|&(distance, known)| distance <= 3 || known.contains(name) && name.len() > 2);
        near.sort_unstable();
        AuditError::Unknown {
            name: name.to_owned(),
            near: near.into_iter().take(3).map(|(_, known)| known).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_are_offered_first() {
        let names = ["approved", "approvers", "dora", "gate-waits"];
        let near = |name: &str| match AuditError::unknown(name, names.into_iter()) {
            AuditError::Unknown { near, .. } => near,
            _ => vec![],
        };
        assert_eq!(near("approvels"), ["approvers", "approved"]);
        assert_eq!(near("gate"), ["gate-waits"]);
        assert!(near("weather-report").is_empty());
    }
}
