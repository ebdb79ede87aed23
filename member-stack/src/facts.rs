//! Facts about an account and region: a value for each thing that can be changed there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The facts, each by the name that people are told, for example `pattern of rule pipetrail-forward`. What is not
/// there is `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Facts(pub BTreeMap<String, Value>);

impl Facts {
    /// Adds a fact. A policy or a list in another order is the same fact.
    pub(crate) fn add(&mut self, fact: &str, value: Value) {
        self.0.insert(fact.to_owned(), canonical(value));
    }
}

/// One form for what AWS takes for the same: one thing and a list of one, a list in another order.
fn canonical(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(canonical).collect();
            items.sort_by_cached_key(Value::to_string);
            match <[Value; 1]>::try_from(items) {
                Ok([one]) => one,
                Err(items) => Value::Array(items),
            }
        }
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, canonical(value)))
            .collect(),
        scalar => scalar,
    }
}

/// The first 16 hexadecimal digits of a text's SHA-256.
pub(crate) fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_thing_is_a_list_of_one_and_order_means_nothing() {
        let one = json!({"Action": "a", "Resource": ["x", "y"]});
        let other = json!({"Action": ["a"], "Resource": ["y", "x"]});
        assert_eq!(canonical(one), canonical(other));
        assert_ne!(canonical(json!({"a": ["x"]})), canonical(json!({"a": ["x", "y"]})));
        // An empty list is no absence.
        assert_ne!(canonical(json!([])), canonical(Value::Null));
    }
}
