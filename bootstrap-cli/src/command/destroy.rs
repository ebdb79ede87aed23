//! `pipetrail destroy`

mod elsewhere;

use aws_config::retry::RetryConfig;
use pipetrail_names::audit::DATA_STACK;
use pipetrail_stacksets::destroy::{DestroyPlan, Names, Remains, Standing, destroy, plan};
use pipetrail_stacksets::{Clients, Organization};
use serde::Serialize;

use crate::aws::Session;
use crate::config::Config;
use crate::context::Context;
use crate::deploy::step::Step;
use crate::deploy::{carry_out, deployer, desired, roster};
use crate::doctor::regions;
use crate::failure::remedy::Again;
use crate::failure::{Exit, Result};
use crate::terminal::confirm::confirmed;
use crate::terminal::printer::{self, Output};
use crate::terminal::progress::Steps;

/// Take pipetrail away again: every enrolled account's stack, the stack set, the pipeline
///
/// Shows what goes and what stays, asks, and does that: the forwarders of all accounts first, then
/// the pipeline. Lake and evidence stay, and so do the bus, the queue of decisions and the topics with
/// their subscriptions; a later `pipetrail apply` takes them up again. With --delete-data they go too.
/// Evidence under retention or legal hold is never deleted, and is named. Running it again does what
/// is left.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail destroy\n  pipetrail destroy --yes --output json > destroyed.json\n  pipetrail destroy --delete-data pipetrail-lake-999988887777-eu-central-1"
)]
pub(crate) struct Args {
    /// Destroy without asking
    #[arg(long)]
    yes: bool,
    /// Delete lake, evidence and query results as well; BUCKET is the lake's bucket, typed out
    #[arg(long, value_name = "BUCKET")]
    delete_data: Option<String>,
}

/// What `destroy --output json` writes.
#[derive(Serialize)]
struct Report<'a> {
    command: &'static str,
    result: Outcome,
    plan: &'a DestroyPlan,
    steps: &'a [Step],
    remains: &'a [Remains],
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    /// Nothing was to do.
    Unchanged,
    /// Everything that was to go is gone.
    Destroyed,
    /// A part is gone, or something stays that was to go.
    PartlyDestroyed,
    /// Nothing is gone.
    Failed,
}

impl Outcome {
    fn of(steps: &[Step], remains: &[Remains]) -> Self {
        let done = steps.iter().any(Step::has_done);
        let failed = steps.iter().any(Step::is_lacking);
        match (done, failed || remains.iter().any(|remains| remains.unwanted)) {
            (false, false) => Outcome::Unchanged,
            (true, false) => Outcome::Destroyed,
            (true, true) => Outcome::PartlyDestroyed,
            (false, true) => Outcome::Failed,
        }
    }

    fn exit(self) -> Exit {
        match self {
            Outcome::Unchanged | Outcome::Destroyed => Exit::Ok,
            Outcome::PartlyDestroyed => Exit::Partly,
            Outcome::Failed => Exit::Failed,
        }
    }
}

/// Runs the command; `begun` becomes true when it begins to destroy.
///
/// # Errors
/// Wrong configuration or usage, or a read that AWS refuses. What fails later is in the report.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let config = context.configuration()?;
    let names = names(&config);
    if let Some(typed) = args.delete_data.as_ref().filter(|typed| **typed != names.lake) {
        let message = format!("--delete-data names {typed:?}, which is not the lake; nothing was changed");
        let hint = format!(
            "the data of account {} is deleted with the name of its lake's bucket, {}; without --delete-data it stays",
            names.audit_account, names.lake
        );
        printer::error(&message, Some(&hint));
        return Ok(Exit::Usage);
    }
    let deletes_data = args.delete_data.is_some();
    let session = Session::connect(&config, context).await?;
    // The configured units need not exist any more.
    let (organization, caller) = Organization::read(&session.organizations(), session.caller()?, &[]).await?;
    let clients = session.clients(caller);
    let mut scope = desired::scope(&config);
    if let (Some((config, _)), Some(owner)) = (session.management_account(caller), &clients.management_account) {
        // Once: where the call is lacking, trying again only takes time.
        let once = RetryConfig::standard().with_max_attempts(1);
        let enabled = regions::read(&config.to_builder().retry_config(once).build(), None).await;
        let elsewhere = elsewhere::find(owner, &scope.regions, enabled).await;
        scope.regions.extend(elsewhere);
    }
    let standing = Standing::read(&clients, organization, &scope, &names, deletes_data).await?;
    if deletes_data {
        let data = standing.stacks.get(DATA_STACK);
        let deployer = data.and_then(|stack| stack.parameters.get(deployer::PARAMETER));
        deployer::check(
            session.audit(),
            &names.audit_account,
            deployer.map(String::as_str),
            None,
        )
        .await?;
    }
    let plan = plan(&names, &standing, deletes_data)?;
    printer::say(&plan.to_string());

    if plan.steps.is_empty() {
        return report(context.output, &plan, &[], &plan.remains);
    }
    let question = if deletes_data {
        "destroy all of this, the data included?"
    } else {
        "destroy this?"
    };
    let hint = "read the plan above, then run the command again with --yes";
    if !confirmed(args.yes, question, hint, "nothing was destroyed").await? {
        return Ok(Exit::Failed);
    }
    context.begin();
    unlist(&clients, &names, false).await;
    let mut steps = Steps::new(plan.steps.len());
    let (results, remains) = destroy(&plan, &names, &standing, &clients, &mut |progress| steps.show(progress)).await;
    drop(steps);
    let steps = results.into_iter().map(|result| Step::new(result, Again::Destroy));
    let steps: Vec<Step> = steps.collect();
    if !steps.iter().any(Step::is_lacking) {
        unlist(&clients, &names, true).await;
    }
    report(context.output, &plan, &steps, &remains)
}

/// Takes everybody off the list of members. What cannot be written there keeps nobody from destroying: λ watch goes too.
async fn unlist(clients: &Clients, names: &Names, gone: bool) {
    let left = roster::leave(&clients.s3, &names.lake, &names.audit_account, gone).await;
    if let Err(error) = left {
        printer::say(&format!("the list of members stays as it is: {error}"));
    }
}

fn report(output: Output, plan: &DestroyPlan, steps: &[Step], remains: &[Remains]) -> Result<Exit> {
    let result = Outcome::of(steps, remains);
    match output {
        Output::Json => printer::json(&Report {
            command: "destroy",
            result,
            plan,
            steps,
            remains,
        })?,
        _ if remains.is_empty() && result.exit() == Exit::Ok => {
            printer::data("nothing of pipetrail stands");
        }
        _ => remains
            .iter()
            .for_each(|remains| printer::data(&format!("stays: {remains}"))),
    }
    carry_out::hint(result.exit(), steps);
    Ok(result.exit())
}

/// What is taken away.
fn names(config: &Config) -> Names {
    let percentage = desired::percentage(config.rollout.max_concurrent_percentage.0);
    Names::new(config.audit.account.clone(), config.audit.region.clone(), percentage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_stacksets::destroy::Remnant;
    use pipetrail_stacksets::{StepId, StepResult, StepState};

    fn step(state: StepState, changed: bool) -> Step {
        let result = StepResult {
            step: StepId::Stack("x".into()),
            state,
            changed,
            message: None,
            remedy: None,
            failed: vec![],
        };
        Step::new(result, Again::Destroy)
    }

    fn remains(unwanted: bool) -> Remains {
        Remains {
            unwanted,
            ..Remains::new(
                Remnant::Bucket("x".into()),
                &"999988887777".parse().unwrap(),
                &"eu-central-1".parse().unwrap(),
                "",
            )
        }
    }

    #[test]
    fn data_that_stays_by_intention_is_no_failure() {
        let outcome = Outcome::of(&[step(StepState::Done, true)], &[remains(false)]);
        assert_eq!((outcome, outcome.exit()), (Outcome::Destroyed, Exit::Ok));
        assert_eq!(Outcome::of(&[], &[remains(false)]).exit(), Exit::Ok);
    }

    #[test]
    fn evidence_that_stays_against_the_wish_is_partly() {
        let outcome = Outcome::of(&[step(StepState::Done, true)], &[remains(true)]);
        assert_eq!(outcome.exit(), Exit::Partly);
    }

    #[test]
    fn a_first_step_that_was_refused_is_failed_and_one_that_wrote_is_partly() {
        assert_eq!(Outcome::of(&[step(StepState::Failed, false)], &[]).exit(), Exit::Failed);
        assert_eq!(Outcome::of(&[step(StepState::Failed, true)], &[]).exit(), Exit::Partly);
    }

    #[test]
    fn the_buckets_are_called_as_the_templates_call_them() {
        let text = "[organization]\norganizational_units = [\"r-ab12\"]\nregions = [\"eu-west-1\"]\n\
                    [audit]\naccount = \"999988887777\"\nregion = \"eu-central-1\"\n";
        let config: Config = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
        let names = names(&config);
        let called = |kind: &str| format!("BucketName: !Sub pipetrail-{kind}-${{AWS::AccountId}}-${{AWS::Region}}");
        for (kind, name) in [
            ("artifacts", &names.artifacts),
            ("lake", &names.lake),
            ("athena", &names.results),
            ("evidence", &names.evidence),
        ] {
            assert_eq!(*name, format!("pipetrail-{kind}-999988887777-eu-central-1"));
            let templates = [
                pipetrail_collector::templates::ARTIFACTS,
                pipetrail_collector::templates::DATA,
            ];
            assert!(
                templates.iter().any(|template| template.contains(&called(kind))),
                "{kind}"
            );
        }
    }
}
