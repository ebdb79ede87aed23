//! The way to AWS of every client: one stack of TLS, watched where every call is to be told.

use std::sync::Arc;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_sdk_sts::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use super::calls;
use super::captures::Captures;
use crate::context::Context;
use crate::terminal::printer;

/// What the session of an assumed role is called in CloudTrail: this tool, this version.
const SESSION_NAME: &str = concat!("pipetrail-", env!("CARGO_PKG_VERSION"));

/// The connections of all clients.
pub(super) struct Http {
    client: SharedHttpClient,
    captures: Option<Arc<Captures>>,
}

impl Http {
    /// For what runs in that context: where it keeps answers, those are kept.
    pub(super) fn new(context: &Context) -> Self {
        Http {
            client: Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https(),
            captures: context.captures.get().cloned(),
        }
    }

    /// Over another client.
    #[cfg(test)]
    pub(super) fn over(client: SharedHttpClient) -> Self {
        Http { client, captures: None }
    }

    /// For clients of that account.
    pub(super) fn of(&self, account: &'static str) -> SharedHttpClient {
        match (printer::is_verbose(), &self.captures) {
            (false, None) => self.client.clone(),
            (tells, captures) => calls::watched(self.client.clone(), account, tells, captures.clone()),
        }
    }
}

/// The same account in another region.
pub(crate) fn at(config: &SdkConfig, region: &str) -> SdkConfig {
    config.to_builder().region(Region::new(region.to_owned())).build()
}

/// The same way to AWS with the credentials of a role, which are renewed before they expire.
pub(super) async fn assume(config: &SdkConfig, role_arn: &str, external_id: Option<&String>) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(role_arn)
        .configure(config)
        .session_name(SESSION_NAME);
    if let Some(id) = external_id {
        provider = provider.external_id(id);
    }
    let provider = provider.build().await;
    config
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_name_is_one_that_sts_takes() {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        assert!(
            SESSION_NAME.bytes().all(allowed) && (2..=64).contains(&SESSION_NAME.len()),
            "{SESSION_NAME}"
        );
    }
}
