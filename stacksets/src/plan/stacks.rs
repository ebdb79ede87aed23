//! What has to be done to the stacks and to the stack set itself.

use std::collections::BTreeSet;

use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, Region};

use crate::desired::StackSpec;
use crate::error::Error;
use crate::operation;
use crate::plan::changes::{changes, merged, new_parameters, state_of};
use crate::plan::step::{
    Change, ManagementAction, ManagementStep, ReplaceReason, SetAction, SetStep, StackAction, StackStep,
};
use crate::plan::view::View;
use crate::plan::{reader, replacement};
use crate::stack::{Condition, Stack};

/// What has to be done to one stack, whatever state it is in.
pub(super) fn stack_step(view: &View<'_>, spec: &StackSpec, stack: Option<&Stack>) -> Result<Option<StackStep>, Error> {
    let action = stack.map_or(Ok(StackAction::Create), |stack| action(view, spec, stack))?;
    let is_new = matches!(action, StackAction::Create | StackAction::Replace { .. });
    let changes = match stack {
        Some(stack) if !is_new => {
            let mut changes = changes(spec, &stack.template, &stack.parameters, &stack.tags, &view.outputs);
            if spec.protect && !stack.protected {
                changes.push(Change::TerminationProtection);
            }
            changes
        }
        _ => new_parameters(spec),
    };
    if action == StackAction::Update && changes.is_empty() {
        return Ok(None);
    }
    // A stack that is created takes over those of its buckets that are there already.
    let adopted = |bucket: &&String| is_new && view.actual.retained.contains(*bucket);
    Ok(Some(StackStep {
        name: spec.name.clone(),
        action,
        changes,
        adopts: spec.retains.iter().filter(adopted).cloned().collect(),
        template: spec.template.clone(),
        parameters: spec.parameters.clone(),
        tags: merged(&spec.tags, stack.map(|stack| &stack.tags)),
        protect: spec.protect,
    }))
}

/// What leads a stack that is there to its state, whatever state it is in.
fn action(view: &View<'_>, spec: &StackSpec, stack: &Stack) -> Result<StackAction, Error> {
    let condition = stack.condition();
    // Before all others: nobody's stack of that name is deleted or updated.
    if !stack.is_ours() && condition != Condition::Review {
        return Err(Error::foreign("stack", spec.name.as_str()));
    }
    let scope = &view.desired.scope;
    let replace = |reason| StackAction::Replace {
        id: stack.id.clone(),
        status: stack.status.clone(),
        reason,
    };
    let reason = replacement::reason(view, spec, stack).filter(|_| stack.is_ours() && condition != Condition::Busy);
    if let Some(reason) = reason {
        return Ok(replace(reason));
    }
    match condition {
        Condition::Settled => Ok(StackAction::Update),
        Condition::RollbackFailed => Ok(StackAction::ContinueUpdateRollback),
        Condition::UpdateFailed => Ok(StackAction::RollbackStack),
        Condition::Shell | Condition::Review if stack.is_ours() => Ok(replace(ReplaceReason::Stuck)),
        Condition::Shell | Condition::Review | Condition::Busy | Condition::Stuck => Err(Error::Blocked {
            name: spec.name.clone(),
            account: scope.audit_account.clone(),
            region: scope.region.clone(),
            status: stack.status.clone(),
        }),
    }
}

/// `ManagedExecution` is not compared: it orders operations and changes nothing in an account. Every
/// update sends it.
pub(super) fn set_step(view: &View<'_>) -> Result<Option<SetStep>, Error> {
    let (spec, set) = (&reader::spec(view)?, view.actual.stack_set.as_ref());
    let wanted = view.desired.scope.auto_deploys();
    let (action, changes) = match set {
        None => (SetAction::Create, new_parameters(spec)),
        Some(set) if !set.is_ours() => return Err(Error::foreign("stack set", &spec.name)),
        Some(set) => {
            let mut changes = changes(spec, &set.template, &set.parameters, &set.tags, &view.outputs);
            let is_right = if wanted {
                set.auto_deployment
            } else {
                set.auto_deploys.map(|on| !on)
            };
            if is_right == Some(false) {
                changes.push(Change::AutoDeployment { on: wanted });
            }
            (SetAction::Update, changes)
        }
    };
    if action == SetAction::Update && changes.is_empty() {
        return Ok(None);
    }
    let tags = merged(&spec.tags, set.map(|set| &set.tags));
    let operation_id = set.map(|set| {
        let state = format!("{} {tags:?} {wanted}", state_of(spec, &view.outputs));
        operation::next_id(&["update", &spec.template.digest(), &state], &set.operations)
    });
    let instances = set.iter().flat_map(|set| &set.instances);
    let accounts: BTreeSet<&AccountId> = instances.map(|instance| &instance.account).collect();
    Ok(Some(SetStep {
        name: spec.name.clone(),
        action,
        changes,
        template: spec.template.clone(),
        operation_id,
        accounts: accounts.len(),
        auto_deployment: wanted,
        region_order: if set.is_some() { reader::order(view) } else { vec![] },
        parameters: spec.parameters.clone(),
        tags,
    }))
}

/// One step per region of the management account where something differs; none where nobody can look
/// into it.
pub(super) fn management_steps(view: &View<'_>) -> Result<Vec<ManagementStep>, Error> {
    let (scope, account) = (&view.desired.scope, &view.actual.organization.management_account);
    let seen = view.actual.management.as_ref();
    let Some(read) = seen.filter(|_| view.sees_account(account)) else {
        return Ok(vec![]);
    };
    let spec = StackSpec {
        name: STACK.to_owned(),
        ..reader::spec(view)?
    };
    let first = reader::order(view).into_iter().next();
    let mut steps = Vec::new();
    let mut push = |region: &Region, action| {
        steps.push(ManagementStep {
            account: account.clone(),
            region: region.clone(),
            action,
        });
    };
    let wanted = |region: &Region| scope.management && scope.regions.contains(region);
    let readable = |region: &&Region| wanted(region) && !read.unreadable.contains_key(*region);
    let mut regions: Vec<&Region> = scope.regions.iter().filter(readable).collect();
    // Where the reader's role moves, there first.
    regions.sort_by_key(|region| first.as_ref() != Some(*region));
    for region in regions {
        match stack_step(view, &spec, read.stacks.get(region)) {
            Ok(None) => {}
            Ok(Some(stack)) => push(region, ManagementAction::Deploy { stack }),
            // One region does not stop the others: the step fails when its turn comes.
            Err(Error::Blocked { status, .. }) => push(region, ManagementAction::Blocked { status }),
            Err(error) => return Err(error),
        }
    }
    for (region, stack) in &read.stacks {
        if !wanted(region) && stack.is_ours() {
            let (id, status) = (stack.id.clone(), stack.status.clone());
            push(region, ManagementAction::Delete { id, status });
        }
    }
    Ok(steps)
}
