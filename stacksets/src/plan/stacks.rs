//! What has to be done to one stack, whatever state it is in.

use crate::actual::Actual;
use crate::desired::{Desired, StackSpec};
use crate::error::Error;
use crate::plan::changes::{changes, merged, new_parameters};
use crate::plan::outputs::Outputs;
use crate::plan::step::{Change, StackAction, StackStep};
use crate::stack::{Condition, Stack};

pub(super) fn stack_step(
    spec: &StackSpec,
    stack: Option<&Stack>,
    outputs: &Outputs,
    desired: &Desired,
) -> Result<Option<StackStep>, Error> {
    let action = stack.map_or(Ok(StackAction::Create), |stack| action(spec, stack, desired))?;
    let changes = match (&action, stack) {
        (StackAction::Create | StackAction::Replace { .. }, _) | (_, None) => new_parameters(spec),
        (_, Some(stack)) => {
            let mut changes = changes(spec, &stack.template, &stack.parameters, &stack.tags, outputs);
            if spec.protect && !stack.protected {
                changes.push(Change::TerminationProtection);
            }
            changes
        }
    };
    if action == StackAction::Update && changes.is_empty() {
        return Ok(None);
    }
    Ok(Some(StackStep {
        name: spec.name.clone(),
        action,
        changes,
        adopts: vec![],
        template: spec.template.clone(),
        parameters: spec.parameters.clone(),
        tags: merged(&spec.tags, stack.map(|stack| &stack.tags)),
        protect: spec.protect,
    }))
}

/// A stack that is created takes over those of its buckets that are there already.
pub(super) fn adopting(mut step: StackStep, spec: &StackSpec, actual: &Actual) -> StackStep {
    if matches!(step.action, StackAction::Create | StackAction::Replace { .. }) {
        let there = spec.retains.iter().filter(|bucket| actual.retained.contains(*bucket));
        step.adopts = there.cloned().collect();
    }
    step
}

/// What leads a stack that is there to its state, whatever state it is in.
fn action(spec: &StackSpec, stack: &Stack, desired: &Desired) -> Result<StackAction, Error> {
    let condition = stack.condition();
    // Before all others: nobody's stack of that name is deleted or updated.
    if !stack.is_ours() && condition != Condition::Review {
        return Err(Error::Foreign {
            what: "stack",
            name: spec.name.clone(),
        });
    }
    Ok(match condition {
        Condition::Settled => StackAction::Update,
        Condition::RollbackFailed => StackAction::ContinueUpdateRollback,
        Condition::UpdateFailed => StackAction::RollbackStack,
        Condition::Shell => replace(stack),
        Condition::Review if stack.is_ours() => replace(stack),
        Condition::Review | Condition::Busy | Condition::Stuck => {
            return Err(Error::Blocked {
                name: spec.name.clone(),
                account: desired.scope.audit_account.clone(),
                region: desired.scope.region.clone(),
                status: stack.status.clone(),
            });
        }
    })
}

fn replace(stack: &Stack) -> StackAction {
    StackAction::Replace {
        id: stack.id.clone(),
        status: stack.status.clone(),
    }
}
