//! AWS clients: the only place that builds them.

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use pipetrail_stacksets::{Caller, Clients, Error, Fault, ManagementAccount, from_sdk};
use thiserror::Error;

use crate::cli::Global;
use crate::config::Config;

/// Organizations throttles at a few calls a second for the whole organization; the pauses double up
/// to 20 s.
const ATTEMPTS: u32 = 8;

/// The first call shows within seconds whether there is a way to AWS at all.
const FIRST_ATTEMPTS: u32 = 3;

/// Configurations of both accounts, each checked to be the right one.
pub struct Session {
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
        let home = config.audit.region.as_ref();
        let management = Identity {
            profile: global.profile.as_ref().or(config.organization.profile.as_ref()),
            role_arn: config.organization.role_arn.as_ref().map(AsRef::as_ref),
            external_id: config.organization.external_id.as_ref(),
        };
        let audit = Identity {
            profile: global.audit_profile.as_ref().or(config.audit.profile.as_ref()),
            role_arn: config.audit.role_arn.as_ref().map(AsRef::as_ref),
            external_id: config.audit.external_id.as_ref(),
        };
        let endpoint = global.endpoint_url.as_ref();
        let (management, audit) = tokio::join!(load(management, home, endpoint), load(audit, home, endpoint));
        let (caller, found) = tokio::try_join!(account(&management, "management"), account(&audit, "audit"))?;
        let expected = config.audit.account.as_ref();
        if found != expected {
            return Err(WrongAccount {
                expected: expected.to_owned(),
                found,
            }
            .into());
        }
        let owner = match &config.organization.management_profile {
            Some(profile) => {
                let identity = Identity {
                    profile: Some(profile),
                    role_arn: None,
                    external_id: None,
                };
                let config = load(identity, home, endpoint).await;
                let found = account(&config, "management account's own").await?;
                Some((config, found))
            }
            None => None,
        };
        Ok(Session {
            management,
            audit,
            owner,
            caller,
        })
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
        let arn = format!("arn:aws:iam::{account}:role/{role}");
        at(&assume(&self.management, &arn, None).await, region)
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
            management_account: match caller {
                Caller::Management => Some((&self.management, &self.caller)),
                Caller::DelegatedAdministrator => self.owner.as_ref().map(|(config, account)| (config, account)),
            }
            .map(|(config, account)| ManagementAccount {
                account: account.clone(),
                client: aws_sdk_cloudformation::Client::new(config),
            }),
        }
    }
}

/// Where the credentials come from.
struct Identity<'a> {
    profile: Option<&'a String>,
    role_arn: Option<&'a str>,
    external_id: Option<&'a String>,
}

/// The same account in another region.
pub fn at(config: &SdkConfig, region: &str) -> SdkConfig {
    config.to_builder().region(Region::new(region.to_owned())).build()
}

/// The same way to AWS with the credentials of a role, which are renewed before they expire.
async fn assume(config: &SdkConfig, role_arn: &str, external_id: Option<&String>) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(role_arn)
        .configure(config)
        .session_name("pipetrail");
    if let Some(id) = external_id {
        provider = provider.external_id(id);
    }
    let provider = provider.build().await;
    config
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build()
}

async fn load(identity: Identity<'_>, region: &str, endpoint: Option<&String>) -> SdkConfig {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .region(Region::new(region.to_owned()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    if let Ok(name) = AppName::new("pipetrail") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = identity.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    match identity.role_arn {
        Some(role_arn) => assume(&config, role_arn, identity.external_id).await,
        None => config,
    }
}

async fn account(config: &SdkConfig, role: &str) -> Result<String, Error> {
    let action = format!("ask who the {role} profile belongs to");
    let sts = aws_sdk_sts::config::Builder::from(config)
        .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS));
    let identity = aws_sdk_sts::Client::from_conf(sts.build())
        .get_caller_identity()
        .send()
        .await;
    let identity = identity.map_err(from_sdk(action.as_str()))?;
    identity.account.ok_or_else(|| Error::Aws {
        action,
        fault: Fault::Unanswered("no account in the answer".into()),
    })
}
