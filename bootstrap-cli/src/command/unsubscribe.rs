//! `pipetrail unsubscribe`

use aws_sdk_sns::Client;
use clap::ArgGroup;
use pipetrail_names::chain;
use pipetrail_stacksets::from_sdk;
use serde::Serialize;

use crate::aws;
use crate::context::Context;
use crate::failure::{Exit, Explain, Result};
use crate::subscriptions::Refused;
use crate::subscriptions::endpoint::EndpointArgs;
use crate::subscriptions::listing::listing;
use crate::subscriptions::topics::{Listed, Subscription, Topics, attributes, list};
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
    let account = config.audit.account.as_ref();
    let audit = aws::audit(&config, context).await?;
    let stacks = aws_sdk_cloudformation::Client::new(&audit);
    let topics = Topics::read(&stacks, account, config.audit.region.as_ref()).await?;
    if let Some(foreign) = args.arn.iter().find(|arn| !topics.own(arn)) {
        // Who confuses the arguments may have typed an address.
        let named = if foreign.starts_with("arn:") {
            foreign
        } else {
            "the argument"
        };
        let message = format!("{named} is no subscription of an alert topic");
        return Err(Refused::new(
            message,
            "take the ARN from `pipetrail subscriptions`, or use --email, --sqs, --https or --lambda",
        )
        .into());
    }
    let sns = Client::new(&audit);
    let (mut going, mut shown, mut pending) = (Vec::new(), Vec::new(), Vec::new());
    for (topic, owner) in topics.iter() {
        for listed in list(&sns, &topic, owner).await? {
            let named = listed.arn.as_ref().is_some_and(|arn| args.arn.contains(arn));
            let meant = endpoint
                .as_ref()
                .is_some_and(|endpoint| endpoint.is(&listed.protocol, &listed.address));
            if !named && !meant {
                continue;
            }
            let subscription = listed.shown(attributes(&sns, &listed, account).await?.as_ref());
            if listed.arn.is_some() {
                shown.push(subscription);
                going.push(listed);
            } else {
                pending.push(subscription);
            }
        }
    }
    let there = |arn: &&String| going.iter().any(|listed| listed.arn.as_ref() == Some(*arn));
    let absent: Vec<&String> = args.arn.iter().filter(|arn| !there(arn)).collect();
    for arn in &absent {
        printer::say(&format!("{arn} is not there"));
    }
    if !going.is_empty() {
        printer::say(&listing(&shown));
        let hint = "read the list above, then run the command again with --yes";
        if !confirmed(args.yes, "remove these?", hint, "nothing was removed").await? {
            return Ok(Exit::Failed);
        }
    }
    if !going.is_empty() {
        context.begin();
    }
    let (removed, failed) = remove(&sns, &going).await;
    let removed_shown: Vec<Subscription> = shown
        .into_iter()
        .zip(&removed)
        .filter(|(_, gone)| **gone)
        .map(|(one, _)| one)
        .collect();
    match context.output {
        Output::Json => printer::json(&Unsubscribed {
            command: "unsubscribe",
            removed: &removed_shown,
            pending: &pending,
            absent,
        })?,
        _ if going.is_empty() && pending.is_empty() => printer::say("nothing to remove"),
        _ if !removed_shown.is_empty() => printer::data(&listing(&removed_shown)),
        _ => {}
    }
    for one in &pending {
        let text = "was never confirmed: it gets nothing, cannot be removed, and lapses within days";
        printer::say(&format!("{} {} {text}", one.protocol, one.endpoint));
    }
    let left = failed > 0 || !pending.is_empty();
    Ok(match (removed_shown.is_empty(), left) {
        (_, false) => Exit::Ok,
        (true, true) => Exit::Failed,
        (false, true) => Exit::Partly,
    })
}

/// Removes each; says for each whether it is gone. One failure does not stop the others.
async fn remove(sns: &Client, going: &[Listed]) -> (Vec<bool>, usize) {
    let mut removed = Vec::new();
    for listed in going {
        let arn = listed.arn.as_deref().unwrap_or_default();
        let gone = match sns.unsubscribe().subscription_arn(arn).send().await {
            Ok(_) => true,
            // Somebody else was quicker.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_sns::operation::unsubscribe::UnsubscribeError::is_not_found_exception) =>
            {
                true
            }
            Err(error) => {
                let error = from_sdk(format!("remove subscription {arn}"))(error);
                printer::error(&chain(&error), error.hint().as_deref());
                false
            }
        };
        removed.push(gone);
    }
    let failed = removed.iter().filter(|gone| !**gone).count();
    (removed, failed)
}
