//! The region whose stacks make the reader's role: in every account the new one is there before the old one goes.

use std::collections::BTreeSet;

use pipetrail_names::member::READER_REGION;
use pipetrail_names::{AccountId, Region};

use crate::desired::{ParameterValue, StackSpec};
use crate::error::Error;
use crate::plan::view::View;

/// Where the role is, and where it should be; `None` where nothing is deployed or neither is known.
fn move_of(view: &View<'_>) -> Option<(Region, Region)> {
    let deployed = view.actual.stack_set.as_ref()?.parameters.get(READER_REGION)?;
    let Some(ParameterValue::Text(wanted)) = view.desired.stack_set.parameters.get(READER_REGION) else {
        return None;
    };
    let (from, to) = (deployed.parse().ok()?, wanted.parse().ok()?);
    (from != to).then_some((from, to))
}

/// The move that waits: some account with a stack in the old region has none in the new one yet. Accounts that no
/// operation reaches do not hold it up.
pub(super) fn waits(view: &View<'_>) -> Option<(Region, Region)> {
    let in_reach = |region: &Region| -> BTreeSet<&AccountId> {
        let there = view.instances().filter(|instance| instance.region == *region);
        let there = there.filter(|instance| {
            instance.status != "INOPERABLE" && instance.detailed_status != "SKIPPED_SUSPENDED_ACCOUNT"
        });
        there.map(|instance| &instance.account).collect()
    };
    move_of(view).filter(|(from, to)| {
        let current = view
            .instances()
            .filter(|instance| instance.region == *to && instance.status == "CURRENT");
        let current: BTreeSet<&AccountId> = current.map(|instance| &instance.account).collect();
        current.is_empty() || !in_reach(from).is_subset(&current)
    })
}

/// The members' stacks as they can be now: the role stays where it is while its move waits, and where a part of the
/// organization is planned, because that leaves the stack set as it is.
///
/// # Errors
/// The configuration removes the region that has the role, and the move waits.
pub(super) fn spec(view: &View<'_>) -> Result<StackSpec, Error> {
    let mut spec = view.desired.stack_set.clone();
    if let Some((from, _)) = waits(view).or(move_of(view).filter(|_| view.focus.is_some())) {
        check(view)?;
        let stays = ParameterValue::Text(from.to_string());
        spec.parameters.insert(READER_REGION.to_owned(), stays);
    }
    Ok(spec)
}

/// # Errors
/// The plan would take away the stacks that have the role, and nothing moves it before.
pub(super) fn check(view: &View<'_>) -> Result<(), Error> {
    let regions = &view.desired.scope.regions;
    match (waits(view), move_of(view)) {
        (Some((from, to)), _) if !regions.contains(&from) => Err(Error::LastReader { from, to }),
        (None, Some((from, _))) if !regions.contains(&from) && view.focus.is_some() => Err(Error::ReaderMoves { from }),
        _ => Ok(()),
    }
}

/// The regions of stacks in the order of an update that moves the role: the new region first, then all others, one
/// after another. Empty where the role does not move: then all go at once.
pub(super) fn order(view: &View<'_>) -> Vec<Region> {
    let Some((_, to)) = move_of(view).filter(|_| waits(view).is_none()) else {
        return vec![];
    };
    let regions: BTreeSet<Region> = view.instances().map(|instance| instance.region.clone()).collect();
    let others = regions.into_iter().filter(|region| *region != to);
    std::iter::once(to.clone()).chain(others).collect()
}
