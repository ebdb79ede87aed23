//! The region whose stacks make the reader's role: it moves there before the old region's stacks go.

use std::collections::BTreeSet;

use pipetrail_names::Region;
use pipetrail_names::member::READER_REGION;

use crate::desired::{ParameterValue, StackSpec};
use crate::error::Error;
use crate::plan::view::View;

/// Where the role is, and where it should be; `None` where nothing stands or neither is known.
fn move_of(view: &View<'_>) -> Option<(Region, Region)> {
    let deployed = view.actual.stack_set.as_ref()?.parameters.get(READER_REGION)?;
    let Some(ParameterValue::Text(wanted)) = view.desired.stack_set.parameters.get(READER_REGION) else {
        return None;
    };
    let (from, to) = (deployed.parse().ok()?, wanted.parse().ok()?);
    (from != to).then_some((from, to))
}

/// The move that waits until the new region has stacks.
pub(super) fn waits(view: &View<'_>) -> Option<(Region, Region)> {
    move_of(view).filter(|(_, to)| !view.instances().any(|instance| instance.region == *to))
}

/// The stack set as it can be now: the role stays where it is until its new region has stacks.
///
/// # Errors
/// The configuration removes the region that has the role, and the new one has no stacks yet.
pub(super) fn spec(view: &View<'_>) -> Result<StackSpec, Error> {
    let mut spec = view.desired.stack_set.clone();
    if let Some((from, to)) = waits(view) {
        refuse_removal(view, &from, &to)?;
        let stays = ParameterValue::Text(from.to_string());
        spec.parameters.insert(READER_REGION.to_owned(), stays);
    }
    Ok(spec)
}

/// # Errors
/// The stack set is not updated, and the stacks that have the role would go.
pub(super) fn check_without_update(view: &View<'_>) -> Result<(), Error> {
    match move_of(view) {
        Some((from, to)) => refuse_removal(view, &from, &to),
        None => Ok(()),
    }
}

fn refuse_removal(view: &View<'_>, from: &Region, to: &Region) -> Result<(), Error> {
    if view.desired.scope.regions.contains(from) {
        return Ok(());
    }
    Err(Error::LastReader {
        from: from.clone(),
        to: to.clone(),
    })
}

/// The order in which an update goes through the regions: the new region of the role first, then all others, one after
/// another. Empty where the role does not move: then all go at once.
pub(super) fn order(view: &View<'_>) -> Vec<Region> {
    let Some((_, to)) = move_of(view).filter(|_| waits(view).is_none()) else {
        return vec![];
    };
    let regions: BTreeSet<Region> = view.instances().map(|instance| instance.region.clone()).collect();
    let others = regions.into_iter().filter(|region| *region != to);
    std::iter::once(to.clone()).chain(others).collect()
}
