//! `pipetrail subscribe`

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use clap::ArgGroup;
use pipetrail_names::chain;
use pipetrail_stacksets::{Organization, from_sdk};
use serde::Serialize;

use crate::aws::{self, Session};
use crate::config::{AccountId, Config, OuId, Region};
use crate::context::Context;
use crate::failure::{Exit, Result, UsageError};
use crate::subscriptions::change::Settings;
use crate::subscriptions::endpoint::{Endpoint, EndpointArgs, Protocol};
use crate::subscriptions::filter::{Decision, Filter};
use crate::subscriptions::listing::listing;
use crate::subscriptions::make::{check_quota, create};
use crate::subscriptions::remaining::{Remaining, remaining};
use crate::subscriptions::topics::{Attributes, Listed, Subscription, Topics, attributes, list};
use crate::terminal::confirm::confirmed;
use crate::terminal::printer::{self, Output};

/// Send alerts about decisions to an endpoint
///
/// Makes one subscription to the alert topic, with a filter that only lets those alerts through that
/// it names. They are about decisions; with --gate-changes also about gates that somebody removed, changed
/// or overrode. Running it again changes nothing; with another filter it shows the old and the new one
/// and asks. Uses the audit account only, unless --ou asks Organizations for accounts.
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("endpoint").args(["email", "sqs", "https", "lambda"]).required(true),
    group = ArgGroup::new("filter").multiple(true).required(true)
        .args(["account", "ou", "pipeline", "pipeline_prefix", "decision", "region", "all"]),
    after_help = "Examples:
  pipetrail subscribe --email team@example.com --account 111122223333
  pipetrail subscribe --sqs arn:aws:sqs:eu-central-1:999988887777:alerts --decision Rejected --raw
  pipetrail subscribe --https https://example.com/in --ou ou-ab12-11111111 --pipeline-prefix web-
  pipetrail subscribe --lambda arn:aws:lambda:eu-central-1:999988887777:function:alerts --all
  pipetrail subscribe --email security@example.com --all --gate-changes"
)]
pub(crate) struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// Alerts of this account; repeatable
    #[arg(long, value_name = "ID")]
    account: Vec<AccountId>,
    /// Alerts of the accounts that are below this OU or root now; repeatable. Accounts that join
    /// later are not included until it is run again
    #[arg(long, value_name = "ID")]
    ou: Vec<OuId>,
    /// Alerts of pipelines of this name; repeatable
    #[arg(long, value_name = "NAME")]
    pipeline: Vec<String>,
    /// Alerts of pipelines whose names begin so; repeatable
    #[arg(long, value_name = "PREFIX")]
    pipeline_prefix: Vec<String>,
    /// Alerts of one kind of decision. Alerts about gates have no decision, so not with --gate-changes
    #[arg(long, value_enum, ignore_case = true, conflicts_with = "gate_changes")]
    decision: Option<Decision>,
    /// Alerts of pipelines in this region; repeatable
    #[arg(long, value_name = "REGION")]
    region: Vec<Region>,
    /// Alerts of every account, region and pipeline
    #[arg(long, conflicts_with_all = ["account", "ou", "pipeline", "pipeline_prefix", "decision", "region"])]
    all: bool,
    /// Also alerts about gates: removed, changed, not comparable; conditions overridden, transitions disabled or
    /// enabled
    #[arg(long)]
    gate_changes: bool,
    /// Deliver without SNS's envelope; SQS and HTTPS only
    #[arg(long)]
    raw: bool,
    /// Change the filter of an existing subscription without asking
    #[arg(long)]
    yes: bool,
    /// Filter policies that the topic may have: AWS's quota, where it was raised
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    filter_quota: usize,
}

/// What happened to the subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Created,
    Changed,
    Unchanged,
}

/// What `subscribe --output json` writes.
#[derive(Serialize)]
struct Subscribed {
    command: &'static str,
    result: Outcome,
    subscription: Subscription,
    /// The former filter in plain words, where it was changed.
    previous: Option<String>,
    remaining: Vec<Remaining>,
}

/// Runs the command; `begun` becomes true when it begins to change anything.
///
/// # Errors
/// Wrong configuration, a filter or endpoint that SNS would refuse, or a refused call.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let config = context.configuration()?;
    let endpoint = args.endpoint.endpoint()?;
    let endpoint =
        endpoint.ok_or_else(|| UsageError::new("no endpoint is named", "use --email, --sqs, --https or --lambda"))?;
    if args.raw && !matches!(endpoint.protocol, Protocol::Sqs | Protocol::Https) {
        return Err(UsageError::new("--raw is for SQS and HTTPS only", "leave --raw out").into());
    }
    let mut filter = Filter {
        accounts: args.account.iter().cloned().collect(),
        regions: args.region.iter().cloned().collect(),
        pipelines: args.pipeline.iter().cloned().collect(),
        prefixes: args.pipeline_prefix.iter().cloned().collect(),
        decision: args.decision,
        gate_changes: args.gate_changes,
    };
    // Checked before the first call; accounts of units are added, and checked, later.
    filter.policy()?;
    let audit = if args.ou.is_empty() {
        aws::audit(&config, context).await?
    } else {
        let session = Session::connect(&config, context).await?;
        filter.accounts.extend(members(&session, &args.ou).await?);
        session.audit().clone()
    };
    let wanted = Settings::wanted(Some(filter.policy()?), args.raw);
    subscribe(context, args, &config, &audit, &endpoint, &wanted).await
}

/// The active accounts below the units.
async fn members(session: &Session, ous: &[OuId]) -> Result<BTreeSet<AccountId>> {
    let (organization, _) = Organization::read(&session.organizations(), session.caller()?, ous).await?;
    let mut found = BTreeSet::new();
    for ou in ous {
        let below = organization
            .accounts
            .iter()
            .filter(|(_, account)| account.is_active() && account.parents.contains(ou));
        let below: BTreeSet<AccountId> = below.map(|(id, _)| id.clone()).collect();
        if below.is_empty() {
            // Left out, the filter would let every account through.
            let message = format!("{ou} has no active account");
            return Err(UsageError::new(message, "name another OU, or the accounts with --account").into());
        }
        printer::say(&format!(
            "{ou} stands for the {} accounts that are below it now; accounts that join later are not included until this is run again",
            below.len()
        ));
        found.extend(below);
    }
    Ok(found)
}

async fn subscribe(
    context: &Context,
    args: &Args,
    config: &Config,
    audit: &SdkConfig,
    endpoint: &Endpoint,
    wanted: &Settings,
) -> Result<Exit> {
    let account = &config.audit.account;
    let topic = Topics::read(audit, &config.audit).await?.all;
    let sns = Client::new(audit);
    let listed = list(&sns, &topic, None).await?;
    let existing = listed.iter().find(|one| endpoint.is(&one.protocol, &one.address));
    let told = match existing {
        Some(existing) => attributes(&sns, existing, account).await?,
        None => None,
    };
    let report = |result, listed: &Listed, told: &Attributes, previous| {
        let subscribed = Subscribed {
            command: "subscribe",
            result,
            subscription: listed.shown(Some(told)),
            previous,
            remaining: remaining(endpoint, &topic, account, told.pending),
        };
        show(context.output, &subscribed)
    };
    let as_wanted = |pending| Attributes {
        pending,
        settings: wanted.clone(),
    };

    let (Some(existing), Some(told)) = (existing, told) else {
        // New, or one that waits for its confirmation: SNS then takes the same settings again.
        if existing.is_none() && wanted.policy.is_some() {
            check_quota(&sns, &listed, account, args.filter_quota).await?;
        }
        context.begin();
        let made = create(&sns, &topic, endpoint, wanted, account).await?;
        // What waits for its confirmation may be hidden, but was just accepted.
        let told = attributes(&sns, &made, account).await?;
        let told = told.unwrap_or_else(|| as_wanted(made.arn.is_none()));
        let result = existing.map_or(Outcome::Created, |_| Outcome::Unchanged);
        return report(result, &made, &told, None);
    };
    let changes = told.settings.towards(wanted);
    if changes.is_empty() {
        return report(Outcome::Unchanged, existing, &told, None);
    }
    if told.settings.policy.is_none() && wanted.policy.is_some() {
        check_quota(&sns, &listed, account, args.filter_quota).await?;
    }
    printer::say(&format!(
        "{endpoint:?} is subscribed already\n  from {}\n  to   {wanted}",
        told.settings
    ));
    let hint = "read the change above, then run the command again with --yes";
    if !confirmed(args.yes, "change the subscription?", hint, "nothing was changed").await? {
        return Ok(Exit::Failed);
    }
    context.begin();
    for (number, (name, value)) in changes.iter().enumerate() {
        let set = sns
            .set_subscription_attributes()
            .set_subscription_arn(existing.arn.clone());
        let set = set.attribute_name(*name).attribute_value(value).send().await;
        if let Err(error) = set.map_err(from_sdk(format!("set {name} of the subscription of {endpoint:?}"))) {
            if number == 0 {
                return Err(error.into());
            }
            printer::error(&chain(&error), Some("run the command again: it does what is left"));
            return Ok(Exit::Partly);
        }
    }
    printer::say("SNS may take up to 15 minutes to follow a changed filter");
    let previous = Some(told.settings.to_string());
    report(Outcome::Changed, existing, &as_wanted(told.pending), previous)
}

fn show(output: Output, report: &Subscribed) -> Result<Exit> {
    match output {
        Output::Json => printer::json(report)?,
        _ => printer::data(&listing(std::slice::from_ref(&report.subscription))),
    }
    printer::say(match report.result {
        Outcome::Created => "subscribed",
        Outcome::Changed => "changed",
        Outcome::Unchanged => "unchanged: it is subscribed like that already",
    });
    for remaining in &report.remaining {
        printer::say(&format!("still to do: {}", remaining.what));
        if let Some(statement) = &remaining.policy_statement {
            printer::say(&serde_json::to_string_pretty(statement)?);
        }
        if let Some(command) = &remaining.command {
            printer::say(&format!("  {command}"));
        }
    }
    Ok(Exit::Ok)
}
