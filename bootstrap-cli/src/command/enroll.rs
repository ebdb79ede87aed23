//! `pipetrail enroll` and `pipetrail unenroll`

use pipetrail_names::{AccountId, OuId};
use pipetrail_stacksets::Focus;

use crate::context::Context;
use crate::deploy::enrolment::{self, Direction, Request};
use crate::failure::{Exit, Result};

/// Enrol accounts and organizational units now, without waiting for auto-deployment
///
/// Adds them to pipetrail.toml where no enrolled unit covers them already, takes accounts off
/// excluded_accounts, and applies the part of the plan that concerns them. What fails is tried again
/// after a while: a new account is not always ready at once. The rest of the plan is left to `apply`.
///
/// StackSets enrols a single account through the unit that it is in, and auto-deployment, which is on where
/// an OU is enrolled, ignores such filters: other accounts that join this unit get the stack too then, until
/// the next `apply` removes it.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("who").required(true).multiple(true),
    after_help = "Examples:\n  pipetrail enroll --account 111122223333\n  pipetrail enroll --ou ou-ab12-11111111 --yes --output json"
)]
pub(crate) struct Enroll {
    /// Account to enrol, 12 digits; may be repeated. The management account gets stacks of its own
    #[arg(long = "account", value_name = "ID", group = "who")]
    accounts: Vec<AccountId>,
    /// Organizational unit or root to enrol, with all units below it; may be repeated
    #[arg(long = "ou", value_name = "ID", group = "who")]
    ous: Vec<OuId>,
    /// How often what failed is tried again, after 10 s, 30 s and so on
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u32).range(..=6))]
    retries: u32,
    /// Enrol without asking
    #[arg(long)]
    yes: bool,
}

/// Runs `enroll`.
///
/// # Errors
/// As [`enrolment::run`].
pub(crate) async fn enroll(context: &Context, args: &Enroll) -> Result<Exit> {
    let request = Request {
        direction: Direction::Enroll,
        focus: Focus {
            units: args.ous.iter().cloned().collect(),
            accounts: args.accounts.iter().cloned().collect(),
        },
        yes: args.yes,
        retries: args.retries,
    };
    enrolment::run(context, &request).await
}

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
pub(crate) struct Unenroll {
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

/// Runs `unenroll`.
///
/// # Errors
/// As [`enrolment::run`].
pub(crate) async fn unenroll(context: &Context, args: &Unenroll) -> Result<Exit> {
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
