//! `pipetrail status`

use pipetrail_stacksets::{Coverage, Organization};
use serde::Serialize;

use crate::aws::Session;
use crate::cli::Global;
use crate::exit::Exit;
use crate::printer::{self, Output};
use crate::{desired, tables};

/// Show every account and region of the stack set, and the stacks of the audit account
///
/// Only reads. Accounts and regions in scope that have no stack instance are listed as missing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail status\n  pipetrail status --output json | jq '.coverage.instances[] | select(.state != \"current\")'"
)]
pub struct Args {}

/// What `status --output json` writes.
#[derive(Serialize)]
struct Report<'a> {
    command: &'static str,
    coverage: &'a Coverage,
}

/// Runs the command.
///
/// # Errors
/// Wrong configuration, or a read that AWS refuses.
pub async fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let Args {} = args;
    let config = global.configuration()?;
    let scope = desired::scope(&config);
    let session = Session::connect(&config, global).await?;
    let (organization, caller) = Organization::read(&session.organizations(), &session.caller, &scope.units).await?;
    let coverage = Coverage::read(&session.clients(caller), &organization, &scope, &[]).await?;
    match global.output {
        Output::Json => printer::json(&Report {
            command: "status",
            coverage: &coverage,
        })?,
        Output::Table => printer::data(&tables::coverage(&coverage)),
    }
    Ok(Exit::Ok)
}
