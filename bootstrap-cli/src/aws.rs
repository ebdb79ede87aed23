//! AWS clients: the only place that builds them.

mod calls;
mod connect;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use pipetrail_stacksets::{Caller, Clients, Error};
use thiserror::Error;

pub use self::connect::ConnectError;
use crate::cli::Global;
use crate::config::{Config, RoleArn};
use crate::printer;

/// What the session of an assumed role is called in CloudTrail: this tool, this version.
const SESSION_NAME: &str = concat!("pipetrail-", env!("CARGO_PKG_VERSION"));

/// Organizations throttles at a few calls a second for the whole organization; the pauses double up
/// to 20 s.
const ATTEMPTS: u32 = 8;

/// The first call shows within seconds whether there is a way to AWS at all.
const FIRST_ATTEMPTS: u32 = 3;

/// Configurations of both accounts, each checked to be the right one.
pub struct Session {
    http: Http,
    management: SdkConfig,
    audit: SdkConfig,
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
    /// Loads both profiles and asks STS who calls.
    ///
    /// # Errors
    /// No credentials, no answer, or an audit profile of another account.
    pub async fn connect(config: &Config, global: &Global) -> anyhow::Result<Self> {
        let profiles = Profiles::load(config, global).await;
        let (caller, found) = profiles.callers().await;
        let (caller, found) = (caller?, found?);
        let expected = config.audit.account.as_ref();
        if found != expected {
            return Err(WrongAccount {
                expected: expected.to_owned(),
                found,
            }
            .into());
        }
        Ok(profiles.session(caller))
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
        }
    }
}

/// Both accounts' ways to AWS, before anybody has asked who calls.
pub struct Profiles {
    http: Http,
    management: Way,
    audit: Way,
}

impl Profiles {
    /// Loads both. What is wrong with them shows in [`Profiles::callers`].
    pub async fn load(config: &Config, global: &Global) -> Self {
        let (organization, audit) = (&config.organization, &config.audit);
        let text = |arn: &Option<RoleArn>| arn.as_ref().map(|arn| arn.as_ref().to_owned());
        let management = Identity {
            account: "management",
            profile: global.profile.clone().or(organization.profile.clone()),
            role_arn: text(&organization.role_arn),
            external_id: organization.external_id.clone(),
        };
        let home = Some(audit.region.as_ref());
        let audit = Identity {
            account: "audit",
            profile: global.audit_profile.clone().or(audit.profile.clone()),
            role_arn: text(&audit.role_arn),
            external_id: audit.external_id.clone(),
        };
        let http = Http::default();
        let endpoint = global.endpoint_url.as_ref();
        let (management, audit) = tokio::join!(
            Way::load(management, &http, home, endpoint),
            Way::load(audit, &http, home, endpoint)
        );
        Profiles {
            http,
            management,
            audit,
        }
    }

    /// The accounts that the two call from.
    pub async fn callers(&self) -> (Result<String, ConnectError>, Result<String, ConnectError>) {
        tokio::join!(self.management.account(), self.audit.account())
    }

    /// A session of them; `caller` is the account of the management profile.
    pub fn session(self, caller: String) -> Session {
        Session {
            http: self.http,
            management: self.management.config,
            audit: self.audit.config,
            caller,
        }
    }
}

/// A profile's way to AWS where there is no configuration yet; in the profile's own region when none
/// is given.
pub async fn profile(name: Option<&String>, region: Option<&str>, endpoint: Option<&String>) -> SdkConfig {
    let identity = Identity {
        profile: name.cloned(),
        ..Identity::default()
    };
    load(&identity, Http::default().of("management"), region, endpoint).await
}

/// Which account a configuration without a role calls from; `role` is the account's in pipetrail,
/// `management` or `audit`.
///
/// # Errors
/// No credentials, or no answer.
pub async fn account(config: &SdkConfig, role: &'static str) -> Result<String, ConnectError> {
    let way = Way {
        identity: Identity {
            account: role,
            ..Identity::default()
        },
        base: config.clone(),
        config: config.clone(),
    };
    way.account().await
}

/// Where the credentials come from.
#[derive(Default)]
struct Identity {
    /// `management` or `audit`, for people.
    account: &'static str,
    profile: Option<String>,
    role_arn: Option<String>,
    external_id: Option<String>,
}

/// An identity's configuration, before and after it has assumed its role.
struct Way {
    identity: Identity,
    base: SdkConfig,
    config: SdkConfig,
}

impl Way {
    async fn load(identity: Identity, http: &Http, region: Option<&str>, endpoint: Option<&String>) -> Self {
        let base = load(&identity, http.of(identity.account), region, endpoint).await;
        Self::new(identity, base).await
    }

    async fn new(identity: Identity, base: SdkConfig) -> Self {
        let config = match &identity.role_arn {
            Some(role_arn) => assume(&base, role_arn, identity.external_id.as_ref()).await,
            None => base.clone(),
        };
        Way { identity, base, config }
    }

    /// The account that it leads to.
    async fn account(&self) -> Result<String, ConnectError> {
        connect::exists(&self.identity).await?;
        let sts = aws_sdk_sts::config::Builder::from(&self.config)
            .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS));
        let answer = aws_sdk_sts::Client::from_conf(sts.build())
            .get_caller_identity()
            .send()
            .await;
        match answer {
            Ok(caller) => Ok(caller.account.ok_or(Error::Incomplete {
                action: "GetCallerIdentity",
                field: "Account",
            })?),
            Err(error) => Err(connect::explain(error, &self.identity, &self.base).await),
        }
    }
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

/// The configuration of an identity before it assumes a role.
async fn load(
    identity: &Identity,
    http: SharedHttpClient,
    region: Option<&str>,
    endpoint: Option<&String>,
) -> SdkConfig {
    let version = BehaviorVersion::v2026_01_12();
    let region = region.map(|region| Region::new(region.to_owned()));
    let mut loader = aws_config::defaults(version)
        .http_client(http.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    if let Some(region) = &region {
        loader = loader.region(region.clone());
    }
    if let Ok(name) = AppName::new("pipetrail") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &identity.profile {
        // Two accounts, two profiles: keys in the environment must not stand in for either, as they
        // would in the default chain.
        let provider = ProviderConfig::without_region().with_region(region);
        let provider = provider.with_http_client(http).with_behavior_version(Some(version));
        let provider = ProfileFileCredentialsProvider::builder().configure(&provider);
        loader = loader
            .profile_name(profile)
            .credentials_provider(provider.profile_name(profile).build());
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// The partition of ARNs, by the region's name.
fn partition(region: &str) -> &'static str {
    match region.split_once('-') {
        Some(("cn", _)) => "aws-cn",
        Some(("us", rest)) if rest.starts_with("gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests;
