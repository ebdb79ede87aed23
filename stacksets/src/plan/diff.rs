//! Comparing what stands with what should: pure, no clock, no network.

use std::collections::BTreeMap;

use crate::access::TrustedAccess;
use crate::actual::Actual;
use crate::bus;
use crate::desired::{Desired, StackSpec, Value};
use crate::error::Error;
use crate::operation;
use crate::organization::Caller;
use crate::plan::instances::{self, View};
use crate::plan::management;
use crate::plan::notes::notes;
use crate::plan::{AccessStep, Change, InstancesStep, Plan, SetAction, SetStep, StackAction, StackStep, Upload};
use crate::stack::{Condition, Stack};
use crate::stack_set::StackSet;

pub(super) type Outputs = BTreeMap<String, BTreeMap<String, String>>;

/// Computes the plan that turns `actual` into `desired`.
///
/// # Errors
/// A stack or stack set of our name that is not ours, a stack in a state that nothing can be applied
/// to, trusted access that the caller cannot switch on, an account that the organization has not, or
/// something of ours that forwards to another audit account or home region.
pub fn plan(desired: &Desired, actual: &Actual) -> Result<Plan, Error> {
    actual.organization.check_accounts(&desired.scope)?;
    bus::check(&desired.scope, actual)?;
    let outputs = outputs(actual);

    let mut stacks = Vec::new();
    for spec in &desired.stacks {
        let step = stack_step(spec, actual.stacks.get(&spec.name), &outputs, desired)?;
        stacks.extend(step.map(|step| adopting(step, spec, actual)));
    }
    let missing = desired.zips.iter().filter(|zip| !actual.uploaded.contains(&zip.key()));
    let uploads = missing
        .map(|zip| Upload {
            key: zip.key(),
            bytes: zip.bytes.len(),
            zip: zip.clone(),
        })
        .collect();
    let stack_set = set_step(desired, actual.stack_set.as_ref(), &outputs)?;
    let updates_all = stack_set.as_ref().is_some_and(|step| step.action == SetAction::Update);
    let bucket_stack = desired
        .stacks
        .first()
        .map(|spec| spec.name.as_str())
        .unwrap_or_default();

    let view = View {
        desired,
        actual,
        focus: None,
    };
    let instances = instances::steps(view, &outputs, updates_all);

    Ok(Plan {
        organization: actual.organization.id.clone(),
        audit_account: desired.scope.audit_account.clone(),
        region: desired.scope.region.clone(),
        stacks,
        uploads,
        trusted_access: access_step(actual.access, actual.caller)?,
        joins: joins(actual.stack_set.as_ref(), stack_set.as_ref(), &instances),
        stack_set,
        management: management::steps(desired, actual, &outputs)?,
        instances,
        rollout: desired.rollout.clone(),
        notes: notes(view),
        bucket: Value::output(bucket_stack, &desired.bucket_output),
        outputs,
    })
}

/// The outputs of the stacks that stand; those of a shell are gone with it.
pub(super) fn outputs(actual: &Actual) -> Outputs {
    let standing = actual.stacks.iter().filter(|(_, stack)| !stack.must_be_replaced());
    standing
        .map(|(name, stack)| (name.clone(), stack.outputs.clone()))
        .collect()
}

fn access_step(access: TrustedAccess, caller: Caller) -> Result<Option<AccessStep>, Error> {
    match (access, caller) {
        (TrustedAccess::Enabled, _) => Ok(None),
        (TrustedAccess::Disabled, Caller::Management) => Ok(Some(AccessStep::Activate)),
        (TrustedAccess::DisabledWithoutActivation, Caller::Management) => Ok(Some(AccessStep::EnableServiceAccess)),
        (_, Caller::DelegatedAdministrator) => Err(Error::TrustedAccessOff),
    }
}

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
fn adopting(mut step: StackStep, spec: &StackSpec, actual: &Actual) -> StackStep {
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
        return Err(foreign("stack", &spec.name));
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

pub(super) fn foreign(what: &'static str, name: &str) -> Error {
    Error::Foreign {
        what,
        name: name.to_owned(),
    }
}

/// `ManagedExecution` is not compared: it orders operations and changes nothing in an account. Every
/// update sends it.
fn set_step(desired: &Desired, set: Option<&StackSet>, outputs: &Outputs) -> Result<Option<SetStep>, Error> {
    let spec = &desired.stack_set;
    let (action, changes) = match set {
        None => (SetAction::Create, new_parameters(spec)),
        Some(set) if !set.is_ours() => return Err(foreign("stack set", &spec.name)),
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

/// Our open operations, but those that a step joins by having the same id.
pub(super) fn joins(set: Option<&StackSet>, set_step: Option<&SetStep>, instances: &[InstancesStep]) -> Vec<String> {
    let own = |id: &str| {
        set_step.is_some_and(|step| step.operation_id.as_deref() == Some(id))
            || instances.iter().any(|step| step.operation_id == id)
    };
    let open = set.iter().flat_map(|set| &set.operations);
    let open = open.filter(|operation| operation.is_ours() && operation.is_open() && !own(&operation.id));
    open.map(|operation| operation.id.clone()).collect()
}

fn new_parameters(spec: &StackSpec) -> Vec<Change> {
    let all = spec.parameters.iter();
    all.map(|(name, value)| Change::Parameter {
        name: name.clone(),
        from: None,
        to: value.clone(),
    })
    .collect()
}

/// The value, if it is known before anything is applied.
fn resolved<'a>(value: &'a Value, outputs: &'a Outputs) -> Option<&'a String> {
    match value {
        Value::Text(text) | Value::Private(text) => Some(text),
        Value::Output { stack, output } => outputs.get(stack)?.get(output),
    }
}

/// The parameters as they go into an operation's id: by value, since another bus under the same
/// symbol is another state. What is not known yet goes in by its symbol.
pub(super) fn state_of(parameters: &BTreeMap<String, Value>, outputs: &Outputs) -> String {
    let values = parameters.iter().map(|(name, value)| {
        let value = resolved(value, outputs).map_or_else(|| value.to_string(), |known| format!("={known}"));
        (name, value)
    });
    format!("{:?}", values.collect::<BTreeMap<_, _>>())
}

fn changes(
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
        let (wanted, private) = (resolved(value, outputs), matches!(value, Value::Private(_)));
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
fn merged(ours: &BTreeMap<String, String>, theirs: Option<&BTreeMap<String, String>>) -> BTreeMap<String, String> {
    let mut all = theirs.cloned().unwrap_or_default();
    // The prefix is reserved: AWS sets such tags itself and refuses them from others.
    all.retain(|key, _| !key.starts_with("aws:"));
    all.extend(ours.clone());
    all
}
