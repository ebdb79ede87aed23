//! `pipetrail unsubscribe`

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::unsubscribe::UnsubscribeError;
use clap::ArgGroup;
use pipetrail_names::chain;
use pipetrail_stacksets::from_sdk;
use serde::Serialize;

use crate::aws;
use crate::context::Context;
use crate::failure::{Exit, Explain, Result, UsageError};
use crate::subscriptions::endpoint::{Endpoint, EndpointArgs};
use crate::subscriptions::listing::listing;
use crate::subscriptions::topics::{Subscription, Topics, attributes, list};
use crate::terminal::confirm::confirmed;
use crate::terminal::printer::{self, Output};

/// Stop sending alerts to an endpoint
///
/// Removes subscriptions of the alert topic and of the accounts' own topics, and no others. What is
/// not there is no error. A subscription that was never confirmed cannot be removed: it gets nothing,
/// and lapses by itself.
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("which").args(["arn", "email", "sqs", "https", "lambda"]).required(true),
    after_help = "Examples:
  pipetrail unsubscribe --yes --email team@example.com
  pipetrail unsubscribe --yes --sqs arn:aws:sqs:eu-central-1:999988887777:alerts"
)]
pub(crate) struct Args {
    /// ARN of a subscription, as `pipetrail subscriptions` shows it; repeatable
    #[arg(value_name = "ARN")]
    arn: Vec<String>,
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// Remove without asking
    #[arg(long)]
    yes: bool,
}

/// What `unsubscribe --output json` writes.
#[derive(Serialize)]
struct Unsubscribed<'a> {
    command: &'static str,
    removed: &'a [Subscription],
    /// Never confirmed: SNS lets nobody remove them.
    pending: &'a [Subscription],
    /// ARNs that were named and are not there.
    absent: Vec<&'a String>,
}

/// Runs the command; `begun` becomes true when it begins to remove.
///
/// # Errors
/// Wrong configuration, an ARN of another topic, or a refused call.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let config = context.configuration()?;
    let endpoint = args.endpoint.endpoint()?;
    let account = &config.audit.account;
    let audit = aws::audit(&config, context).await?;
    let topics = Topics::read(&audit, &config.audit).await?;
    if let Some(foreign) = args.arn.iter().find(|arn| !topics.own(arn)) {
        // Who confuses the arguments may have typed an address.
        let named = if foreign.starts_with("arn:") {
            foreign
        } else {
            "the argument"
        };
        let message = format!("{named} is no subscription of an alert topic");
        let hint = "take the ARN from `pipetrail subscriptions`, or use --email, --sqs, --https or --lambda";
        return Err(UsageError::new(message, hint).into());
    }
    let sns = Client::new(&audit);
    let (mut going, mut pending) = (Vec::new(), Vec::new());
    for (topic, owner) in topics.iter() {
        for listed in list(&sns, &topic, owner).await? {
            let named = listed.arn.as_ref().is_some_and(|arn| args.arn.contains(arn));
            let is_endpoint = |endpoint: &Endpoint| endpoint.is(&listed.protocol, &listed.address);
            if named || endpoint.as_ref().is_some_and(is_endpoint) {
                let kind = if listed.arn.is_some() { &mut going } else { &mut pending };
                kind.push(listed.shown(attributes(&sns, &listed, account).await?.as_ref()));
            }
        }
    }
    let there = |arn: &&String| going.iter().any(|one: &Subscription| one.arn.as_ref() == Some(*arn));
    let absent: Vec<&String> = args.arn.iter().filter(|arn| !there(arn)).collect();
    for arn in &absent {
        printer::say(&format!("{arn} is not there"));
    }
    if !going.is_empty() {
        printer::say(&listing(&going));
        let hint = "read the list above, then run the command again with --yes";
        if !confirmed(args.yes, "remove these?", hint, "nothing was removed").await? {
            return Ok(Exit::Failed);
        }
        context.begin();
    }
    let meant = going.len() + pending.len();
    let mut removed = Vec::new();
    // One failure does not stop the others.
    for one in going {
        if remove(&sns, one.arn.as_deref().unwrap_or_default()).await {
            removed.push(one);
        }
    }
    match context.output {
        Output::Json => printer::json(&Unsubscribed {
            command: "unsubscribe",
            removed: &removed,
            pending: &pending,
            absent,
        })?,
        _ if meant == 0 => printer::say("nothing to remove"),
        _ if !removed.is_empty() => printer::data(&listing(&removed)),
        _ => {}
    }
    for one in &pending {
        let text = "was never confirmed: it gets nothing, cannot be removed, and lapses within days";
        printer::say(&format!("{} {} {text}", one.protocol, one.endpoint));
    }
    Ok(match (removed.is_empty(), removed.len() < meant) {
        (_, false) => Exit::Ok,
        (true, true) => Exit::Failed,
        (false, true) => Exit::Partly,
    })
}

/// Removes a subscription, or tells why not; says whether it is gone.
async fn remove(sns: &Client, arn: &str) -> bool {
    match sns.unsubscribe().subscription_arn(arn).send().await {
        Ok(_) => true,
        // Somebody else was quicker.
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UnsubscribeError::is_not_found_exception) =>
        {
            true
        }
        Err(error) => {
            let error = from_sdk(format!("remove subscription {arn}"))(error);
            printer::error(&chain(&error), error.hint().as_deref());
            false
        }
    }
}
