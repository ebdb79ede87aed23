//! Taking away what a run has made, whatever of it exists: by what AWS says, not by what the run remembers.

use pipetrail_names::audit::Bucket;
use pipetrail_names::member::STACK;
use pipetrail_stacksets::destroy::{Contents, DestroyPlan, DestroyStep, Names, Standing, destroy, plan};
use pipetrail_stacksets::{Clients, Organization, Stack, StepState, take_shell_away};

use super::forwarder;
use super::ground::{Ground, Member};
use super::records::{self, Kept, Remaining};
use super::sample::{ACCOUNT, SMOKE};
use super::steps::remove_scratch_stream;
use crate::failure::Result;
use crate::terminal::progress::Steps;

/// What a clean-up came to.
#[derive(Debug, Default)]
pub(crate) struct Cleaned {
    /// Records that Object Lock holds.
    pub records: Vec<Kept>,
    /// What could not be taken away, and why.
    pub left: Vec<String>,
}

/// Takes everything away: the member's stacks first, the run's own stack last.
///
/// # Errors
/// What exists cannot be read; nothing more was taken away then.
pub(crate) async fn clean(ground: &Ground, member: Option<&Member>, own: Option<&Stack>) -> Result<Cleaned> {
    let mut cleaned = Cleaned::default();
    let mut note = |what: &str, done: Result<()>| {
        if let Err(failure) = done {
            cleaned.left.push(format!("{what}: {failure}"));
        }
    };
    if let Some(member) = member {
        let config = ground.at(member, ground.home()).await;
        note("the run's role in the member", forwarder::remove(&config).await);
    }
    note("the run's delivery stream", remove_scratch_stream(ground).await);
    // Of the member template's change set; the shells of the other stacks are among the stacks.
    let shell = take_shell_away(&ground.clients.audit, STACK).await;
    note("the shell of a change set", shell.map(|_| ()).map_err(Into::into));
    let clients = ground.clients_of(member).await;
    // To stacksets the member is what the management account is elsewhere.
    let organization = match member {
        None => ground.organization.clone(),
        Some(member) => Organization {
            management_account: member.account.clone(),
            ..ground.organization.clone()
        },
    };
    let names = ground.names();
    let mut standing = Standing::read(&clients, organization, &ground.scope, &names, true).await?;
    // Not this run's: it enrols nobody.
    standing.stack_set = None;
    let steps = plan(&names, &standing, true)?;
    cleaned
        .left
        .extend(carry_out(&steps, &names, &standing, &clients).await);
    let bucket = ground.bucket(Bucket::Evidence);
    let Remaining { locked, refused } = records::remaining(ground, &bucket).await?;
    cleaned.records = locked;
    cleaned.left.extend(
        refused.into_iter().map(|key| {
            format!("s3://{bucket}/{key}: S3 does not delete it, and says no date until which it is retained")
        }),
    );
    // As long as anything is left, its being there says whose that is. So does its tag of a record of the member's own.
    let of_member = cleaned
        .records
        .iter()
        .any(|record| records::account(&record.key) != ACCOUNT);
    if let Some(stack) = own.filter(|_| cleaned.left.is_empty() && !of_member) {
        let steps = vec![
            DestroyStep::Empty {
                bucket: ground.scratch_bucket(),
                contents: Contents::default(),
                keeps_retained: false,
            },
            DestroyStep::Stack {
                name: SMOKE.to_owned(),
                account: ground.account().clone(),
                region: ground.home().clone(),
                id: stack.id.clone(),
                status: stack.status.clone(),
                lifts_protection: false,
            },
        ];
        let plan = DestroyPlan {
            steps,
            ..DestroyPlan::nothing(&names, &standing)
        };
        cleaned.left.extend(carry_out(&plan, &names, &standing, &clients).await);
    }
    Ok(cleaned)
}

/// Carries out the steps and shows them; gives what failed.
async fn carry_out(plan: &DestroyPlan, names: &Names, standing: &Standing, clients: &Clients) -> Vec<String> {
    let mut steps = Steps::new(plan.steps.len());
    let (results, _) = destroy(plan, names, standing, clients, &mut |progress| steps.show(progress)).await;
    let failed = results
        .iter()
        .filter(|result| matches!(result.state, StepState::Failed | StepState::Skipped));
    failed.map(ToString::to_string).collect()
}
