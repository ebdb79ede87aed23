//! `pipetrail unenroll`

use pipetrail_names::{AccountId, OuId};
use pipetrail_stacksets::Focus;

use crate::context::Context;
use crate::deploy::enrolment::{self, Direction, Request};
use crate::failure::{Exit, Result};

/// Take accounts and organizational units out, and remove their stacks
///
/// Takes them off the lists in pipetrail.toml; accounts below an enrolled unit come on
/// excluded_accounts. Then applies the part of the plan that concerns them. What the lake and the
/// evidence hold of them stays.
///
/// Auto-deployment ignores excluded_accounts: an excluded account gets the stack when it joins an
/// enrolled unit (again), until the next `apply` removes it. To keep it out for good, leave its unit
/// out.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("who").required(true).multiple(true),
    after_help = "Examples:\n  pipetrail unenroll --account 111122223333\n  pipetrail unenroll --ou ou-ab12-11111111 --yes"
)]
pub(crate) struct Args {
    /// Account to take out, 12 digits; may be repeated. The management account loses its own stacks
    #[arg(long = "account", value_name = "ID", group = "who")]
    accounts: Vec<AccountId>,
    /// Organizational unit or root to take out; may be repeated
    #[arg(long = "ou", value_name = "ID", group = "who")]
    ous: Vec<OuId>,
    /// Take them out without asking
    #[arg(long)]
    yes: bool,
}

/// Runs the command.
///
/// # Errors
/// As [`enrolment::run`].
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let request = Request {
        direction: Direction::Unenroll,
        focus: Focus {
            units: args.ous.iter().cloned().collect(),
            accounts: args.accounts.iter().cloned().collect(),
        },
        yes: args.yes,
        retries: 0,
    };
    enrolment::run(context, &request).await
}
