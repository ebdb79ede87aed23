//! From the configuration to a plan: what `plan` and `apply` begin with.

use std::path::Path;

use pipetrail_stacksets::{Actual, Clients, Desired, MEMBER_STACK, Organization, Plan, Progress, plan, settle};

use crate::aws::Session;
use crate::cli::Global;
use crate::config::Config;
use crate::printer::Steps;
use crate::{desired, zips};

/// What stands, what should, and the way there.
pub struct Prepared {
    /// The clients that everything was read with.
    pub clients: Clients,
    /// Glue in the audit account.
    pub glue: aws_sdk_glue::Client,
    /// What the configuration asks for.
    pub desired: Desired,
    /// What was read.
    pub actual: Actual,
    /// What has to change.
    pub plan: Plan,
}

/// Whether CloudFormation may be at work on our stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// It is waited for, and told.
    Wait,
    /// It is an error.
    Refuse,
}

/// Reads everything once and plans; writes nothing.
///
/// # Errors
/// Wrong configuration, a read that AWS refuses, or what no plan leads out of.
pub async fn prepare(global: &Global, folder: &Path, busy: Busy) -> anyhow::Result<Prepared> {
    let config = Config::load(&global.config)?;
    let zips = zips::read(folder)?;
    let scope = desired::scope(&config);
    let session = Session::connect(&config, global).await?;
    let (organization, caller) = Organization::read(&session.organizations(), &session.caller, &scope.units).await?;
    let clients = session.clients(caller);
    let desired = desired::desired(&config, &organization.id, zips);
    if busy == Busy::Wait {
        let names: Vec<&str> = desired.stacks.iter().map(|spec| spec.name.as_str()).collect();
        let mut steps = Steps::new(names.len());
        settle(&clients.audit, &names, &mut |progress| steps.show(progress)).await?;
        if let Some(owner) = &clients.management_account {
            for region in &desired.scope.regions {
                // Regions that refuse the account are found out when its stacks are read.
                let tell = &mut |progress: Progress<'_>| steps.show(progress);
                let _ = settle(&owner.at(region), &[MEMBER_STACK], tell).await;
            }
        }
    }
    let actual = Actual::read(&clients, organization, &desired).await?;
    let plan = plan::plan(&desired, &actual)?;
    Ok(Prepared {
        clients,
        glue: aws_sdk_glue::Client::new(session.audit()),
        desired,
        actual,
        plan,
    })
}
