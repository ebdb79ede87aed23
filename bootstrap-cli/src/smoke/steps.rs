//! The five steps of a run, each with what it asks and what it sees. A step that fails says so of its claims; the next
//! goes on where it can.

mod account;
mod decision;
mod errors;
mod member;
mod refusals;
mod rows;
mod scratch_stream;
mod stacks;

use pipetrail_stacksets::{Desired, Zip};

use super::claim::STACK;
use super::findings::Findings;
use super::ground::Ground;
use super::scratch;
use crate::doctor::check::Check;
use crate::failure::Result;

pub(super) use scratch_stream::remove as remove_scratch_stream;

/// Carries out all steps; `checks` are those of `doctor`. What is made is left for the clean-up.
pub(crate) async fn run(ground: &Ground, zips: Vec<Zip>, checks: &[Check], findings: &mut Findings) {
    let desired = ground.desired(zips);
    account::run(ground, &desired, checks, findings).await;
    let done = stacks::run(ground, &desired, findings).await;
    end(2, done, findings);
    if findings.proves(&STACK) {
        with_stacks(ground, &desired, findings).await;
    } else {
        for step in 2..=5 {
            findings.close(step, stacks::NO_STACKS);
        }
    }
    account::lake_formation(checks, findings);
}

/// The steps that need the stacks of the audit account.
async fn with_stacks(ground: &Ground, desired: &Desired, findings: &mut Findings) {
    let done = rows::run(ground, findings).await;
    end(3, done, findings);
    // Not at once: what a new policy says takes a moment to count.
    let controls = scratch::controls(ground).await;
    let done = decision::run(ground, &controls, findings).await;
    end(4, done, findings);
    let done = member_step(ground, desired, findings).await;
    end(5, done, findings);
}

async fn member_step(ground: &Ground, desired: &Desired, findings: &mut Findings) -> Result<()> {
    match ground.member() {
        Ok(member) => member::run(ground, member, desired, findings).await,
        Err(why) => {
            findings.close(5, why);
            Ok(())
        }
    }
}

/// What a step did not come to is said with the reason: each claim has a finding.
fn end(step: u8, done: Result<()>, findings: &mut Findings) {
    let why = done.err().map(|failure| failure.to_string());
    findings.close(step, why.as_deref().unwrap_or("the step ended before it was tried"));
}
