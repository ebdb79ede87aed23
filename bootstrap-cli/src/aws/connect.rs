//! Why there is no way into an account, and what to do about it.

use std::error::Error as StdError;

use aws_config::SdkConfig;
use aws_config::profile::ProfileFileLoadError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use pipetrail_names::{AccountId, chain};
use pipetrail_stacksets::from_sdk;
use thiserror::Error;

use super::identity::Identity;
use crate::failure::{Exit, Explain};

/// There are no credentials, or not the right ones.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    /// The profile is in none of AWS's files.
    #[error("{files} has no profile {profile}, which the {account} account is to be reached with")]
    NoProfile {
        /// The name that was asked for.
        profile: String,
        /// Where it was looked for.
        files: String,
        /// `management` or `audit`.
        account: &'static str,
        /// Where it is named.
        setting: &'static str,
    },
    /// One of AWS's files is wrong.
    #[error("cannot read the AWS profiles")]
    Profiles(#[from] ProfileFileLoadError),
    /// Nothing gives credentials.
    #[error("no AWS credentials for the {account} account{}", named(" in profile ", .profile))]
    NoCredentials {
        /// `management` or `audit`.
        account: &'static str,
        /// The profile, where one is named.
        profile: Option<String>,
        /// Where one is named.
        setting: &'static str,
    },
    /// What should give credentials fails: a session has expired, a program fails.
    #[error("cannot get credentials for the {account} account{}: {why}", named(" in profile ", .profile))]
    Credentials {
        /// `management` or `audit`.
        account: &'static str,
        /// The profile, where one is named.
        profile: Option<String>,
        /// The cause chain.
        why: String,
    },
    /// The role of the configuration is not for this caller.
    #[error("{caller} may not assume {role} of the {account} account: {code}: {message}")]
    Role {
        /// `management` or `audit`.
        account: &'static str,
        /// ARN of the role.
        role: String,
        /// ARN of who asked for it.
        caller: String,
        /// AWS's error code.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// The audit profile belongs to another account.
    #[error("the audit profile calls from account {found}, but pipetrail.toml has audit.account = \"{expected}\"")]
    WrongAccount { expected: AccountId, found: AccountId },
    /// STS refuses, or does not answer.
    #[error(transparent)]
    Sts(#[from] pipetrail_stacksets::Error),
}

/// The profile behind these words; nothing where none is named.
fn named(words: &str, profile: &Option<String>) -> String {
    profile
        .as_ref()
        .map_or_else(String::new, |name| format!("{words}{name}"))
}

impl Explain for ConnectError {
    fn exit(&self) -> Exit {
        match self {
            ConnectError::NoProfile { .. } | ConnectError::Profiles(_) => Exit::Usage,
            ConnectError::NoCredentials { .. }
            | ConnectError::Credentials { .. }
            | ConnectError::Role { .. }
            | ConnectError::WrongAccount { .. }
            | ConnectError::Sts(_) => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            ConnectError::Sts(error) => error.hint().unwrap_or_else(|| {
                "check the keys of that profile, `aws sts get-caller-identity` uses them".to_owned()
            }),
            ConnectError::NoProfile { setting, .. } => {
                format!("correct {setting}; `aws configure list-profiles` lists what there is")
            }
            ConnectError::Profiles(_) => "correct the file, `aws configure list-profiles` reads it too".to_owned(),
            ConnectError::NoCredentials { setting, .. } => {
                format!("set {setting} to an AWS profile that has credentials")
            }
            ConnectError::Credentials { profile, .. } => {
                let option = named(" --profile ", profile);
                format!("sign in again, for example with `aws sso login{option}`")
            }
            ConnectError::Role { account, .. } => format!(
                "the role's trust policy has to name that caller (and {table}.external_id, where it asks for one), and the caller's policies have to allow sts:AssumeRole on it",
                table = if *account == "audit" { "audit" } else { "organization" }
            ),
            ConnectError::WrongAccount { .. } => {
                "set audit.profile (or --audit-profile) to a profile of the audit account".to_owned()
            }
        })
    }
}

/// Checks that the profile is there.
pub(super) async fn exists(identity: &Identity) -> Result<(), ConnectError> {
    let Some(profile) = &identity.profile else {
        return Ok(());
    };
    // The real files and the real environment.
    let (files, environment, places) = (&Default::default(), &Default::default(), &Default::default());
    let profiles = aws_config::profile::load(files, environment, places, None).await?;
    if profiles.get_profile(profile).is_some() {
        return Ok(());
    }
    let files = std::env::var("AWS_CONFIG_FILE").unwrap_or_else(|_| "~/.aws/config".to_owned());
    Err(ConnectError::NoProfile {
        profile: profile.clone(),
        files,
        account: identity.account,
        setting: identity.setting,
    })
}

/// Says why nobody could be asked who calls.
pub(super) async fn explain(
    error: SdkError<GetCallerIdentityError, HttpResponse>,
    identity: &Identity,
    base: &SdkConfig,
) -> ConnectError {
    let account = identity.account;
    let profile = identity.profile.clone();
    let of_role = find::<SdkError<AssumeRoleError, HttpResponse>>(&error);
    let refusal = of_role.and_then(|refused| Some((refused.code()?, refused.message().unwrap_or("no message"))));
    if let (Some(role), Some((code, message))) = (&identity.role_arn, refusal) {
        let (code, message) = (code.to_owned(), message.to_owned());
        let caller = aws_sdk_sts::Client::new(base).get_caller_identity().send().await;
        let caller = caller.ok().and_then(|caller| caller.arn);
        return ConnectError::Role {
            account,
            role: role.to_string(),
            caller: caller.unwrap_or_else(|| format!("the {account} profile")),
            code,
            message,
        };
    }
    match find::<CredentialsError>(&error) {
        Some(CredentialsError::CredentialsNotLoaded(_)) => ConnectError::NoCredentials {
            account,
            profile,
            setting: identity.setting,
        },
        // Where STS could not be reached for the role, that is no matter of credentials.
        Some(error) if of_role.is_none() || refusal.is_some() => ConnectError::Credentials {
            account,
            profile,
            why: chain(error),
        },
        _ => from_sdk(format!("ask who the {account} profile belongs to"))(error).into(),
    }
}

/// The first error of a type among an error and its causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(<dyn StdError>::downcast_ref)
}
