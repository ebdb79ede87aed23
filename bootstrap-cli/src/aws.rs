//! AWS clients: the only place that builds them.

mod calls;
mod connect;
mod profiles;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_sdk_sts::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use pipetrail_stacksets::{Caller, Clients, ManagementAccount};
use thiserror::Error;

pub use self::connect::ConnectError;
pub use self::profiles::{Profiles, account, audit, profile};
use crate::cli::Global;
use crate::config::Config;
use crate::printer;

/// What the session of an assumed role is called in CloudTrail: this tool, this version.
const SESSION_NAME: &str = concat!("pipetrail-", env!("CARGO_PKG_VERSION"));

/// Configurations of both accounts, each checked to be the right one.
pub struct Session {
    http: Http,
    management: SdkConfig,
    audit: SdkConfig,
    /// The profile `organization.management_profile`, and the account that it belongs to.
    owner: Option<(SdkConfig, String)>,
    /// The account that the management profile calls from.
    pub caller: String,
}

/// The audit profile belongs to another account.
#[derive(Debug, Error)]
#[error("the audit profile calls from account {found}, but pipetrail.toml has audit.account = \"{expected}\"")]
pub struct WrongAccount {
    expected: String,
    found: String,
}

impl WrongAccount {
    fn check(config: &Config, found: String) -> Result<(), Self> {
        let expected = config.audit.account.as_ref();
        if found == expected {
            return Ok(());
        }
        Err(WrongAccount {
            expected: expected.to_owned(),
            found,
        })
    }

    /// The next thing to try.
    pub fn hint(&self) -> &'static str {
        "set audit.profile (or --audit-profile) to a profile of the audit account"
    }
}

impl Session {
    /// Loads the profiles and asks STS who calls.
    ///
    /// # Errors
    /// No credentials, no answer, or an audit profile of another account. Whether the management
    /// profile is the management account's shows once the organization is read.
    pub async fn connect(config: &Config, global: &Global) -> anyhow::Result<Self> {
        let profiles = Profiles::load(config, global).await;
        profiles.exist().await?;
        let (caller, found) = profiles.callers().await;
        let (caller, found) = (caller?, found?);
        WrongAccount::check(config, found)?;
        let mut session = profiles.session(caller);
        session.owner = profiles::owner(config, global).await?;
        Ok(session)
    }

    /// For clients of the account that administers the stack set, in the home region.
    pub fn management(&self) -> &SdkConfig {
        &self.management
    }

    /// For clients of the audit account, in the home region.
    pub fn audit(&self) -> &SdkConfig {
        &self.audit
    }

    /// For clients of a member account, through the role `role` there.
    pub async fn member(&self, account: &str, role: &str, region: &str) -> SdkConfig {
        let arn = format!("arn:{}:iam::{account}:role/{role}", partition(region));
        let member = assume(&self.management, &arn, None).await.to_builder();
        at(&member.http_client(self.http.of("member")).build(), region)
    }

    /// Organizations, from the management profile.
    pub fn organizations(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::new(&self.management)
    }

    /// S3 in the audit account.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        // Another endpoint than AWS's own is one host, without a name per bucket.
        let s3 = aws_sdk_s3::config::Builder::from(&self.audit).force_path_style(self.audit.endpoint_url().is_some());
        aws_sdk_s3::Client::from_conf(s3.build())
    }

    /// All clients, once the caller's role is known.
    pub fn clients(&self, caller: Caller) -> Clients {
        Clients {
            audit: aws_sdk_cloudformation::Client::new(&self.audit),
            s3: self.s3(),
            management: aws_sdk_cloudformation::Client::new(&self.management),
            organizations: self.organizations(),
            caller,
            management_account: self
                .management_account(caller)
                .map(|(config, account)| ManagementAccount {
                    account: account.clone(),
                    client: aws_sdk_cloudformation::Client::new(config),
                }),
        }
    }

    /// For clients of the management account itself, and that account, where there is a way into it.
    pub fn management_account(&self, caller: Caller) -> Option<(&SdkConfig, &String)> {
        match caller {
            Caller::Management => Some((&self.management, &self.caller)),
            Caller::DelegatedAdministrator => self.owner.as_ref().map(|(config, account)| (config, account)),
        }
    }
}

/// For a lake in a bucket, wherever it is: the profile of `--audit-profile`, else AWS's own chain. No
/// configuration file is needed.
pub async fn lake(global: &Global) -> SdkConfig {
    let region = global.region.as_ref().map(AsRef::as_ref);
    let endpoint = global.endpoint_url.as_ref();
    profile("audit", global.audit_profile.as_ref(), region, endpoint).await
}

/// The connections of all clients.
struct Http(SharedHttpClient);

impl Default for Http {
    fn default() -> Self {
        Http(
            Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https(),
        )
    }
}

impl Http {
    /// For clients of that account.
    fn of(&self, account: &'static str) -> SharedHttpClient {
        if printer::is_verbose() {
            calls::watched(self.0.clone(), account)
        } else {
            self.0.clone()
        }
    }
}

/// The same account in another region.
pub fn at(config: &SdkConfig, region: &str) -> SdkConfig {
    config.to_builder().region(Region::new(region.to_owned())).build()
}

/// The same way to AWS with the credentials of a role, which are renewed before they expire.
async fn assume(config: &SdkConfig, role_arn: &str, external_id: Option<&String>) -> SdkConfig {
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

/// The partition of ARNs, by the region's name.
pub fn partition(region: &str) -> &'static str {
    match region.split_once('-') {
        Some(("cn", _)) => "aws-cn",
        Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests;
