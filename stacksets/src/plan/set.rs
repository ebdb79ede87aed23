//! What has to be done to the stack set itself.

use crate::desired::Desired;
use crate::error::Error;
use crate::operation;
use crate::plan::changes::{changes, merged, new_parameters};
use crate::plan::outputs::{Outputs, state_of};
use crate::plan::step::{Change, SetAction, SetStep};
use crate::stack_set::StackSet;

/// `ManagedExecution` is not compared: it orders operations and changes nothing in an account. Every
/// update sends it.
pub(super) fn set_step(desired: &Desired, set: Option<&StackSet>, outputs: &Outputs) -> Result<Option<SetStep>, Error> {
    let spec = &desired.stack_set;
    let (action, changes) = match set {
        None => (SetAction::Create, new_parameters(spec)),
        Some(set) if !set.is_ours() => return Err(foreign(&spec.name)),
        Some(set) => {
            let mut changes = changes(spec, &set.template, &set.parameters, &set.tags, outputs);
            if set.auto_deployment == Some(false) {
                changes.push(Change::AutoDeployment);
            }
            (SetAction::Update, changes)
        }
    };
    if action == SetAction::Update && changes.is_empty() {
        return Ok(None);
    }
    let tags = merged(&spec.tags, set.map(|set| &set.tags));
    let operation_id = set.map(|set| {
        let state = format!("{} {tags:?}", state_of(&spec.parameters, outputs));
        operation::next_id(&["update", &spec.template.digest(), &state], &set.operations)
    });
    Ok(Some(SetStep {
        name: spec.name.clone(),
        action,
        changes,
        template: spec.template.clone(),
        operation_id,
        parameters: spec.parameters.clone(),
        tags,
    }))
}

pub(super) fn foreign(name: &str) -> Error {
    Error::Foreign {
        what: "stack set",
        name: name.to_owned(),
    }
}
