//! What differs in a stack or the stack set, and what stacks give to later ones.

use std::collections::BTreeMap;

use crate::actual::Actual;
use crate::desired::{ParameterValue, StackSpec};
use crate::plan::step::Change;

/// Outputs by stack, then by key: known while the stacks stand as they are.
pub(super) type Outputs = BTreeMap<String, BTreeMap<String, String>>;

/// The outputs of the stacks that stand; those of a shell are gone with it.
pub(super) fn outputs(actual: &Actual) -> Outputs {
    let standing = actual.stacks.iter().filter(|(_, stack)| !stack.must_be_replaced());
    standing
        .map(|(name, stack)| (name.clone(), stack.outputs.clone()))
        .collect()
}

/// The value, if it is known before anything is applied.
fn resolved<'a>(value: &'a ParameterValue, outputs: &'a Outputs) -> Option<&'a String> {
    match value {
        ParameterValue::Text(text) | ParameterValue::Private(text) => Some(text),
        ParameterValue::Output { stack, output } => outputs.get(stack)?.get(output),
    }
}

/// The parameters as they go into an operation's id: by value, since another bus under the same
/// symbol is another state. What is not known yet goes in by its symbol.
pub(super) fn state_of(spec: &StackSpec, outputs: &Outputs) -> String {
    let values = spec.parameters.iter().map(|(name, value)| {
        let value = resolved(value, outputs).map_or_else(|| value.to_string(), |known| format!("={known}"));
        (name, value)
    });
    format!("{:?}", values.collect::<BTreeMap<_, _>>())
}

pub(super) fn new_parameters(spec: &StackSpec) -> Vec<Change> {
    let all = spec.parameters.iter();
    all.map(|(name, value)| Change::Parameter {
        name: name.clone(),
        from: None,
        to: value.clone(),
    })
    .collect()
}

pub(super) fn changes(
    spec: &StackSpec,
    template: &str,
    parameters: &BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
    outputs: &Outputs,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if !spec.template.is_deployed_as(template) {
        changes.push(Change::Template(spec.template.diff_from(template)));
    }
    for (name, value) in &spec.parameters {
        let (wanted, private) = (resolved(value, outputs), matches!(value, ParameterValue::Private(_)));
        let stands = parameters.get(name);
        // An output that is not known yet will be one that the parameter cannot have already.
        if wanted.is_none() || stands != wanted {
            changes.push(Change::Parameter {
                name: name.clone(),
                from: stands.filter(|_| !private).cloned(),
                to: value.clone(),
            });
        }
    }
    let differing = spec.tags.iter().filter(|(key, value)| tags.get(*key) != Some(*value));
    changes.extend(differing.map(|(key, value)| Change::Tag {
        key: key.clone(),
        to: value.clone(),
    }));
    changes
}

/// An update replaces all tags, so those that others put on a stack are sent again.
pub(super) fn merged(
    ours: &BTreeMap<String, String>,
    theirs: Option<&BTreeMap<String, String>>,
) -> BTreeMap<String, String> {
    let mut all = theirs.cloned().unwrap_or_default();
    // The prefix is reserved: AWS sets such tags itself and refuses them from others.
    all.retain(|key, _| !key.starts_with("aws:"));
    all.extend(ours.clone());
    all
}
