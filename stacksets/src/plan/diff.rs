//! Comparing what stands with what should: pure, no clock, no network.

use pipetrail_names::member::STACK;

use crate::access::TrustedAccess;
use crate::actual::Actual;
use crate::bus;
use crate::desired::{Desired, ParameterValue};
use crate::error::Error;
use crate::organization::Caller;
use crate::plan::focus::Focus;
use crate::plan::note::Note;
use crate::plan::notes::notes;
use crate::plan::outputs::outputs;
use crate::plan::step::{AccessStep, InstancesStep, SetAction, SetStep, Upload};
use crate::plan::view::View;
use crate::plan::{Plan, instances, management, set, stacks};
use crate::stack_set::StackSet;

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
        let step = stacks::stack_step(spec, actual.stacks.get(&spec.name), &outputs, desired)?;
        stacks.extend(step.map(|step| stacks::adopting(step, spec, actual)));
    }
    let missing = desired.zips.iter().filter(|zip| !actual.uploaded.contains(&zip.key()));
    let uploads = missing
        .map(|zip| Upload {
            key: zip.key(),
            bytes: zip.bytes.len(),
            zip: zip.clone(),
        })
        .collect();
    let stack_set = set::set_step(desired, actual.stack_set.as_ref(), &outputs)?;
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
        bucket: ParameterValue::output(bucket_stack, &desired.bucket_output),
        outputs,
    })
}

/// The part of the plan that enrols or removes what is in focus, for a stack set that stands. The
/// audit account's stacks and the stack set itself are not part of it.
///
/// # Errors
/// No stack set, or somebody else's, or one that forwards elsewhere, or an account in the configuration
/// that is unknown.
pub fn plan_for(desired: &Desired, actual: &Actual, focus: &Focus) -> Result<Plan, Error> {
    actual.organization.check_accounts(&desired.scope)?;
    bus::check(&desired.scope, actual)?;
    let set = actual.stack_set.as_ref();
    let set = set.ok_or_else(|| Error::NoStackSet(STACK.to_owned()))?;
    if !set.is_ours() {
        return Err(set::foreign(STACK));
    }
    let outputs = outputs(actual);
    let view = View {
        desired,
        actual,
        focus: Some(focus),
    };
    let instances = instances::steps(view, &outputs, false);
    let mut management = Vec::new();
    if view.sees_account(&actual.organization.management_account) {
        management = management::steps(desired, actual, &outputs)?;
    }
    let mut notes = notes(view);
    notes.retain(|note| !matches!(note, Note::AuditAccountOutside { .. }));
    Ok(Plan {
        organization: actual.organization.id.clone(),
        audit_account: desired.scope.audit_account.clone(),
        region: desired.scope.region.clone(),
        stacks: vec![],
        uploads: vec![],
        trusted_access: None,
        joins: joins(Some(set), None, &instances),
        stack_set: None,
        management,
        instances,
        rollout: desired.rollout.clone(),
        notes,
        bucket: ParameterValue::Text(String::new()),
        outputs,
    })
}

fn access_step(access: TrustedAccess, caller: Caller) -> Result<Option<AccessStep>, Error> {
    match (access, caller) {
        (TrustedAccess::Enabled, _) => Ok(None),
        (TrustedAccess::Disabled, Caller::Management) => Ok(Some(AccessStep::Activate)),
        (TrustedAccess::DisabledWithoutActivation, Caller::Management) => Ok(Some(AccessStep::EnableServiceAccess)),
        (_, Caller::DelegatedAdministrator) => Err(Error::TrustedAccessOff),
    }
}

/// Our open operations, but those that a step joins by having the same id.
fn joins(set: Option<&StackSet>, set_step: Option<&SetStep>, instances: &[InstancesStep]) -> Vec<String> {
    let own = |id: &str| {
        set_step.is_some_and(|step| step.operation_id.as_deref() == Some(id))
            || instances.iter().any(|step| step.operation_id == id)
    };
    let open = set.iter().flat_map(|set| &set.operations);
    let open = open.filter(|operation| operation.is_ours() && operation.is_open() && !own(&operation.id));
    open.map(|operation| operation.id.clone()).collect()
}
