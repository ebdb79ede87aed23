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
    for one in subscriptions {
        let topic = match &one.account_topic {
            Some(account) => format!("of {account}"),
            None => one.topic.rsplit(':').next().unwrap_or_default().to_owned(),
        };
        all.add_row([
            one.protocol.as_str(),
            &one.endpoint,
            one.state.as_str(),
            &one.filter,
            &topic,
            one.arn.as_deref().unwrap_or("-"),
            &one.policy.as_ref().map_or("-".to_owned(), ToString::to_string),
        ]);
    }
    lines(&all)
}
