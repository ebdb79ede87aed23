//! Making a subscription, and counting what the topic has: the thin ring.

use aws_sdk_sns::Client;
use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::subscribe::SubscribeError;
use pipetrail_names::AccountId;
use pipetrail_stacksets::{Error, Fault, from_sdk};

use super::change::Settings;
use super::endpoint::Endpoint;
use super::topics::{Listed, attributes};
use crate::failure::{Failure, Result, UsageError};

/// Subscribes the endpoint, its filter in the same call: there is no moment without it. SNS takes the
/// same settings again.
///
/// # Errors
/// A refused call; [`UsageError`] where it says what to do.
pub(crate) async fn create(
    sns: &Client,
    topic: &str,
    endpoint: &Endpoint,
    wanted: &Settings,
    account: &AccountId,
) -> Result<Listed> {
    let protocol = endpoint.protocol.as_str();
    let mut call = sns.subscribe().topic_arn(topic).protocol(protocol);
    for (name, value) in wanted.attributes() {
        call = call.attributes(name, value);
    }
    let call = call.endpoint(&endpoint.address).return_subscription_arn(true);
    let made = call.send().await.map_err(|error| refused(error, endpoint))?;
    Ok(Listed {
        topic: topic.to_owned(),
        account_topic: None,
        arn: made.subscription_arn.filter(|arn| arn.starts_with("arn:")),
        protocol: protocol.to_owned(),
        address: endpoint.address.clone(),
        owner: account.to_string(),
    })
}

fn refused(error: SdkError<SubscribeError, HttpResponse>, endpoint: &Endpoint) -> Failure {
    let service = error.as_service_error();
    let exists = error.message().unwrap_or_default().contains("already exists");
    if exists && service.is_some_and(SubscribeError::is_invalid_parameter_exception) {
        let message =
            format!("{endpoint:?} is subscribed with another filter, which SNS changes only once it is confirmed");
        return UsageError::new(message, "confirm it, or let it lapse, then run the command again").into();
    }
    if service.is_some_and(SubscribeError::is_filter_policy_limit_exceeded_exception) {
        let message = "the topic has as many filter policies as AWS allows";
        let hint = "ask AWS for a higher quota of filter policies per topic, or unsubscribe somebody";
        return UsageError::new(message, hint).into();
    }
    let mut error = from_sdk(format!("subscribe {endpoint:?}"))(error);
    // SNS may say what it was given.
    if let Error::Aws {
        fault: Fault::Refused { message, .. },
        ..
    } = &mut error
    {
        *message = message.replace(&endpoint.address, &endpoint.masked());
    }
    error.into()
}

/// Counts the topic's filter policies, where there are subscriptions enough to reach the quota.
///
/// # Errors
/// There are as many as the quota, or a refused call.
pub(crate) async fn check_quota(sns: &Client, listed: &[Listed], account: &AccountId, quota: usize) -> Result<()> {
    if listed.len() < quota {
        return Ok(());
    }
    let mut filters = 0;
    for one in listed {
        // What cannot be read may have one.
        let told = attributes(sns, one, account).await?;
        filters += usize::from(told.is_none_or(|told| told.settings.policy.is_some()));
    }
    if filters < quota {
        return Ok(());
    }
    let message = format!("the topic has {filters} filter policies, and its quota is {quota}");
    let hint = "give accounts topics of their own (alerts.account_topics), or ask AWS for a higher quota and name it with --filter-quota";
    Err(UsageError::new(message, hint).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscriptions::canned::{error, sns};
    use crate::subscriptions::endpoint::Protocol;
    use serde_json::json;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:999988887777:pipetrail-alerts";

    fn audit() -> AccountId {
        "999988887777".parse().unwrap()
    }

    async fn refusal(code: &str, message: &str) -> Failure {
        let endpoint = Endpoint::parse(Protocol::Email, "someone@example.com").unwrap();
        let wanted = Settings {
            policy: Some(json!({"decision": ["Rejected"]})),
            of_message: false,
            raw: false,
        };
        let client = sns(&[(400, &error(code, message))]);
        create(&client, TOPIC, &endpoint, &wanted, &audit())
            .await
            .map(|_| ())
            .unwrap_err()
    }

    /// SNS's words for it are from reports of others, not from its documentation.
    #[tokio::test]
    async fn another_filter_before_the_confirmation_is_explained() {
        let message = "Invalid parameter: Attributes Reason: Subscription already exists with different attributes";
        let refused = refusal("InvalidParameter", message).await;
        let refused = refused.downcast_ref::<UsageError>().unwrap();
        assert!(
            refused
                .message
                .starts_with("email s…@example.com is subscribed with another filter")
        );
        let other = refusal("InvalidParameter", "Invalid parameter: Email address").await;
        assert!(
            other.to_string().starts_with("cannot subscribe email s…@example.com"),
            "{other}"
        );
    }

    #[tokio::test]
    async fn an_endpoint_that_sns_echoes_is_masked() {
        let endpoint = Endpoint::parse(Protocol::Https, "https://example.com/in?token=secret").unwrap();
        let wanted = Settings::wanted(None, false);
        let message = "Invalid parameter: Endpoint https://example.com/in?token=secret is unreachable";
        let client = sns(&[(400, &error("InvalidParameter", message))]);
        let refused = create(&client, TOPIC, &endpoint, &wanted, &audit()).await;
        let refused = refused.map(|_| ()).unwrap_err();
        let told = refused.to_string();
        assert!(
            told.ends_with("Endpoint https://example.com/… is unreachable"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn the_quota_of_filter_policies_is_explained_and_counted_beforehand() {
        let refused = refusal("FilterPolicyLimitExceeded", "limit").await;
        assert!(
            refused
                .downcast_ref::<UsageError>()
                .unwrap()
                .hint
                .contains("higher quota")
        );

        let pending = Listed {
            topic: TOPIC.into(),
            account_topic: None,
            arn: None,
            protocol: "email".into(),
            address: "a@example.com".into(),
            owner: "999988887777".into(),
        };
        let filtered = Listed {
            arn: Some(format!("{TOPIC}:1")),
            ..pending.clone()
        };
        let attributes = "<GetSubscriptionAttributesResponse><GetSubscriptionAttributesResult><Attributes><entry><key>FilterPolicy</key><value>{\"decision\":[\"Rejected\"]}</value></entry></Attributes></GetSubscriptionAttributesResult></GetSubscriptionAttributesResponse>";
        let client = sns(&[(200, attributes)]);
        let two = [pending, filtered];
        assert!(
            check_quota(&client, &two, &audit(), 3).await.is_ok(),
            "nothing is asked below the quota"
        );
        let full = check_quota(&client, &two, &audit(), 2).await.unwrap_err();
        assert_eq!(full.to_string(), "the topic has 2 filter policies, and its quota is 2");
    }
}
