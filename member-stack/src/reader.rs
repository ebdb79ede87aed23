//! The way into members: the audit account's reader, then the role of its name in the member.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region as AwsRegion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use pipetrail_names::audit::reader;
use pipetrail_names::{AccountId, Region, member, partition};

/// What the session of a reader is called in CloudTrail.
const SESSION_NAME: &str = "pipetrail-reader";

/// The audit account's reader, by which members are looked into.
#[derive(Clone, Debug)]
pub struct Reader {
    config: SdkConfig,
    /// The region whose member stack has the role.
    region: Region,
    external_id: String,
}

impl Reader {
    /// The reader of the audit account `audit` with its home region, from a caller of that account who may assume
    /// it. In members it takes the role that the stack of `region` makes. Nothing is asked yet.
    pub async fn new(caller: &SdkConfig, audit: (&AccountId, &Region), region: &Region, external_id: &str) -> Self {
        let (account, home) = audit;
        let arn = format!("arn:{}:iam::{account}:role/{}", partition(home), reader(home));
        Reader {
            config: assume(caller, &arn, None).await,
            region: region.clone(),
            external_id: external_id.to_owned(),
        }
    }

    /// For clients of a member. The role is asked for when the first of them calls, once for all its regions.
    pub async fn member(&self, account: &AccountId) -> SdkConfig {
        let name = member::reader(self.region.as_str());
        let arn = format!("arn:{}:iam::{account}:role/{name}", partition(&self.region));
        assume(&self.config, &arn, Some(&self.external_id)).await
    }
}

/// The same account in another region.
pub(crate) fn in_region(config: &SdkConfig, region: &Region) -> SdkConfig {
    config.to_builder().region(AwsRegion::new(region.to_string())).build()
}

async fn assume(config: &SdkConfig, role_arn: &str, external_id: Option<&String>) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(role_arn)
        .configure(config)
        .session_name(SESSION_NAME);
    if let Some(id) = external_id {
        provider = provider.external_id(id);
    }
    let provider = SharedCredentialsProvider::new(provider.build().await);
    config.to_builder().credentials_provider(provider).build()
}
