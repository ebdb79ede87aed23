//! Which alerts a subscription takes: an SNS filter policy over message attributes, with SNS's limits
//! checked beforehand. Pure.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::slice;

use clap::ValueEnum;
use pipetrail_names::{AccountId, Region};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::UsageError;

/// Most keys of a filter policy.
pub(crate) const MAX_KEYS: usize = 5;
/// Most combinations: the product of the numbers of values of all keys.
pub(crate) const MAX_COMBINATIONS: usize = 150;
/// Largest filter policy, in bytes.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// How a gate was decided, in AWS's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
pub(crate) enum Decision {
    /// Let through.
    #[value(name = "Approved")]
    Approved,
    /// Stopped.
    #[value(name = "Rejected")]
    Rejected,
}

/// The message attribute that says what an alert is about, and its values.
const EVENT_CLASS: &str = "event_class";
const CLASSES: [&str; 2] = ["decision", "gate_change"];

/// What an alert must be about. An empty set admits everything; the sets are alternatives inside and
/// must all hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Accounts of the pipelines.
    pub accounts: BTreeSet<AccountId>,
    /// Regions of the pipelines.
    pub regions: BTreeSet<Region>,
    /// Names of pipelines.
    pub pipelines: BTreeSet<String>,
    /// Beginnings of names of pipelines.
    pub prefixes: BTreeSet<String>,
    /// The decision; alerts about gates have none.
    pub decision: Option<Decision>,
    /// Whether alerts about gates come too, not decisions alone.
    pub gate_changes: bool,
}

impl Filter {
    /// The filter policy. It always says which classes of alerts are admitted, so that nobody gets what was not asked
    /// for.
    ///
    /// # Errors
    /// A name that no pipeline can have, or a policy beyond one of SNS's limits.
    pub(crate) fn policy(&self) -> Result<Value, UsageError> {
        let Filter {
            accounts,
            regions,
            pipelines,
            prefixes,
            decision,
            gate_changes,
        } = self;
        for name in pipelines.iter().chain(prefixes) {
            check_name(name)?;
        }
        let names = pipelines.iter().map(|name| json!(name));
        let names = names.chain(prefixes.iter().map(|prefix| json!({ "prefix": prefix })));
        let keys = [
            ("account_id", json!(accounts)),
            ("region", json!(regions)),
            ("pipeline", names.collect()),
            ("decision", json!(decision.as_slice())),
            (EVENT_CLASS, json!(&CLASSES[..=usize::from(*gate_changes)])),
        ];
        let present = keys.into_iter().filter(|(_, values)| *values != json!([]));
        let policy: Map<String, Value> = present.map(|(key, values)| (key.to_owned(), values)).collect();
        check_limits(&policy)?;
        Ok(policy.into())
    }
}

/// CodePipeline's own rule for names. It leaves out quotes and backslashes, which a policy would have
/// to escape twice.
fn check_name(name: &str) -> Result<(), UsageError> {
    let admitted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '-' | '_');
    if name.is_empty() || name.len() > 100 || !name.chars().all(admitted) {
        let hint = "a name has 1 to 100 letters, digits, '.', '@', '-' or '_'; for names that begin alike use --pipeline-prefix";
        return Err(UsageError::new(format!("no pipeline can be called {name:?}"), hint));
    }
    Ok(())
}

fn check_limits(policy: &Map<String, Value>) -> Result<(), UsageError> {
    let keys = policy.len();
    if keys > MAX_KEYS {
        let message = format!("the filter policy has {keys} keys, and SNS takes {MAX_KEYS} at most");
        return Err(UsageError::new(message, "filter by fewer things"));
    }
    let counts = policy.values().map(|values| values.as_array().map_or(1, Vec::len));
    let combinations = counts.clone().fold(1, usize::saturating_mul);
    if combinations > MAX_COMBINATIONS {
        let factors = policy.keys().zip(counts);
        let factors: Vec<String> = factors.map(|(key, count)| format!("{count} of {key}")).collect();
        let message = format!(
            "the filter has {combinations} combinations ({}), and SNS takes {MAX_COMBINATIONS} at most",
            factors.join(" × ")
        );
        let hint = "name fewer values, use --pipeline-prefix, give each part an endpoint of its own, or take everything with --all and choose in the receiver";
        return Err(UsageError::new(message, hint));
    }
    let bytes = Value::Object(policy.clone()).to_string().len();
    if bytes > MAX_BYTES {
        let message = format!("the filter policy has {bytes} bytes, and SNS takes {MAX_BYTES} at most");
        return Err(UsageError::new(message, "filter by fewer or shorter values"));
    }
    Ok(())
}

/// A filter policy in plain words, whoever wrote it; `None` is no policy.
pub(crate) fn words(policy: Option<&Value>) -> String {
    let Some(policy) = policy else {
        return "everything".to_owned();
    };
    let Some(keys) = policy.as_object() else {
        return policy.to_string();
    };
    let parts = keys.iter().map(|(key, values)| {
        let name = match key.as_str() {
            "account_id" => "account",
            EVENT_CLASS => "class",
            other => other,
        };
        let values = values.as_array().map_or(slice::from_ref(values), Vec::as_slice);
        let values: Vec<String> = values.iter().map(word).collect();
        format!("{name} {}", values.join(", "))
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn word(value: &Value) -> String {
    match (value.as_str(), value["prefix"].as_str()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(prefix)) => format!("{prefix}*"),
        (None, None) => value.to_string(),
    }
}

/// Whether an alert about `account` may pass a policy; what cannot be told counts as yes.
pub(crate) fn admits(policy: Option<&Value>, account: &AccountId) -> bool {
    let rules = policy.and_then(|policy| policy["account_id"].as_array());
    let admits = |rule: &Value| match (rule.as_str(), rule["prefix"].as_str()) {
        (Some(text), _) => *account == *text,
        (None, Some(prefix)) => account.as_str().starts_with(prefix),
        (None, None) => true,
    };
    rules.is_none_or(|rules| rules.iter().any(admits))
}
