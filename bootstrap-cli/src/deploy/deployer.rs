//! Whoever deploys must be able to deploy again: the evidence bucket's policy leaves its own change to one role.

use aws_config::SdkConfig;
use pipetrail_names::AccountId;
use pipetrail_stacksets::{Error, from_sdk};
use thiserror::Error;

use crate::aws::glob::{Overlap, overlap};
use crate::failure::{Exit, Explain, Result};

/// The data stack's parameter, and its word for nobody.
pub(crate) const PARAMETER: &str = "DeployerRole";
const NONE: &str = "none";

/// Somebody else than the role calls.
#[derive(Debug, Error)]
enum NotTheDeployer {
    /// Of the policy that would be deployed.
    #[error(
        "{caller} calls, and audit.deployer_role is {role}: the caller could not change the evidence bucket's policy again"
    )]
    Configured { caller: String, role: String },
    /// Of the policy that is deployed.
    #[error("{caller} calls, and the evidence bucket's policy lets only {role} change it")]
    Deployed { caller: String, role: String },
}

impl Explain for NotTheDeployer {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            NotTheDeployer::Configured { .. } => {
                "call as that role (audit.role_arn or audit.profile), or correct audit.deployer_role in pipetrail.toml; \
                 `aws iam get-role` prints a role's ARN with its path, and * stands for any characters"
            }
            NotTheDeployer::Deployed { .. } => {
                "call as that role (audit.role_arn or audit.profile); to hand over to another one, remove \
                 audit.deployer_role, run `pipetrail apply` as the present role, then set the new one and apply as that"
            }
        };
        Some(hint.to_owned())
    }
}

/// Checks that the caller in the audit account is the role of the policy that is deployed, and of the one that is
/// configured, where there are any.
///
/// # Errors
/// It is another, or a read was refused.
pub(crate) async fn check(
    aws: &SdkConfig,
    account: &AccountId,
    deployed: Option<&str>,
    configured: Option<&str>,
) -> Result<()> {
    let deployed = deployed.filter(|role| *role != NONE);
    if deployed.is_none() && configured.is_none() {
        return Ok(());
    }
    let answer = aws_sdk_sts::Client::new(aws).get_caller_identity().send().await;
    let answer = answer.map_err(from_sdk(format!("ask who calls in account {account}")))?;
    let caller = answer.arn().unwrap_or_default();
    let role = role_of(aws, account, caller).await?;
    let fits = |wanted: &&str| admits(wanted, caller, role.as_deref());
    let (told, others) = (role.as_deref().unwrap_or(caller).to_owned(), |role: &&str| !fits(role));
    if let Some(role) = deployed.filter(others) {
        let (caller, role) = (told, role.to_owned());
        return Err(NotTheDeployer::Deployed { caller, role }.into());
    }
    if let Some(role) = configured.filter(others) {
        let (caller, role) = (told, role.to_owned());
        return Err(NotTheDeployer::Configured { caller, role }.into());
    }
    Ok(())
}

/// The caller in the audit account as policies name it: the ARN of its role, where IAM does not tell its path a pattern
/// of it, or else its own.
///
/// # Errors
/// A refused call.
pub(crate) async fn principal(aws: &SdkConfig, account: &AccountId) -> Result<String> {
    let answer = aws_sdk_sts::Client::new(aws).get_caller_identity().send().await;
    let answer = answer.map_err(from_sdk(format!("ask who calls in account {account}")))?;
    let caller = answer.arn().unwrap_or_default();
    let role = role_of(aws, account, caller).await?;
    Ok(role.unwrap_or_else(|| pattern(caller)))
}

/// The role whose session calls, without its path but for Identity Center's roles, which all have one; or the caller's
/// own ARN.
fn pattern(caller: &str) -> String {
    let partition = caller.split(':').nth(1).unwrap_or("aws");
    let account = caller.split(':').nth(4).unwrap_or_default();
    session_of(caller).map_or_else(
        || caller.to_owned(),
        |name| {
            let path = match name.starts_with("AWSReservedSSO_") {
                true => "aws-reserved/sso.amazonaws.com/*",
                false => "",
            };
            format!("arn:{partition}:iam::{account}:role/{path}{name}")
        },
    )
}

/// The ARN of the role whose session calls; `None` for other callers, and where IAM does not tell it to this one.
async fn role_of(aws: &SdkConfig, account: &AccountId, caller: &str) -> Result<Option<String>, Error> {
    let Some(name) = session_of(caller) else {
        return Ok(None);
    };
    let answer = aws_sdk_iam::Client::new(aws).get_role().role_name(name).send().await;
    match answer.map_err(from_sdk(format!("read role {name} of account {account}"))) {
        Ok(answer) => Ok(answer.role.map(|role| role.arn)),
        Err(error) if matches!(error.code(), Some("AccessDenied" | "AccessDeniedException")) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The name of the role whose session calls.
fn session_of(caller: &str) -> Option<&str> {
    let (_, session) = caller.split_once(":assumed-role/")?;
    Some(session.split_once('/')?.0)
}

/// Whether `deployer` admits a caller; `role` is the ARN of its role, where IAM tells it. A session's own ARN lacks
/// the role's path; where that is all there is, the path of `deployer` is believed. S3 lets root change a bucket's
/// policy whatever the policy says.
fn admits(deployer: &str, caller: &str, role: Option<&str>) -> bool {
    let covers = |arn: &str| overlap(deployer, arn) == Overlap::Covers;
    match (role, session_of(caller)) {
        (Some(role), _) => covers(role),
        (None, Some(name)) => {
            let account = caller.split(':').nth(4).unwrap_or_default();
            let place = deployer.rsplit_once('/').map_or(deployer, |(place, _)| place);
            place.contains(&format!(":{account}:")) && covers(&format!("{place}/{name}"))
        }
        (None, None) => caller.ends_with(":root"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSO: &str =
        "arn:aws:iam::999988887777:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Admin_*";

    fn session(role: &str) -> String {
        format!("arn:aws:sts::999988887777:assumed-role/{role}/dana@example.com")
    }

    #[test]
    fn a_session_is_known_by_its_role_with_path() {
        let role = SSO.replace('*', "0123456789abcdef");
        let caller = session("AWSReservedSSO_Admin_0123456789abcdef");
        assert!(admits(SSO, &caller, Some(&role)));
        assert!(admits(SSO, &caller, None));
        // Without the path the policy would lock this caller out.
        let short = "arn:aws:iam::999988887777:role/AWSReservedSSO_Admin_*";
        assert!(!admits(short, &caller, Some(&role)));
    }

    #[test]
    fn a_session_whose_role_is_not_told_is_named_by_a_pattern() {
        let role = "arn:aws:iam::999988887777:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Admin_0";
        assert_eq!(pattern(&session("AWSReservedSSO_Admin_0")), role);
        let user = "arn:aws:iam::999988887777:user/eve";
        assert_eq!(pattern(user), user);
    }

    #[test]
    fn others_are_refused_and_root_is_not() {
        let deployer = "arn:aws:iam::999988887777:role/deployer";
        assert!(admits(deployer, &session("deployer"), None));
        for caller in [
            &session("deployer2"),
            "arn:aws:sts::111122223333:assumed-role/deployer/x",
            "arn:aws:iam::999988887777:user/deployer",
            "",
        ] {
            assert!(!admits(deployer, caller, None), "{caller}");
        }
        assert!(admits(deployer, "arn:aws:iam::999988887777:root", None));
    }
}
