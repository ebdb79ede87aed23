//! `pipetrail subscriptions`

use serde::Serialize;

use crate::aws;
use crate::cli::Global;
use crate::exit::Exit;
use crate::printer::{self, Output};
use crate::subscriptions::topics::{Subscription, Topics, attributes, list};
use crate::subscriptions::{self as shared, filter};
use crate::tables;

/// List who gets alerts
///
/// Every subscription of the alert topic and of the accounts' own topics, with its filter. Only reads,
/// and only in the audit account. Mail addresses and URLs are masked; the ARN identifies a
/// subscription.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pipetrail subscriptions\n  pipetrail subscriptions --account 111122223333 --output json"
)]
pub struct Args {
    /// Only those that may get alerts of this account; repeatable
    #[arg(long, value_name = "ID", value_parser = shared::account)]
    account: Vec<String>,
}

/// What `subscriptions --output json` writes.
#[derive(Serialize)]
struct Report<'a> {
    command: &'static str,
    topics: Vec<String>,
    subscriptions: &'a [Subscription],
}

/// Runs the command.
///
/// # Errors
/// Wrong configuration, or a read that AWS refuses.
pub async fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let config = global.configuration()?;
    let (account, region) = (config.audit.account.as_ref(), config.audit.region.as_ref());
    let audit = aws::audit(&config, global).await?;
    let topics = Topics::read(&aws_sdk_cloudformation::Client::new(&audit), account, region).await?;
    let sns = aws_sdk_sns::Client::new(&audit);
    let mut found = Vec::new();
    for (topic, owner) in topics.iter() {
        if !args.account.is_empty() && owner.is_some_and(|owner| args.account.iter().all(|account| account != owner)) {
            continue;
        }
        for listed in list(&sns, &topic, owner).await? {
            found.push(listed.shown(attributes(&sns, &listed, account).await?.as_ref()));
        }
    }
    found.retain(|one| args.account.is_empty() || args.account.iter().any(|account| gets(one, account)));
    match global.output {
        Output::Json => printer::json(&Report {
            command: "subscriptions",
            topics: topics.iter().map(|(arn, _)| arn).collect(),
            subscriptions: &found,
        })?,
        _ if found.is_empty() => printer::say("nobody is subscribed"),
        _ => printer::data(&tables::subscriptions(&found)),
    }
    Ok(Exit::Ok)
}

/// Whether the subscription may get alerts of an account.
fn gets(subscription: &Subscription, account: &str) -> bool {
    let topic = subscription.account_topic.as_deref();
    topic.is_none_or(|topic| topic == account) && filter::admits(subscription.policy.as_ref(), account)
}
