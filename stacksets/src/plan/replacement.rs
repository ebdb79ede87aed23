//! Whether the stack that the flow runs through is replaced, and what that takes: pure.

use crate::desired::StackSpec;
use crate::flow::Flow;
use crate::plan::step::{DrainStep, ReplaceReason, ReplayStep, StackAction, StackStep};
use crate::plan::view::View;
use crate::replacement::Record;
use crate::stack::{Condition, Stack};

/// Why a stack that could be updated, or that nothing else leads out of, is replaced all the same.
pub(super) fn reason(view: &View<'_>, spec: &StackSpec, stack: &Stack) -> Option<ReplaceReason> {
    let flow = flow_of(view, spec)?;
    let due = view.actual.replacement.as_ref().filter(|record| !record.done);
    if due.is_some_and(|record| record.is_open() && record.stack == stack.id) {
        return Some(ReplaceReason::Begun);
    }
    // What is not done yet is the replacement that was asked for, whoever asks again; unless the new stack is broken too.
    if flow.asked && (due.is_none() || matches!(stack.condition(), Condition::RollbackFailed | Condition::UpdateFailed))
    {
        return Some(ReplaceReason::AskedFor);
    }
    (stack.condition() == Condition::Stuck).then_some(ReplaceReason::Stuck)
}

/// What is done before and after `stacks`, so that nothing is lost.
pub(super) fn steps(view: &View<'_>, stacks: &[StackStep]) -> (Option<DrainStep>, Option<ReplayStep>) {
    let Some(flow) = view.desired.flow.as_ref().filter(|flow| flows(view, flow)) else {
        return (None, None);
    };
    let record = view.actual.replacement.as_ref().filter(|record| !record.done);
    let step = stacks.iter().find(|step| step.name == flow.stack);
    let replaced = step.and_then(|step| match &step.action {
        StackAction::Replace { id, .. } => Some(id),
        _ => None,
    });
    if record.is_none() && replaced.is_none() {
        return (None, None);
    }
    let archived = view.actual.archived;
    let stack = view.actual.stacks.get(&flow.stack);
    let drain = replaced.map(|id| DrainStep {
        bus: flow.bus.clone(),
        rules: flow.rules.len(),
        buffer_seconds: flow.buffer_seconds,
        begun: open(view).and_then(|record| record.rules_off),
        archived,
        stack: id.clone(),
        lacking_since: stack
            .filter(|stack| stack.condition() == Condition::Shell)
            .and_then(|stack| stack.since),
        flow: flow.clone(),
    });
    let ended = record.filter(|_| drain.is_none()).and_then(|record| record.until);
    let replay = ReplayStep {
        archive: archived.then(|| flow.archive.clone()),
        until: ended,
        state: view.actual.replay.clone().filter(|_| ended.is_some()),
        flow: flow.clone(),
    };
    (drain, Some(replay))
}

/// A replacement that was begun and whose new stack is not known to stand.
fn open<'a>(view: &View<'a>) -> Option<&'a Record> {
    view.actual
        .replacement
        .as_ref()
        .filter(|record| !record.done && record.is_open())
}

fn flow_of<'a>(view: &View<'a>, spec: &StackSpec) -> Option<&'a Flow> {
    view.desired.flow.as_ref().filter(|flow| flow.stack == spec.name)
}

/// Whether anything can run: the bus is there, and somebody forwards to it. A first installation that failed
/// has neither to lose.
fn flows(view: &View<'_>, flow: &Flow) -> bool {
    let bus = view.actual.stacks.get(&flow.bus_stack);
    let forwards = view.instances().next().is_some()
        || view
            .actual
            .management
            .as_ref()
            .is_some_and(|read| !read.stacks.is_empty());
    bus.is_some_and(|stack| !stack.must_be_replaced()) && forwards
}
