//! Both accounts, each known to be the right one.

use aws_config::SdkConfig;
use pipetrail_names::{AccountId, Region, partition};
use pipetrail_stacksets::signed::Signed;
use pipetrail_stacksets::{Caller, Clients, Error, ManagementAccount};

use super::http::{Http, assume, at};
use super::profiles::{self, Profiles};
use crate::config::Config;
use crate::context::Context;
use crate::failure::Result;

/// Configurations of both accounts, each checked to be the right one.
pub(crate) struct Session {
    http: Http,
    management: SdkConfig,
    audit: SdkConfig,
    /// The profile `audit.reader_profile`.
    reader: Option<SdkConfig>,
    /// The profile `organization.management_profile`, and the account that it belongs to.
    owner: Option<(SdkConfig, AccountId)>,
    /// The account that the management profile calls from, where that is known.
    caller: Option<AccountId>,
}

impl Session {
    /// Loads the profiles and asks STS who calls.
    ///
    /// # Errors
    /// No credentials, no answer, or an audit profile of another account. Whether the management
    /// profile is the management account's shows once the organization is read.
    pub(crate) async fn connect(config: &Config, context: &Context) -> Result<Self> {
        let profiles = Profiles::load(config, context).await;
        profiles.exist().await?;
        let (caller, audit) = profiles.callers().await;
        let (caller, _) = (caller?, audit?);
        let owner = profiles::owner(config, context).await?;
        profiles.check_reader().await?;
        Ok(Session {
            owner,
            ..Session::of(profiles, Some(caller))
        })
    }

    /// A session of profiles; `caller` is the account of the management profile, where it is known.
    pub(crate) fn of(profiles: Profiles, caller: Option<AccountId>) -> Self {
        let Profiles {
            http,
            management,
            audit,
            reader,
        } = profiles;
        Session {
            http,
            management: management.config,
            audit: audit.config,
            reader: reader.map(|reader| reader.config),
            owner: None,
            caller,
        }
    }

    /// Of one account alone, over another client.
    #[cfg(test)]
    pub(crate) fn over(client: aws_sdk_sts::config::SharedHttpClient, config: SdkConfig) -> Self {
        Session {
            http: Http::over(client),
            management: config.clone(),
            audit: config,
            reader: None,
            owner: None,
            caller: "000000000001".parse().ok(),
        }
    }

    /// The account that the management profile calls from.
    ///
    /// # Errors
    /// Nobody could say it: STS gave no answer, and the session was made all the same.
    pub(crate) fn caller(&self) -> std::result::Result<&AccountId, Error> {
        self.caller.as_ref().ok_or(Error::Incomplete {
            action: "GetCallerIdentity",
            field: "Account",
        })
    }

    /// For clients of the account that administers the stack set, in the home region.
    pub(crate) fn management(&self) -> &SdkConfig {
        &self.management
    }

    /// For clients of the audit account, in the home region.
    pub(crate) fn audit(&self) -> &SdkConfig {
        &self.audit
    }

    /// Who members are looked into as, before the audit account's reader role is assumed.
    pub(crate) fn reader(&self) -> &SdkConfig {
        self.reader.as_ref().unwrap_or(&self.audit)
    }

    /// For clients of a member account, through the role `role` there.
    pub(crate) async fn member(&self, account: &AccountId, role: &str, region: &Region) -> SdkConfig {
        let arn = format!("arn:{}:iam::{account}:role/{role}", partition(region));
        let member = assume(&self.management, &arn, None).await.to_builder();
        at(&member.http_client(self.http.of("member")).build(), region.as_str())
    }

    /// Organizations, from the management profile.
    pub(crate) fn organizations(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::new(&self.management)
    }

    /// S3 in the audit account.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        // Another endpoint than AWS's own is one host, without a name per bucket.
        let s3 = aws_sdk_s3::config::Builder::from(&self.audit).force_path_style(self.audit.endpoint_url().is_some());
        aws_sdk_s3::Client::from_conf(s3.build())
    }

    /// What has no SDK here, in the audit account's home region.
    pub(crate) fn signed(&self) -> Signed {
        Signed {
            http: self.http.of("audit"),
            credentials: self.audit.credentials_provider(),
            region: self.audit.region().and_then(|region| region.as_ref().parse().ok()),
            endpoint_url: self.audit.endpoint_url().map(str::to_owned),
        }
    }

    /// All clients, once the caller's role is known.
    pub(crate) fn clients(&self, caller: Caller) -> Clients {
        Clients {
            audit: aws_sdk_cloudformation::Client::new(&self.audit),
            s3: self.s3(),
            eventbridge: aws_sdk_eventbridge::Client::new(&self.audit),
            signed: self.signed(),
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
    pub(crate) fn management_account(&self, caller: Caller) -> Option<(&SdkConfig, &AccountId)> {
        match caller {
            Caller::Management => self.caller.as_ref().map(|account| (&self.management, account)),
            Caller::DelegatedAdministrator => self.owner.as_ref().map(|(config, account)| (config, account)),
        }
    }
}
