//! A bucket as a store, with credentials, region and endpoint from the usual AWS places.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use futures::StreamExt;
use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::path::Path;
use object_store::{CredentialProvider, ObjectStore, RetryConfig};

use super::error::LakeError;
use super::location::Location;

/// For how long a request is tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most times it is.
const RETRIES: usize = 4;

/// Opens it, and lists a first page of it: what is wrong shows here, not in the middle of a query.
///
/// # Errors
/// No credentials, no such bucket, no permission, or no answer.
pub(super) async fn open(
    location: &Location,
    bucket: &str,
    root: &Path,
    config: &SdkConfig,
) -> Result<Arc<dyn ObjectStore>, LakeError> {
    let Some(provider) = config.credentials_provider() else {
        return Err(LakeError::no_credentials(location, "nothing gives any"));
    };
    if let Err(error) = provider.provide_credentials().await {
        return Err(LakeError::no_credentials(location, &pipetrail_names::chain(&error)));
    }
    let store = build(config, bucket, provider).map_err(|cause| LakeError::store(location, cause))?;
    match store.list(Some(root)).next().await {
        None | Some(Ok(_)) => Ok(store),
        Some(Err(cause)) => Err(LakeError::store(location, cause)),
    }
}

fn build(
    config: &SdkConfig,
    bucket: &str,
    provider: SharedCredentialsProvider,
) -> object_store::Result<Arc<dyn ObjectStore>> {
    let retry = RetryConfig {
        max_retries: RETRIES,
        retry_timeout: PATIENCE,
        ..RetryConfig::default()
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_credentials(Arc::new(Credentials(provider)))
        .with_retry(retry);
    if let Some(region) = config.region() {
        builder = builder.with_region(region.as_ref());
    }
    if let Some(endpoint) = config.endpoint_url() {
        // Another endpoint than AWS's own is one host, without a name per bucket.
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(true)
            .with_virtual_hosted_style_request(false);
    }
    Ok(Arc::new(builder.build()?))
}

/// The SDK's credentials for the store. The SDK keeps them until they expire.
#[derive(Debug)]
struct Credentials(SharedCredentialsProvider);

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let credentials = self.0.provide_credentials().await;
        let credentials = credentials.map_err(|error| object_store::Error::Generic {
            store: "S3",
            source: Box::new(error),
        })?;
        Ok(Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        }))
    }
}
