//! The alert topics and their subscriptions, as SNS has them: the thin ring.

#[cfg(test)]
mod tests;

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::operation::get_subscription_attributes::GetSubscriptionAttributesError;
use pipetrail_names::audit::DATA_STACK;
use pipetrail_names::{AccountId, Region};
use pipetrail_stacksets::{Error, Stack, from_sdk};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::change::Settings;
use super::endpoint::masked;
use crate::config::Audit;
use crate::failure::{Explain, Result};

const OUTPUT: &str = "AlertTopicArn";

/// The alert topic is not there.
#[derive(Debug, Error)]
#[error("stack {DATA_STACK} does not stand in account {account}, {region}: there is no alert topic")]
struct NoTopic {
    account: AccountId,
    region: Region,
}

impl Explain for NoTopic {
    fn hint(&self) -> Option<String> {
        Some("run `pipetrail apply` first, or correct audit.account and audit.region in pipetrail.toml".to_owned())
    }
}

/// The topics of the data stack as it is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topics {
    /// ARN of the one that takes every alert.
    pub all: String,
    /// Accounts with a topic of their own.
    pub accounts: Vec<AccountId>,
}

impl Topics {
    /// Reads them from the stack's output and parameter.
    ///
    /// # Errors
    /// [`NoTopic`], a stack without the output, or a refused call.
    pub(crate) async fn read(aws: &SdkConfig, audit: &Audit) -> Result<Self> {
        let client = aws_sdk_cloudformation::Client::new(aws);
        let stack = Stack::describe(&client, DATA_STACK).await?;
        let mut stack = stack.ok_or_else(|| NoTopic {
            account: audit.account.clone(),
            region: audit.region.clone(),
        })?;
        let all = stack.outputs.remove(OUTPUT).ok_or_else(|| Error::MissingOutput {
            stack: DATA_STACK.to_owned(),
            output: OUTPUT.to_owned(),
        })?;
        // A stack of an older version has no such parameter; `none` is no account either.
        let accounts = stack.parameters.get("AccountTopics").map_or("none", String::as_str);
        let accounts = accounts.split(',').filter_map(|account| account.parse().ok()).collect();
        Ok(Topics { all, accounts })
    }

    /// Every topic: its ARN, and its account where it is an account's own.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (String, Option<&AccountId>)> {
        let own = self.accounts.iter();
        let own = own.map(|account| (format!("{}-{account}", self.all), Some(account)));
        std::iter::once((self.all.clone(), None)).chain(own)
    }

    /// Whether a subscription of that ARN is of one of these topics.
    pub(crate) fn own(&self, subscription: &str) -> bool {
        let topic = subscription.rsplit_once(':');
        topic.is_some_and(|(topic, _)| self.iter().any(|(arn, _)| arn == topic))
    }
}

/// A subscription as SNS lists it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its topic.
    pub topic: String,
    /// The account whose own topic that is.
    pub account_topic: Option<AccountId>,
    /// Its ARN; SNS hides it until the subscription is confirmed.
    pub arn: Option<String>,
    /// SNS's word for how it delivers.
    pub protocol: String,
    /// Where, in full: never to be shown.
    pub address: String,
    /// Who subscribed.
    pub owner: String,
}

/// Whether alerts arrive yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// They do.
    Confirmed,
    /// SNS waits for a confirmation.
    Pending,
}

impl State {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Confirmed => "confirmed",
            State::Pending => "pending",
        }
    }
}

/// A subscription as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Subscription {
    /// Its topic's ARN.
    pub topic: String,
    /// The account whose own topic that is.
    pub account_topic: Option<AccountId>,
    /// Its ARN, where SNS tells it.
    pub arn: Option<String>,
    /// SNS's word for how it delivers.
    pub protocol: String,
    /// Where, masked.
    pub endpoint: String,
    /// Who subscribed.
    pub owner: String,
    /// Whether alerts arrive yet.
    pub state: State,
    /// The filter in plain words.
    pub filter: String,
    /// The filter policy; `None` where there is none or it cannot be read, as `filter` says.
    pub policy: Option<Value>,
    /// Whether messages come without SNS's envelope, where that can be read.
    pub raw: Option<bool>,
}

impl Listed {
    /// As it is shown, with what its attributes say.
    pub(crate) fn shown(&self, attributes: Option<&Attributes>) -> Subscription {
        let pending = attributes.map_or(self.arn.is_none(), |attributes| attributes.pending);
        let settings = attributes.map(|attributes| &attributes.settings);
        let unknown = match self.arn {
            None => "not known before it is confirmed",
            Some(_) => "only its owner can read it",
        };
        Subscription {
            topic: self.topic.clone(),
            account_topic: self.account_topic.clone(),
            arn: self.arn.clone(),
            protocol: self.protocol.clone(),
            endpoint: masked(&self.protocol, &self.address),
            owner: self.owner.clone(),
            state: if pending { State::Pending } else { State::Confirmed },
            filter: settings.map_or_else(|| unknown.to_owned(), ToString::to_string),
            policy: settings.and_then(|settings| settings.policy.clone()),
            raw: settings.map(|settings| settings.raw),
        }
    }
}

/// What SNS tells of one subscription.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attributes {
    /// Whether it waits for a confirmation.
    pub pending: bool,
    /// What it is set to.
    pub settings: Settings,
}

/// The subscriptions of a topic, 100 a call. What is gone and still listed is left out.
///
/// # Errors
/// A refused call.
pub(crate) async fn list(client: &Client, topic: &str, account: Option<&AccountId>) -> Result<Vec<Listed>, Error> {
    let call = client.list_subscriptions_by_topic().topic_arn(topic);
    let pages = call.into_paginator().stop_on_duplicate_token(false);
    let all = pages.items().send().try_collect().await;
    let mut all = all.map_err(from_sdk(format!("list the subscriptions of {topic}")))?;
    all.retain(|one| one.subscription_arn() != Some("Deleted"));
    let listed = all.into_iter().map(|one| Listed {
        topic: topic.to_owned(),
        account_topic: account.cloned(),
        // SNS says `PendingConfirmation` in its place.
        arn: one.subscription_arn.filter(|arn| arn.starts_with("arn:")),
        protocol: one.protocol.unwrap_or_default(),
        address: one.endpoint.unwrap_or_default(),
        owner: one.owner.unwrap_or_default(),
    });
    Ok(listed.collect())
}

/// Reads a subscription's attributes; `None` where SNS does not tell them to this account: it is
/// pending, another account's, or gone by now.
///
/// # Errors
/// A refused call.
pub(crate) async fn attributes(
    client: &Client,
    listed: &Listed,
    audit: &AccountId,
) -> Result<Option<Attributes>, Error> {
    let Some(arn) = &listed.arn else { return Ok(None) };
    let is_untold = |error: &GetSubscriptionAttributesError| {
        error.is_not_found_exception() || error.is_authorization_error_exception() && *audit != *listed.owner
    };
    let attributes = match client.get_subscription_attributes().subscription_arn(arn).send().await {
        Ok(answer) => answer.attributes.unwrap_or_default(),
        Err(error) if error.as_service_error().is_some_and(is_untold) => return Ok(None),
        Err(error) => return Err(from_sdk(format!("read subscription {arn}"))(error)),
    };
    let pending = attributes.get("PendingConfirmation");
    Ok(Some(Attributes {
        pending: pending.is_some_and(|pending| pending == "true"),
        settings: Settings::read(&attributes),
    }))
}
