//! Configurations whose clients get answers written down beforehand.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use pipetrail_unit::answers::{answering, each_once};

/// See [`each_once`].
pub(crate) fn serve(answers: &[(&str, u16, &str)]) -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(answering(each_once(answers)))
        .build()
}
