//! AWS configuration of the functions: the one place that builds it.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use thiserror::Error;

use crate::alert::Alert;

/// Region, credentials and endpoints from the environment, as Lambda gives them. A call with all
/// its retries may take 12 s: one that hangs costs its message, not the whole batch.
pub async fn config() -> aws_config::SdkConfig {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(4))
        .operation_timeout(Duration::from_secs(12))
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(timeouts)
        .load()
        .await
}

/// S3 client. Where an endpoint is set (an emulator), buckets stand in the path.
pub fn s3(config: &aws_config::SdkConfig) -> aws_sdk_s3::Client {
    let own_endpoint = config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
    aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(config)
            .force_path_style(own_endpoint)
            .build(),
    )
}

/// Publishes to a topic. An SDK error alone: a topic that is not there is the caller's to judge.
///
/// # Errors
/// What SNS answers, or none.
pub async fn publish(
    sns: &aws_sdk_sns::Client,
    topic: &str,
    alert: &Alert,
) -> Result<(), aws_sdk_sns::error::SdkError<PublishError>> {
    let mut publish = sns
        .publish()
        .topic_arn(topic)
        .subject(&alert.subject)
        .message_structure("json")
        .message(&alert.message);
    for (name, value) in &alert.attributes {
        let attribute = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(value)
            .build()
            .map_err(aws_sdk_sns::error::SdkError::construction_failure)?;
        publish = publish.message_attributes(*name, attribute);
    }
    publish.send().await.map(|_| ())
}

/// An environment variable that the function cannot work without.
#[derive(Debug, Error)]
#[error("environment variable {0} is not set; the function's template sets it")]
pub struct MissingVariable(&'static str);

/// Reads an environment variable at cold start.
///
/// # Errors
/// [`MissingVariable`] when it is unset or empty.
pub fn variable(name: &'static str) -> Result<String, MissingVariable> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .ok_or(MissingVariable(name))
}
