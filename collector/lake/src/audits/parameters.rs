//! What an audit is bound to, and the one place where a value becomes SQL.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pipetrail_names::AccountId;

use super::error::AuditError;

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
        }
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
    fn a_literal_cannot_be_left() {
        assert_eq!(literal("it's '; DROP"), "'it''s ''; DROP'");
        assert_eq!(literal("\\'"), "'\\'''");
    }
}
