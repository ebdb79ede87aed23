//! What stacks give to later ones: known while they stand as they are.

use std::collections::BTreeMap;

use crate::actual::Actual;
use crate::desired::ParameterValue;

/// By stack, then by key.
pub(super) type Outputs = BTreeMap<String, BTreeMap<String, String>>;

/// The outputs of the stacks that stand; those of a shell are gone with it.
pub(super) fn outputs(actual: &Actual) -> Outputs {
    let standing = actual.stacks.iter().filter(|(_, stack)| !stack.must_be_replaced());
    standing
        .map(|(name, stack)| (name.clone(), stack.outputs.clone()))
        .collect()
}

/// The value, if it is known before anything is applied.
pub(super) fn resolved<'a>(value: &'a ParameterValue, outputs: &'a Outputs) -> Option<&'a String> {
    match value {
        ParameterValue::Text(text) | ParameterValue::Private(text) => Some(text),
        ParameterValue::Output { stack, output } => outputs.get(stack)?.get(output),
    }
}

/// The parameters as they go into an operation's id: by value, since another bus under the same
/// symbol is another state. What is not known yet goes in by its symbol.
pub(super) fn state_of(parameters: &BTreeMap<String, ParameterValue>, outputs: &Outputs) -> String {
    let values = parameters.iter().map(|(name, value)| {
        let value = resolved(value, outputs).map_or_else(|| value.to_string(), |known| format!("={known}"));
        (name, value)
    });
    format!("{:?}", values.collect::<BTreeMap<_, _>>())
}
