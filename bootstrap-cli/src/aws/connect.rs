//! Why there is no way into an account, and what to do about it.

use std::error::Error as StdError;

use aws_config::SdkConfig;
use aws_config::profile::ProfileFileLoadError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use pipetrail_names::chain;
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
    #[error("no AWS credentials for the {account} account{}", of(.profile))]
    NoCredentials {
        /// `management` or `audit`.
        account: &'static str,
        /// The profile, where one is named.
        profile: Option<String>,
        /// Where one is named.
        setting: &'static str,
    },
    /// What should give credentials fails: a session has expired, a program fails.
    #[error("cannot get credentials for the {account} account{}: {why}", of(.profile))]
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
    /// STS refuses, or does not answer.
    #[error(transparent)]
    Sts(#[from] pipetrail_stacksets::Error),
}

fn of(profile: &Option<String>) -> String {
    profile
        .as_ref()
        .map_or_else(String::new, |name| format!(" in profile {name}"))
}

impl Explain for ConnectError {
    fn exit(&self) -> Exit {
        match self {
            ConnectError::NoProfile { .. } | ConnectError::Profiles(_) => Exit::Usage,
            ConnectError::NoCredentials { .. }
            | ConnectError::Credentials { .. }
            | ConnectError::Role { .. }
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
                let profile = profile
                    .as_ref()
                    .map_or_else(String::new, |name| format!(" --profile {name}"));
                format!("sign in again, for example with `aws sso login{profile}`")
            }
            ConnectError::Role { account, .. } => format!(
                "the role's trust policy has to name that caller (and {account_of}.external_id, where it asks for one), and the caller's policies have to allow sts:AssumeRole on it",
                account_of = table(account)
            ),
        })
    }
}

/// The table of pipetrail.toml that is about the account.
fn table(account: &str) -> &'static str {
    if account == "audit" { "audit" } else { "organization" }
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
    if let (Some(role), Some((code, message))) = (&identity.role_arn, refused_role(&error)) {
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
        Some(error) if !unanswered(error) => ConnectError::Credentials {
            account,
            profile,
            why: chain(error),
        },
        _ => from_sdk(format!("ask who the {account} profile belongs to"))(error).into(),
    }
}

/// AWS's code and message, where STS refused to hand out the role.
fn refused_role(error: &(dyn StdError + 'static)) -> Option<(String, String)> {
    let error = find::<SdkError<AssumeRoleError, HttpResponse>>(error)?;
    let text = |text: Option<&str>| text.unwrap_or("no message").to_owned();
    Some((error.code()?.to_owned(), text(error.message())))
}

/// Whether STS could not be reached for the role: that is no matter of credentials.
fn unanswered(error: &(dyn StdError + 'static)) -> bool {
    find::<SdkError<AssumeRoleError, HttpResponse>>(error).is_some_and(|error| error.code().is_none())
}

/// The first error of a type among an error and its causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
