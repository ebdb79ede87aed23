//! What has to be done to the stacks of the management account.

use pipetrail_names::Region;
use pipetrail_names::member::STACK;

use crate::actual::Actual;
use crate::desired::{Desired, StackSpec};
use crate::error::Error;
use crate::plan::outputs::Outputs;
use crate::plan::stacks::stack_step;
use crate::plan::step::{ManagementAction, ManagementStep};

/// One step per region where something differs; none where nobody can look into the account.
pub(super) fn steps(desired: &Desired, actual: &Actual, outputs: &Outputs) -> Result<Vec<ManagementStep>, Error> {
    let Some(read) = &actual.management else {
        return Ok(vec![]);
    };
    let account = &actual.organization.management_account;
    let scope = &desired.scope;
    let spec = StackSpec {
        name: STACK.to_owned(),
        ..desired.stack_set.clone()
    };
    let mut steps = Vec::new();
    let mut push = |region: &Region, action| {
        steps.push(ManagementStep {
            account: account.clone(),
            region: region.clone(),
            action,
        });
    };
    if scope.management {
        for region in scope
            .regions
            .iter()
            .filter(|region| !read.unreadable.contains_key(*region))
        {
            match stack_step(&spec, read.stacks.get(region), outputs, desired) {
                Ok(step) => step
                    .into_iter()
                    .for_each(|stack| push(region, ManagementAction::Deploy { stack })),
                // One region does not stop the others: the step fails when its turn comes.
                Err(Error::Blocked { status, .. }) => push(region, ManagementAction::Blocked { status }),
                Err(error) => return Err(error),
            }
        }
    }
    for (region, stack) in &read.stacks {
        let wanted = scope.management && scope.regions.contains(region);
        if !wanted && stack.is_ours() {
            let (id, status) = (stack.id.clone(), stack.status.clone());
            push(region, ManagementAction::Delete { id, status });
        }
    }
    Ok(steps)
}
