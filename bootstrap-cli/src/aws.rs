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
use pipetrail_stacksets::{Caller, Clients, Error, Fault};
use thiserror::Error;

pub use self::connect::ConnectError;
use crate::cli::Global;
use crate::config::Config;

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
    /// `aws`, `aws-cn` or `aws-us-gov`: ARNs differ.
    partition: String,
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
        let home = config.audit.region.as_ref();
        let management = Identity {
            account: "management",
            profile: global.profile.as_ref().or(config.organization.profile.as_ref()),
            role_arn: config.organization.role_arn.as_ref().map(AsRef::as_ref),
            external_id: config.organization.external_id.as_ref(),
        };
        let audit = Identity {
            account: "audit",
            profile: global.audit_profile.as_ref().or(config.audit.profile.as_ref()),
            role_arn: config.audit.role_arn.as_ref().map(AsRef::as_ref),
            external_id: config.audit.external_id.as_ref(),
        };
        tokio::try_join!(connect::exists(&management), connect::exists(&audit))?;
        let http = Http::new(global.verbose);
        let endpoint = global.endpoint_url.as_deref();
        let bases = tokio::join!(
            load(&management, http.of("management"), home, endpoint),
            load(&audit, http.of("audit"), home, endpoint)
        );
        let ((management, who), (audit, Who { account: found, .. })) =
            tokio::try_join!(connect(&management, bases.0), connect(&audit, bases.1))?;
        let expected = config.audit.account.as_ref();
        if found != expected {
            return Err(WrongAccount {
                expected: expected.to_owned(),
                found,
            }
            .into());
        }
        Ok(Session {
            http,
            management,
            audit,
            partition: who.partition,
            caller: who.account,
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
        let arn = format!("arn:{}:iam::{account}:role/{role}", self.partition);
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

/// Where the credentials come from.
struct Identity<'a> {
    /// `management` or `audit`, for people.
    account: &'static str,
    profile: Option<&'a String>,
    role_arn: Option<&'a str>,
    external_id: Option<&'a String>,
}

/// What STS says about credentials.
struct Who {
    account: String,
    partition: String,
}

/// The connections, and whether calls are told.
struct Http {
    client: SharedHttpClient,
    verbose: bool,
}

impl Http {
    fn new(verbose: bool) -> Self {
        let client = Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        Http { client, verbose }
    }

    /// For clients of that account.
    fn of(&self, account: &'static str) -> SharedHttpClient {
        if self.verbose {
            calls::watched(self.client.clone(), account)
        } else {
            self.client.clone()
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

/// The configuration of an identity once it has its role, and whose it is.
async fn connect(identity: &Identity<'_>, base: SdkConfig) -> anyhow::Result<(SdkConfig, Who)> {
    let config = match identity.role_arn {
        Some(role_arn) => assume(&base, role_arn, identity.external_id).await,
        None => base.clone(),
    };
    let sts = aws_sdk_sts::config::Builder::from(&config)
        .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS));
    let answer = aws_sdk_sts::Client::from_conf(sts.build())
        .get_caller_identity()
        .send()
        .await;
    match answer {
        Ok(caller) => Ok((config, who(caller.account, caller.arn)?)),
        Err(error) => Err(connect::explain(error, identity, &base).await),
    }
}

/// The configuration of an identity before it assumes a role.
async fn load(identity: &Identity<'_>, http: SharedHttpClient, region: &str, endpoint: Option<&str>) -> SdkConfig {
    let version = BehaviorVersion::v2026_01_12();
    let region = Region::new(region.to_owned());
    let mut loader = aws_config::defaults(version)
        .http_client(http.clone())
        .region(region.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    if let Ok(name) = AppName::new("pipetrail") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = identity.profile {
        // Two accounts, two profiles: keys in the environment must not stand in for either, as they
        // would in the default chain.
        let provider = ProviderConfig::without_region().with_region(Some(region));
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

/// The account, and the partition out of the ARN: `arn:aws-cn:sts::…`.
fn who(account: Option<String>, arn: Option<String>) -> Result<Who, Error> {
    let partition = arn.as_deref().and_then(|arn| arn.split(':').nth(1));
    let partition = partition.filter(|partition| !partition.is_empty()).unwrap_or("aws");
    let account = account.ok_or_else(|| Error::Aws {
        action: "ask who calls".to_owned(),
        fault: Fault::Unanswered("no account in the answer".into()),
    })?;
    Ok(Who {
        account,
        partition: partition.to_owned(),
    })
}

#[cfg(test)]
mod tests;
