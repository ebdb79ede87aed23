//! From the configuration to a plan: what `plan` and `apply` begin with.

use std::path::Path;

use pipetrail_lake::catalog::Catalog;
use pipetrail_names::audit::{Bucket, DATA_STACK, DATABASE, PIPELINE_STACK};
use pipetrail_names::{AccountId, Region, member};
use pipetrail_stacksets::{Actual, Clients, Desired, Organization, Plan, Scope, StepProgress, plan, settle};

use thiserror::Error;

use crate::aws::Session;
use crate::context::Context;
use crate::deploy::adopted_lake::LakeBucket;
use crate::deploy::named_queries::{self, Changes};
use crate::deploy::{deployer, desired, function_zips};
use crate::failure::{Explain, Result};
use crate::terminal::progress::Steps;

/// What to know beside a plan where [`Prepared::unregistered`] is true.
pub(crate) const UNREGISTERED: &str = "~ lake: register the partitions that an interrupted run adopted";

/// What stands, what should, and the way there.
pub(crate) struct Prepared {
    /// The clients that everything was read with.
    pub clients: Clients,
    /// The lake, if its bucket is there.
    pub lake: Option<LakeBucket>,
    /// Whether an interrupted run has left the partitions of an adopted lake to be registered.
    pub unregistered: bool,
    /// Athena in the audit account.
    pub athena: aws_sdk_athena::Client,
    /// What has to change of the published audits.
    pub queries: Changes,
    /// What the configuration asks for.
    pub desired: Desired,
    /// What was read.
    pub actual: Actual,
    /// What has to change.
    pub plan: Plan,
}

/// The bus belongs to the pipeline stack, so the data stack cannot make it.
#[derive(Debug, Error)]
#[error(
    "account {account}, {region} has an installation of an older version: its bus belongs to stack {PIPELINE_STACK}"
)]
struct OldLayout {
    account: AccountId,
    region: Region,
}

impl Explain for OldLayout {
    fn hint(&self) -> Option<String> {
        Some(
            "run `pipetrail destroy`, which keeps the data stack with the buckets, then `pipetrail apply`, which goes on \
             with it; subscriptions to the old topics end, and what happens in between is found by `pipetrail ingest` in \
             the organization's trail"
                .to_owned(),
        )
    }
}

/// # Errors
/// What is deployed has the layout of an older version.
pub(crate) fn check_layout(actual: &Actual, scope: &Scope) -> Result<()> {
    let pipeline = actual.stacks.get(PIPELINE_STACK);
    if pipeline.is_some_and(|stack| stack.outputs.contains_key("BusArn")) {
        return Err(OldLayout {
            account: scope.audit_account.clone(),
            region: scope.region.clone(),
        }
        .into());
    }
    Ok(())
}

/// Whether the pipeline stack is to be replaced though it need not be.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Replacing {
    /// Replace the pipeline stack even if CloudFormation could update it
    ///
    /// `apply` disables the rules of the bus, waits until the streams have drained, deletes and creates the stack, and
    /// replays from the archive what arrived meanwhile. Use it where a rollback cannot be continued. An interrupted
    /// replacement goes on with the next `pipetrail apply`. Without an archive (`delivery.archive_days = 0`) what
    /// arrives meanwhile is lost, but for decisions.
    #[arg(long)]
    pub replace_pipeline_stack: bool,
    /// How many times faster everything is waited for; for tests
    #[arg(long, hide = true, env = "PIPETRAIL_PACE", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pace: u32,
}

/// Whether CloudFormation may be at work on our stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// It is waited for, and told.
    Wait,
    /// It is an error.
    Refuse,
}

/// Reads everything once and plans; writes nothing. The zips are those in `folder`, else the binary's.
///
/// # Errors
/// Wrong configuration, a read that AWS refuses, or what no plan leads out of.
pub(crate) async fn prepare(
    context: &Context,
    folder: Option<&Path>,
    replacing: Replacing,
    busy: Busy,
) -> Result<Prepared> {
    let config = context.configuration()?;
    let zips = function_zips::find(folder, config.audit.architecture)?;
    let scope = desired::scope(&config);
    let session = Session::connect(&config, context).await?;
    let (organization, caller) = Organization::read(&session.organizations(), session.caller()?, &scope.units).await?;
    let clients = session.clients(caller);
    let mut desired = desired::desired(&config, &organization.id, zips);
    if let Some(flow) = &mut desired.flow {
        flow.asked = replacing.replace_pipeline_stack;
        flow.pace = replacing.pace;
    }
    if busy == Busy::Wait {
        let names: Vec<&str> = desired.stacks.iter().map(|spec| spec.name.as_str()).collect();
        let mut steps = Steps::new(names.len());
        settle(&clients.audit, &names, &mut |progress| steps.show(progress)).await?;
        drop(steps);
        settle_management(&clients, &desired.scope).await;
    }
    let actual = Actual::read(&clients, organization, &desired).await?;
    check_layout(&actual, &desired.scope)?;
    let plan = plan::plan(&desired, &actual)?;
    if plan.stacks.iter().any(|step| step.name == DATA_STACK) {
        let deployed = actual.stacks.get(DATA_STACK);
        let deployed = deployed.and_then(|stack| stack.parameters.get(deployer::PARAMETER));
        let configured = config.audit.deployer_role.as_ref().map(AsRef::as_ref);
        let account = &config.audit.account;
        deployer::check(session.audit(), account, deployed.map(String::as_str), configured).await?;
    }
    let output = |stack: &str, name: &str| actual.stacks.get(stack)?.outputs.get(name);
    // Of the stack that stands, or of the one that is adopted.
    let bucket = adopted_lake(&plan).or_else(|| output(DATA_STACK, "LakeBucket"));
    let lake = bucket.map(|bucket| LakeBucket {
        s3: clients.s3.clone(),
        catalog: Catalog::new(session.audit(), DATABASE.to_owned()),
        bucket: bucket.clone(),
        owner: desired.scope.audit_account.clone(),
    });
    let unregistered = match &lake {
        Some(lake) => lake.is_marked().await?,
        None => false,
    };
    let athena = aws_sdk_athena::Client::new(session.audit());
    let workgroup = output(PIPELINE_STACK, "WorkGroup");
    let queries = named_queries::plan(workgroup.map(|_| &athena)).await?;
    Ok(Prepared {
        clients,
        lake,
        unregistered,
        athena,
        queries,
        desired,
        actual,
        plan,
    })
}

/// Waits until CloudFormation is at work on none of the management account's own stacks, and tells it.
pub(crate) async fn settle_management(clients: &Clients, scope: &Scope) {
    let Some(owner) = &clients.management_account else {
        return;
    };
    let mut steps = Steps::new(scope.regions.len());
    for region in &scope.regions {
        // Regions that refuse the account are found out when its stacks are read.
        let tell = &mut |progress: StepProgress<'_>| steps.show(progress);
        let _ = settle(&owner.at(region), &[member::STACK], tell).await;
    }
}

/// The bucket of the lake, if the plan adopts it.
pub(crate) fn adopted_lake(plan: &Plan) -> Option<&String> {
    let step = plan.stacks.iter().find(|step| step.name == DATA_STACK)?;
    let mut adopts = step.adopts.iter();
    adopts.find(|bucket| bucket.starts_with(&Bucket::Lake.prefix()))
}
