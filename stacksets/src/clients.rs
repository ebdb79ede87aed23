//! The clients that everything here calls through.

use pipetrail_names::{AccountId, Region};

use crate::organization::Caller;
use crate::signed::Signed;

/// The clients of both accounts.
#[derive(Clone, Debug)]
pub struct Clients {
    /// CloudFormation in the audit account's home region.
    pub audit: aws_sdk_cloudformation::Client,
    /// S3 in the audit account's home region.
    pub s3: aws_sdk_s3::Client,
    /// EventBridge in the audit account's home region.
    pub eventbridge: aws_sdk_eventbridge::Client,
    /// What has no SDK here, in the audit account's home region.
    pub signed: Signed,
    /// CloudFormation in the account that administers the stack set, in the same region.
    pub management: aws_sdk_cloudformation::Client,
    /// Organizations, from the same account.
    pub organizations: aws_sdk_organizations::Client,
    /// In which role that account calls.
    pub caller: Caller,
    /// The management account itself: the same as `management`, unless a delegated administrator
    /// calls; `None` without credentials for it.
    pub management_account: Option<ManagementAccount>,
}

/// CloudFormation in the management account.
#[derive(Clone, Debug)]
pub struct ManagementAccount {
    /// The account that the credentials belong to, as STS says it. Nothing is done when it is not the
    /// organization's management account.
    pub account: AccountId,
    /// A client of any region.
    pub client: aws_sdk_cloudformation::Client,
}

impl ManagementAccount {
    /// CloudFormation in `region`.
    pub fn at(&self, region: &Region) -> aws_sdk_cloudformation::Client {
        let config = self.client.config().to_builder();
        let region = aws_sdk_cloudformation::config::Region::new(String::from(region.clone()));
        aws_sdk_cloudformation::Client::from_conf(config.region(region).build())
    }
}
