//! Who an account is to be reached as.

use pipetrail_names::{AccountId, RoleArn};

use crate::config::Config;
use crate::context::Context;

/// Where the credentials come from.
#[derive(Default)]
pub(super) struct Identity {
    /// `management` or `audit`, for people.
    pub account: &'static str,
    /// Where the profile is named, for people.
    pub setting: &'static str,
    /// The account that it has to lead to, where that is configured.
    pub expected: Option<AccountId>,
    pub profile: Option<String>,
    pub role_arn: Option<RoleArn>,
    pub external_id: Option<String>,
}

/// Who the audit account is reached as.
pub(super) fn configured(config: &Config, context: &Context) -> Identity {
    Identity {
        account: "audit",
        setting: "audit.profile in pipetrail.toml (or --audit-profile)",
        expected: Some(config.audit.account.clone()),
        profile: context.audit_profile.clone().or(config.audit.profile.clone()),
        role_arn: config.audit.role_arn.clone(),
        external_id: config.audit.external_id.clone(),
    }
}

/// Who members are looked into as, where that is not who the audit account is reached as.
pub(super) fn reader(config: &Config) -> Option<Identity> {
    Some(Identity {
        account: "audit",
        setting: "audit.reader_profile in pipetrail.toml",
        expected: Some(config.audit.account.clone()),
        profile: Some(config.audit.reader_profile.clone()?),
        ..Identity::default()
    })
}

/// Who an account is reached as where there is no configuration yet.
pub(super) fn unconfigured(account: &'static str, profile: Option<&String>) -> Identity {
    Identity {
        account,
        setting: match account {
            "audit" => "--audit-profile",
            _ => "--profile",
        },
        profile: profile.cloned(),
        ..Identity::default()
    }
}
