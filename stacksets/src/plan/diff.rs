//! Comparing what stands with what should: pure, no clock, no network.

use pipetrail_names::member::STACK;

use crate::access::TrustedAccess;
use crate::actual::Actual;
use crate::bus;
use crate::desired::{Desired, ParameterValue};
use crate::error::Error;
use crate::organization::Caller;
use crate::plan::changes::outputs;
use crate::plan::note::notes;
use crate::plan::stacks::{management_steps, set_step, stack_step};
use crate::plan::step::{AccessStep, InstancesStep, SetAction, SetStep, Upload};
use crate::plan::view::{Focus, View};
use crate::plan::{Plan, instances, reader, replacement};
use crate::stack_set::StackSet;

/// Computes the plan that turns `actual` into `desired`.
///
/// # Errors
/// A stack or stack set of our name that is not ours, a stack in a state that nothing can be applied
/// to, trusted access that the caller cannot switch on, an account that the organization has not, or
/// something of ours that forwards to another audit account or home region.
pub fn plan(desired: &Desired, actual: &Actual) -> Result<Plan, Error> {
    let view = checked(desired, actual, None)?;
    let stacks = desired.stacks.iter();
    let stacks = stacks.map(|spec| stack_step(&view, spec, actual.stacks.get(&spec.name)));
    let stacks = stacks.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    let missing = desired.zips.iter().filter(|zip| !actual.uploaded.contains(&zip.key()));
    let uploads = missing
        .map(|zip| Upload {
            key: zip.key(),
            bytes: zip.bytes.len(),
            zip: zip.clone(),
        })
        .collect();
    let stack_set = set_step(&view)?;
    let (drain, replay) = replacement::steps(&view, &stacks);
    let bucket_stack = desired.stacks.first().map_or("", |spec| &spec.name);
    Ok(Plan {
        stacks,
        drain,
        uploads,
        replay,
        trusted_access: access_step(actual.access, actual.caller)?,
        bucket: ParameterValue::output(bucket_stack, &desired.bucket_output),
        ..enrolment(view, stack_set)?
    })
}

/// The part of the plan that enrols or removes what is in focus, for a stack set that stands. The
/// audit account's stacks and the stack set itself are not part of it.
///
/// # Errors
/// No stack set, or somebody else's, or one that forwards elsewhere, or an account in the configuration
/// that is unknown.
pub fn plan_for(desired: &Desired, actual: &Actual, focus: &Focus) -> Result<Plan, Error> {
    let view = checked(desired, actual, Some(focus))?;
    match &actual.stack_set {
        None => Err(Error::NoStackSet(STACK.to_owned())),
        Some(set) if !set.is_ours() => Err(Error::foreign("stack set", STACK)),
        Some(_) => {
            reader::check(&view)?;
            enrolment(view, None)
        }
    }
}

fn checked<'a>(desired: &'a Desired, actual: &'a Actual, focus: Option<&'a Focus>) -> Result<View<'a>, Error> {
    actual.organization.check_accounts(&desired.scope)?;
    bus::check(&desired.scope, actual)?;
    Ok(View {
        desired,
        actual,
        focus,
        outputs: outputs(actual),
    })
}

/// A plan of what is done to the stack set, to its instances and to the management account's own
/// stacks; with nothing for the audit account.
fn enrolment(view: View<'_>, stack_set: Option<SetStep>) -> Result<Plan, Error> {
    let (desired, actual) = (view.desired, view.actual);
    let updates_all = stack_set.as_ref().is_some_and(|step| step.action == SetAction::Update);
    let instances = instances::steps(&view, updates_all);
    Ok(Plan {
        organization: actual.organization.id.clone(),
        audit_account: desired.scope.audit_account.clone(),
        region: desired.scope.region.clone(),
        stacks: vec![],
        drain: None,
        replay: None,
        uploads: vec![],
        trusted_access: None,
        joins: joins(actual.stack_set.as_ref(), stack_set.as_ref(), &instances),
        stack_set,
        management: management_steps(&view)?,
        instances,
        rollout: desired.rollout.clone(),
        notes: notes(&view),
        bucket: ParameterValue::Text(String::new()),
        outputs: view.outputs,
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
