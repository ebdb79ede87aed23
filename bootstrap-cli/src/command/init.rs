//! `pipetrail init`

mod answers;
mod file;
mod find;

use std::io::ErrorKind;

use aws_config::SdkConfig;
use pipetrail_names::chain;
use serde::Serialize;

use self::answers::{Given, complete};
use self::file::{Answers, render};
use self::find::{Found, find};
use crate::aws;
use crate::config::{AccountId, Email, OuId, Region};
use crate::context::Context;
use crate::doctor::check::{Check, Grade};
use crate::doctor::{LACKING, enabled};
use crate::failure::{Exit, Problem, Result};
use crate::private_file;
use crate::terminal::printer::{self, Output};

/// Write a commented pipetrail.toml for this organization
///
/// Finds the organization, its units, the enabled regions and the organization's trail, and asks for
/// what is left. Without a terminal the flags have to say it. A file that is there is never replaced.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail init --profile management --audit-profile audit\n  pipetrail init --profile management --audit-profile audit --ou r-ab12 --yes --config a.toml"
)]
pub(crate) struct Args {
    /// Organizational unit to enrol, or the root for all; may be repeated
    #[arg(long = "ou", value_name = "ID", value_delimiter = ',')]
    units: Vec<OuId>,
    /// Regions to enrol in every account
    #[arg(long, value_name = "REGION,REGION", value_delimiter = ',')]
    regions: Vec<Region>,
    /// Audit account; that of --audit-profile when absent
    #[arg(long, value_name = "ACCOUNT")]
    audit_account: Option<AccountId>,
    /// Address of the operator's alarms
    #[arg(long, value_name = "ADDRESS")]
    operator_email: Option<Email>,
    /// Take the offered regions without asking; OUs and accounts are never guessed
    #[arg(long)]
    yes: bool,
}

/// What `init --output json` writes. The address is in the file alone.
#[derive(Serialize)]
struct Begun<'a> {
    command: &'static str,
    file: String,
    organization: Option<&'a String>,
    organizational_units: &'a [OuId],
    regions: &'a [Region],
    audit_account: &'a AccountId,
    region: &'a Region,
    trail: &'a [Check],
}

/// Runs the command.
///
/// # Errors
/// A file that is there, no organization, the wrong account, or an answer that nobody gives.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let path = &context.file;
    let exists = || format!("{} exists, and is never replaced", path.display());
    if path.symlink_metadata().is_ok() {
        let hint = "name another file with --config, or check this one with `pipetrail doctor`";
        printer::error(&exists(), Some(hint));
        return Ok(Exit::Failed);
    }
    let management = aws::profile("management", context.profile.as_ref(), context).await;
    let profile_region = management.region().map(|region| region.as_ref().to_owned());
    let management = somewhere(management);
    let caller = aws::account("management", context.profile.as_ref(), &management).await?;
    let audit_account = audit_account(context, args).await?;
    let found = find(&management, args.units.is_empty()).await;
    tell(&found, &caller);
    if let Err(error) = &found.organization {
        let why = chain(error);
        let message = format!("{why}; use --profile with a profile of the management account");
        return Err(Problem::new(message).into());
    }
    let given = Given {
        profile: context.profile.clone(),
        audit_profile: context.audit_profile.clone(),
        units: args.units.clone(),
        regions: args.regions.clone(),
        audit_account,
        home: context.home_region.clone(),
        profile_region,
        operator_email: args.operator_email.clone(),
    };
    // On a thread of its own: a read from the terminal cannot be interrupted, and Ctrl-C must be seen.
    let yes = args.yes;
    let (answers, found) = tokio::task::spawn_blocking(move || {
        let ask = |question: &str, default: &str| printer::can_ask().then(|| printer::question(question, default))?;
        (complete(given, &found, yes, ask), found)
    })
    .await?;
    let answers = answers?;
    warn_of_regions(&found, &answers);
    private_file::create(path, render(&answers).as_bytes()).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Problem::new(exists()),
        _ => Problem::new(format!("cannot write {}: {error}", path.display())),
    })?;
    printer::say(&format!("wrote {}", path.display()));
    if context.output == Output::Json {
        printer::json(&Begun {
            command: "init",
            file: path.display().to_string(),
            organization: found.organization.as_ref().ok(),
            organizational_units: &answers.units,
            regions: &answers.regions,
            audit_account: &answers.audit_account,
            region: &answers.home,
            trail: &found.trail,
        })?;
    }
    printer::advice("run `pipetrail doctor`");
    Ok(Exit::Ok)
}

/// Organizations and STS answer in any region.
fn somewhere(config: SdkConfig) -> SdkConfig {
    match config.region() {
        Some(_) => config,
        None => aws::at(&config, "us-east-1"),
    }
}

/// The audit profile's account, which has to be the one of --audit-account where both are given.
async fn audit_account(context: &Context, args: &Args) -> Result<Option<AccountId>> {
    let Some(profile) = &context.audit_profile else {
        return Ok(args.audit_account.clone());
    };
    let config = somewhere(aws::profile("audit", Some(profile), context).await);
    let found = aws::account("audit", Some(profile), &config).await?;
    if let Some(wanted) = &args.audit_account
        && *wanted != found
    {
        let message = format!("the audit profile calls from account {found}, but --audit-account is {wanted}");
        return Err(Problem::new(message).into());
    }
    Ok(Some(found))
}

/// Says what was found; not the units, which are shown where they are asked for.
fn tell(found: &Found, caller: &AccountId) {
    match &found.organization {
        Ok(id) => printer::say(&format!("organization {id}, called from account {caller}")),
        Err(_) => printer::say(&format!("called from account {caller}")),
    }
    if let Err(error) = &found.units {
        printer::say(&format!("warning: {}", chain(error)));
    }
    let unknown = match &found.regions {
        Ok(Some(_)) => None,
        Ok(None) => Some(LACKING.to_owned()),
        Err(error) => Some(chain(error)),
    };
    if let Some(why) = unknown {
        printer::say(&format!("which regions are enabled is not known: {why}"));
    }
    for check in found.trail.iter().filter(|check| check.verdict != Grade::Skipped) {
        match check.verdict {
            Grade::Ok => printer::say(&check.evidence),
            _ => printer::say(&format!("warning: {}", check.evidence)),
        }
        if let Some(remedy) = &check.remedy {
            printer::advice(remedy);
        }
    }
}

fn warn_of_regions(found: &Found, answers: &Answers) {
    let Ok(Some(regions)) = &found.regions else { return };
    let enabled = enabled(regions);
    let off = answers.regions.iter().chain([&answers.home]);
    let off = off.filter(|region| !enabled.contains(region));
    let off: Vec<&str> = off.map(AsRef::as_ref).collect();
    if !off.is_empty() {
        printer::say(&format!(
            "warning: not enabled in the management account: {}",
            off.join(", ")
        ));
    }
}
