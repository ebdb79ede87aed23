//! `pipetrail subscriptions`

use serde::Serialize;

use crate::aws;
use crate::config::AccountId;
use crate::context::Context;
use crate::failure::{Exit, Result};
use crate::subscriptions::filter;
use crate::subscriptions::listing::listing;
use crate::subscriptions::topics::{Subscription, Topics, attributes, list};
use crate::terminal::printer::{self, Output};

/// List who gets alerts
///
/// Every subscription of the alert topic and of the accounts' own topics, with its filter. Only reads,
/// and only in the audit account. Mail addresses and URLs are masked; the ARN identifies a
/// subscription.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail subscriptions\n  pipetrail subscriptions --account 111122223333 --output json"
)]
pub(crate) struct Args {
    /// Only those that may get alerts of this account; repeatable
    #[arg(long, value_name = "ID")]
    account: Vec<AccountId>,
}

/// What `subscriptions --output json` writes.
#[derive(Serialize)]
struct Subscriptions<'a> {
    command: &'static str,
    topics: Vec<String>,
    subscriptions: &'a [Subscription],
}

/// Runs the command.
///
/// # Errors
/// Wrong configuration, or a read that AWS refuses.
pub(crate) async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let config = context.configuration()?;
    let account = &config.audit.account;
    let audit = aws::audit(&config, context).await?;
    let topics = Topics::read(&audit, &config.audit).await?;
    let sns = aws_sdk_sns::Client::new(&audit);
    let mut found = Vec::new();
    for (topic, owner) in topics.iter() {
        if !args.account.is_empty() && owner.is_some_and(|owner| !args.account.contains(owner)) {
            continue;
        }
        for listed in list(&sns, &topic, owner).await? {
            found.push(listed.shown(attributes(&sns, &listed, account).await?.as_ref()));
        }
    }
    found.retain(|one| args.account.is_empty() || args.account.iter().any(|account| gets(one, account)));
    match context.output {
        Output::Json => printer::json(&Subscriptions {
            command: "subscriptions",
            topics: topics.iter().map(|(arn, _)| arn).collect(),
            subscriptions: &found,
        })?,
        _ if found.is_empty() => printer::say("nobody is subscribed"),
        _ => printer::data(&listing(&found)),
    }
    Ok(Exit::Ok)
}

/// Whether the subscription may get alerts of an account.
fn gets(subscription: &Subscription, account: &AccountId) -> bool {
    let topic = subscription.account_topic.as_ref();
    topic.is_none_or(|topic| topic == account) && filter::admits(subscription.policy.as_ref(), account)
}
