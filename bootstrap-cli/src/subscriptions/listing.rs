//! Subscriptions as a listing.

use super::topics::Subscription;
use crate::terminal::listing::{lines, table};

/// Subscriptions of alert topics.
pub(crate) fn listing(subscriptions: &[Subscription]) -> String {
    let mut all = table(&[
        "PROTOCOL",
        "ENDPOINT",
        "STATE",
        "FILTER",
        "TOPIC",
        "SUBSCRIPTION",
        "POLICY",
    ]);
    for Subscription {
        topic,
        account_topic,
        arn,
        protocol,
        endpoint,
        owner: _,
        state,
        filter,
        policy,
        raw: _,
    } in subscriptions
    {
        let topic = match account_topic {
            Some(account) => format!("of {account}"),
            None => topic.rsplit(':').next().unwrap_or_default().to_owned(),
        };
        all.add_row([
            protocol.clone(),
            endpoint.clone(),
            state.to_string(),
            filter.clone(),
            topic,
            arn.clone().unwrap_or_else(|| "-".to_owned()),
            policy.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        ]);
    }
    lines(&all)
}
