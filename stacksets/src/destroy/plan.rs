//! From what stands to what is done: pure, no clock, no network.

use std::collections::BTreeSet;

use pipetrail_names::audit::STACKS;
use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, Region};

use super::removals::{removals, why_retained};
use super::{Contents, DestroyPlan, DestroyStep, Names, Remains, Remnant, Standing};
use crate::bus;
use crate::error::Error;
use crate::operation;
use crate::organization::Account;
use crate::stack::Stack;

/// Why the data stays when it was not asked for.
const DATA_STAYS: &str = "it is the audit's data: `pipetrail apply` takes it up again, `pipetrail destroy --delete-data <lake bucket>` deletes it";

/// The plan that takes away everything that stands; the data too when `delete_data` says so.
///
/// # Errors
/// A stack or stack set of our name that is not ours.
pub fn plan(names: &Names, standing: &Standing, delete_data: bool) -> Result<DestroyPlan, Error> {
    let mut plan = DestroyPlan::nothing(names, standing);
    // Before the stack set: its instances name regions that the configuration may name no more.
    for (region, stack) in standing.member_stacks.iter().flatten() {
        let management = &standing.organization.management_account;
        let step = stack_step(STACK, stack, management, region, false)?;
        match bus::elsewhere(&stack.parameters, &names.audit_account, &names.region) {
            None => plan.steps.push(step),
            Some(bus) => {
                let what = Remnant::Stack(STACK.to_owned());
                let why = format!("it forwards to {bus}, of another audit account or home region than was asked for");
                plan.remains.push(Remains::new(what, management, region, why));
            }
        }
    }
    set_steps(names, standing, &mut plan)?;
    let audit = |name: &str, lifts: bool| {
        let stack = standing.stacks.get(name);
        stack
            .map(|stack| stack_step(name, stack, &names.audit_account, &names.region, lifts))
            .transpose()
    };
    let [artifacts, data, pipeline] = STACKS;
    plan.steps.extend(audit(pipeline, false)?);
    let buckets = |names: &[&String]| -> Vec<(String, Contents)> {
        let standing = names.iter().filter_map(|name| standing.buckets.get_key_value(*name));
        standing.map(|(name, contents)| (name.clone(), *contents)).collect()
    };
    // Emptied, then without their stack, then deleted: wherever this is interrupted, the next run, or
    // the next apply, finds something that it can go on from.
    let group = |stack: Option<DestroyStep>, buckets: Vec<(String, Contents)>| {
        let emptied = buckets.iter().filter(|(_, contents)| contents.versions > 0);
        let emptied = emptied.map(|(bucket, contents)| DestroyStep::Empty {
            bucket: bucket.clone(),
            contents: *contents,
            keeps_retained: *bucket == names.evidence,
        });
        let deleted = buckets
            .iter()
            .map(|(bucket, _)| DestroyStep::Bucket { bucket: bucket.clone() });
        emptied.chain(stack).chain(deleted).collect::<Vec<DestroyStep>>()
    };
    let zips = group(audit(artifacts, false)?, buckets(&[&names.artifacts]));
    plan.steps.extend(zips);
    let held = buckets(&[&names.lake, &names.results, &names.evidence]);
    let data_step = audit(data, true)?;
    if delete_data {
        plan.steps.extend(group(data_step, held));
    } else {
        plan.remains.extend(data_remains(names, data_step.is_some(), &held));
    }
    plan.notes = notes(names, standing, delete_data);
    Ok(plan)
}

fn set_steps(names: &Names, standing: &Standing, plan: &mut DestroyPlan) -> Result<(), Error> {
    let Some(set) = &standing.stack_set else { return Ok(()) };
    if !set.is_ours() {
        return Err(Error::foreign("stack set", STACK));
    }
    let what = format!("stack set {STACK}");
    bus::check_one(what, &set.parameters, &names.audit_account, &names.region)?;
    // Auto-deployment's own operations too: they make instances.
    let open = set.operations.iter().filter(|operation| operation.is_open());
    plan.steps.extend(open.map(|operation| DestroyStep::Join {
        operation_id: operation.id.clone(),
    }));
    if set.auto_deploys != Some(false) && !set.instances.is_empty() {
        plan.steps.push(DestroyStep::AutoDeploymentOff {
            operation_id: operation::next_id(&["auto-deployment off"], &set.operations),
        });
    }
    let removals = removals(set, &standing.organization, &standing.roots, &BTreeSet::new());
    plan.steps.extend(removals.into_iter().map(DestroyStep::Instances));
    plan.steps.push(DestroyStep::StackSet { name: STACK.to_owned() });
    for instance in &set.instances {
        if let Some(why) = why_retained(instance, &standing.organization) {
            let account = standing.organization.accounts.get(&instance.account);
            let what = Remnant::InstanceStack(instance.at());
            plan.remains.push(Remains {
                // Of an account that is closed nobody can take anything away.
                unwanted: account.is_some_and(Account::is_active),
                ..Remains::new(what, &instance.account, &instance.region, why)
            });
        }
    }
    Ok(())
}

fn stack_step(
    name: &str,
    stack: &Stack,
    account: &AccountId,
    region: &Region,
    lifts: bool,
) -> Result<DestroyStep, Error> {
    if !stack.is_ours() {
        let name = format!("{name} of account {account} in {region}");
        return Err(Error::foreign("stack", name));
    }
    Ok(DestroyStep::Stack {
        name: name.to_owned(),
        account: account.clone(),
        region: region.clone(),
        id: stack.id.clone(),
        status: stack.status.clone(),
        lifts_protection: lifts && stack.protected,
    })
}

fn data_remains(names: &Names, has_stack: bool, buckets: &[(String, Contents)]) -> Vec<Remains> {
    let [_, data, _] = STACKS;
    let of = |what| Remains::new(what, &names.audit_account, &names.region, DATA_STAYS);
    let stack = has_stack.then(|| of(Remnant::Stack(data.to_owned())));
    let buckets = buckets.iter().map(|(bucket, contents)| Remains {
        records: Some(contents.versions),
        bytes: Some(contents.bytes),
        ..of(Remnant::Bucket(bucket.clone()))
    });
    stack.into_iter().chain(buckets).collect()
}

fn notes(names: &Names, standing: &Standing, delete_data: bool) -> Vec<String> {
    let [_, data, pipeline] = STACKS;
    let mut notes = Vec::new();
    if standing.stacks.contains_key(pipeline) {
        let note = if delete_data {
            "events that are on their way, or wait in a buffer or queue, are lost"
        } else {
            "events that are on their way, or wait in a buffer, are lost"
        };
        notes.push(note.to_owned());
    }
    if standing.stack_set.is_some() {
        let note = "trusted access of StackSets and the organization's trail stay as they are: others may need them";
        notes.push(note.to_owned());
    }
    if delete_data && standing.stacks.contains_key(data) {
        notes.push("the topics go with everybody's subscriptions to them".to_owned());
    }
    if delete_data && standing.stacks.contains_key(data) && standing.buckets.contains_key(&names.evidence) {
        notes.push(format!(
            "the policy of bucket {} goes with stack {data}; what is locked there stays locked without it",
            names.evidence
        ));
    }
    if standing.member_stacks.is_none() {
        notes.push(format!(
            "the stacks {STACK} of management account {} cannot be seen from here: if there are any, first set organization.management_profile to a profile of that account, or they go on without a bus",
            standing.organization.management_account
        ));
    }
    notes
}
