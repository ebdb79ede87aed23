//! From the configuration's profiles and roles to the accounts that they lead to.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_sdk_sts::config::SharedHttpClient;
use pipetrail_names::{AccountId, Region};
use pipetrail_stacksets::answered_id;

use super::connect::{self, ConnectError};
use super::http::{Http, assume};
use super::identity::{Identity, configured, reader, unconfigured};
use crate::config::Config;
use crate::context::Context;

/// Organizations throttles at a few calls a second for the whole organization; the pauses double up
/// to 20 s.
const ATTEMPTS: u32 = 8;

/// The first call shows within seconds whether there is a way to AWS at all.
const FIRST_ATTEMPTS: u32 = 3;

/// Both accounts' ways to AWS, before anybody has asked who calls.
pub(crate) struct Profiles {
    pub(super) http: Http,
    pub(super) management: Way,
    pub(super) audit: Way,
    /// `audit.reader_profile`, where there is one.
    pub(super) reader: Option<Way>,
}

impl Profiles {
    /// Loads both. What is wrong with them shows in [`Profiles::callers`].
    pub(crate) async fn load(config: &Config, context: &Context) -> Self {
        let organization = &config.organization;
        let management = Identity {
            account: "management",
            setting: "organization.profile in pipetrail.toml (or --profile)",
            profile: context.profile.clone().or(organization.profile.clone()),
            role_arn: organization.role_arn.clone(),
            external_id: organization.external_id.clone(),
            ..Identity::default()
        };
        let http = Http::default();
        let reader = async {
            let identity = reader(config)?;
            Some(Way::load(identity, &http, config, context).await)
        };
        let (management, audit, reader) = tokio::join!(
            Way::load(management, &http, config, context),
            Way::load(configured(config, context), &http, config, context),
            reader
        );
        Profiles {
            http,
            management,
            audit,
            reader,
        }
    }

    /// Checks that the profiles are there, before anything is sent.
    ///
    /// # Errors
    /// One is not.
    pub(crate) async fn exist(&self) -> Result<(), ConnectError> {
        connect::exists(&self.management.identity).await?;
        connect::exists(&self.audit.identity).await
    }

    /// Checks that the reader's profile, where there is one, leads to the audit account.
    ///
    /// # Errors
    /// No credentials, no answer, or a profile of another account.
    pub(super) async fn check_reader(&self) -> Result<(), ConnectError> {
        match &self.reader {
            Some(reader) => reader.account().await.map(drop),
            None => Ok(()),
        }
    }

    /// The accounts that the two call from.
    pub(crate) async fn callers(&self) -> (Result<AccountId, ConnectError>, Result<AccountId, ConnectError>) {
        tokio::join!(self.management.account(), self.audit.account())
    }
}

/// The audit account alone, for commands that need no other, in the home region.
///
/// # Errors
/// No credentials, no answer, or a profile of another account.
pub(crate) async fn audit(config: &Config, context: &Context) -> Result<SdkConfig, ConnectError> {
    let way = Way::load(configured(config, context), &Http::default(), config, context).await;
    way.account().await?;
    Ok(way.config)
}

/// The management account's own profile, where the other one is a delegated administrator's, and the
/// account that it belongs to.
pub(super) async fn owner(config: &Config, context: &Context) -> Result<Option<(SdkConfig, AccountId)>, ConnectError> {
    let Some(profile) = config.organization.management_profile.clone() else {
        return Ok(None);
    };
    let identity = Identity {
        account: "management",
        setting: "organization.management_profile in pipetrail.toml",
        profile: Some(profile),
        ..Identity::default()
    };
    let way = Way::load(identity, &Http::default(), config, context).await;
    let found = way.account().await?;
    Ok(Some((way.config, found)))
}

/// A profile's way to AWS where there is no configuration yet; in the profile's own region without
/// `--home-region`. `account` is `management` or `audit`.
pub(crate) async fn profile(account: &'static str, name: Option<&String>, context: &Context) -> SdkConfig {
    let (identity, http) = (unconfigured(account, name), Http::default().of(account));
    load(&identity, http, context.home_region.as_ref(), context).await
}

/// Which account such a profile calls from.
///
/// # Errors
/// No such profile, no credentials, or no answer.
pub(crate) async fn account(
    account: &'static str,
    name: Option<&String>,
    config: &SdkConfig,
) -> Result<AccountId, ConnectError> {
    let way = Way::new(unconfigured(account, name), config.clone()).await;
    way.account().await
}

/// An identity's configuration, before and after it has assumed its role.
pub(super) struct Way {
    identity: Identity,
    base: SdkConfig,
    pub config: SdkConfig,
}

impl Way {
    async fn load(identity: Identity, http: &Http, config: &Config, context: &Context) -> Self {
        let home = Some(&config.audit.region);
        let base = load(&identity, http.of(identity.account), home, context).await;
        Self::new(identity, base).await
    }

    pub(super) async fn new(identity: Identity, base: SdkConfig) -> Self {
        let config = match &identity.role_arn {
            Some(role_arn) => assume(&base, role_arn.as_str(), identity.external_id.as_ref()).await,
            None => base.clone(),
        };
        Way { identity, base, config }
    }

    /// The account that it leads to: the expected one, where one is.
    pub(super) async fn account(&self) -> Result<AccountId, ConnectError> {
        connect::exists(&self.identity).await?;
        let sts = aws_sdk_sts::config::Builder::from(&self.config)
            .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS));
        let answer = aws_sdk_sts::Client::from_conf(sts.build())
            .get_caller_identity()
            .send()
            .await;
        let caller = match answer {
            Ok(caller) => caller,
            Err(error) => return Err(connect::explain(error, &self.identity, &self.base).await),
        };
        let found: AccountId = answered_id("GetCallerIdentity", "Account", caller.account())?;
        match self.identity.expected.clone() {
            Some(expected) if found != expected => Err(ConnectError::WrongAccount { expected, found }),
            _ => Ok(found),
        }
    }
}

/// The configuration of an identity before it assumes a role.
async fn load(identity: &Identity, http: SharedHttpClient, region: Option<&Region>, context: &Context) -> SdkConfig {
    let version = BehaviorVersion::v2026_01_12();
    let region = region.map(|region| aws_config::Region::new(region.to_string()));
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
    if let Some(endpoint) = &context.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}
