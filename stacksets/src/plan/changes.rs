//! What differs in a stack or the stack set.

use std::collections::BTreeMap;

use crate::desired::{ParameterValue, StackSpec};
use crate::plan::outputs::{Outputs, resolved};
use crate::plan::step::Change;

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
            let from = stands.filter(|_| !private).cloned();
            changes.push(Change::Parameter {
                name: name.clone(),
                from,
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
