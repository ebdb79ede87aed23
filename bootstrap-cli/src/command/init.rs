//! `pipetrail init`

use std::io::ErrorKind;

use anyhow::{Context, bail};
use pipetrail_stacksets::chain;
use serde::Serialize;

use crate::aws;
use crate::cli::Global;
use crate::config::{AccountId, Email, RegionName, UnitId};
use crate::doctor::check::{Check, Verdict};
use crate::doctor::{LACKING, enabled};
use crate::exit::Exit;
use crate::init::{Answers, Found, Given, complete, find, render};
use crate::printer::{self, Output};
use crate::private_file;

/// Write a commented pipetrail.toml for this organization
///
/// Finds the organization, its units, the enabled regions and the organization's trail, and asks for
/// what is left. Without a terminal the flags have to say it. A file that is there is never replaced.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail init --profile management --audit-profile audit\n  pipetrail init --profile management --audit-profile audit --unit r-ab12 --yes --config a.toml"
)]
pub struct Args {
    /// Organizational unit to enrol, or the root for all; may be repeated
    #[arg(long = "unit", value_name = "ID", value_delimiter = ',')]
    units: Vec<UnitId>,
    /// Regions to enrol in every account
    #[arg(long, value_name = "REGION,REGION", value_delimiter = ',')]
    regions: Vec<RegionName>,
    /// Audit account; that of --audit-profile when absent
    #[arg(long, value_name = "ACCOUNT")]
    audit_account: Option<AccountId>,
    /// Address of the operator's alarms
    #[arg(long, value_name = "ADDRESS")]
    operator_email: Option<Email>,
    /// Take the offered regions without asking; units and accounts are never guessed
    #[arg(long)]
    yes: bool,
}

/// What `init --output json` writes. The address is in the file alone.
#[derive(Serialize)]
struct Report<'a> {
    command: &'static str,
    file: String,
    organization: Option<&'a String>,
    organizational_units: Vec<&'a str>,
    regions: Vec<&'a str>,
    audit_account: &'a str,
    region: &'a str,
    trail: &'a [Check],
}

/// Runs the command.
///
/// # Errors
/// A file that is there, no organization, the wrong account, or an answer that nobody gives.
pub async fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let path = &global.config;
    let exists = || format!("{} exists, and is never replaced", path.display());
    if path.symlink_metadata().is_ok() {
        printer::error(
            &exists(),
            Some("name another file with --config, or check this one with `pipetrail doctor`"),
        );
        return Ok(Exit::Failed);
    }
    let home = global.region.as_ref().map(AsRef::as_ref);
    let endpoint = global.endpoint_url.as_ref();
    let management = aws::profile("management", global.profile.as_ref(), home, endpoint).await;
    let profile_region = management.region().map(|region| region.as_ref().to_owned());
    // Organizations and STS answer anywhere.
    let management = match profile_region {
        Some(_) => management,
        None => aws::at(&management, "us-east-1"),
    };
    let caller = aws::account("management", global.profile.as_ref(), &management).await?;
    let audit_account = match audit_caller(global, args, home).await? {
        Some(account) => Some(account),
        None => args.audit_account.clone(),
    };
    let found = find(&management, args.units.is_empty()).await;
    tell(&found, &caller);
    if let Err(error) = &found.organization {
        bail!(
            "{}; use --profile with a profile of the management account",
            chain(error)
        );
    }
    let given = Given {
        profile: global.profile.clone(),
        audit_profile: global.audit_profile.clone(),
        units: args.units.clone(),
        regions: args.regions.clone(),
        audit_account,
        home: global.region.clone(),
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
    match private_file::create(path, render(&answers).as_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(exists()),
        created => created.with_context(|| format!("cannot write {}", path.display()))?,
    }
    printer::say(&format!("wrote {}", path.display()));
    if global.output == Output::Json {
        printer::json(&Report {
            command: "init",
            file: path.display().to_string(),
            organization: found.organization.as_ref().ok(),
            organizational_units: answers.units.iter().map(AsRef::as_ref).collect(),
            regions: answers.regions.iter().map(AsRef::as_ref).collect(),
            audit_account: answers.audit_account.as_ref(),
            region: answers.home.as_ref(),
            trail: &found.trail,
        })?;
    }
    printer::advice("run `pipetrail doctor`");
    Ok(Exit::Ok)
}

/// The audit profile's account, which has to be the one of --audit-account where both are given.
async fn audit_caller(global: &Global, args: &Args, home: Option<&str>) -> anyhow::Result<Option<AccountId>> {
    let Some(profile) = &global.audit_profile else {
        return Ok(None);
    };
    let config = aws::profile("audit", Some(profile), home, global.endpoint_url.as_ref()).await;
    let config = match config.region() {
        Some(_) => config,
        None => aws::at(&config, "us-east-1"),
    };
    let found = aws::account("audit", Some(profile), &config).await?;
    if let Some(wanted) = &args.audit_account
        && wanted.as_ref() != found
    {
        bail!(
            "the audit profile calls from account {found}, but --audit-account is {}",
            wanted.as_ref()
        );
    }
    Ok(found.parse().ok())
}

/// Says what was found; not the units, which are shown where they are asked for.
fn tell(found: &Found, caller: &str) {
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
    let trail = found.trail.iter().filter(|check| check.verdict != Verdict::Skipped);
    for Check {
        check: _,
        verdict,
        evidence,
        remedy,
    } in trail
    {
        match verdict {
            Verdict::Ok => printer::say(evidence),
            _ => printer::say(&format!("warning: {evidence}")),
        }
        if let Some(remedy) = remedy {
            printer::advice(remedy);
        }
    }
}

fn warn_of_regions(found: &Found, answers: &Answers) {
    let Ok(Some(regions)) = &found.regions else { return };
    let enabled = enabled(regions);
    let off = answers.regions.iter().chain([&answers.home]).map(AsRef::as_ref);
    let off: Vec<&str> = off.filter(|region| !enabled.contains(region)).collect();
    if !off.is_empty() {
        printer::say(&format!(
            "warning: not enabled in the management account: {}",
            off.join(", ")
        ));
    }
}
