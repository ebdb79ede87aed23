//! Whoever applies must be able to apply again: the evidence bucket's policy leaves its own change to one role.

use aws_config::SdkConfig;
use pipetrail_names::RoleArn;
use pipetrail_stacksets::from_sdk;
use thiserror::Error;

use crate::aws::glob::{Overlap, overlap};
use crate::config::Audit;
use crate::failure::{Exit, Explain, Result};

/// Somebody else than the role that the policy names.
#[derive(Debug, Error)]
#[error(
    "{caller} calls, and audit.deployer_role is {deployer}: the caller could not change the evidence bucket's policy again"
)]
struct NotTheDeployer {
    caller: String,
    deployer: RoleArn,
}

impl Explain for NotTheDeployer {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(
            "call as that role (audit.role_arn or audit.profile), or correct audit.deployer_role in pipetrail.toml; \
             `aws iam get-role` prints a role's ARN with its path, and * stands for any characters"
                .to_owned(),
        )
    }
}

/// Checks that the caller in the audit account is the configured role, if there is one.
///
/// # Errors
/// It is another, or STS gave no answer.
pub(super) async fn check(audit: &Audit, aws: &SdkConfig) -> Result<()> {
    let Some(deployer) = &audit.deployer_role else {
        return Ok(());
    };
    let answer = aws_sdk_sts::Client::new(aws).get_caller_identity().send().await;
    let answer = answer.map_err(from_sdk(format!("ask who calls in account {}", audit.account)))?;
    let caller = answer.arn().unwrap_or_default();
    let role = match session_of(caller) {
        None => None,
        Some(name) => {
            let role = aws_sdk_iam::Client::new(aws).get_role().role_name(name).send().await;
            role.ok().and_then(|answer| answer.role).map(|role| role.arn)
        }
    };
    if admits(deployer.as_str(), caller, role.as_deref()) {
        return Ok(());
    }
    Err(NotTheDeployer {
        caller: role.unwrap_or_else(|| caller.to_owned()),
        deployer: deployer.clone(),
    }
    .into())
}

/// The name of the role whose session calls.
fn session_of(caller: &str) -> Option<&str> {
    let (_, session) = caller.split_once(":assumed-role/")?;
    Some(session.split_once('/')?.0)
}

/// Whether `deployer` admits a caller; `role` is the ARN of its role, where IAM tells it. A session's own ARN lacks
/// the role's path, which is taken to be right then. S3 lets root change a bucket's policy whatever the policy says.
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
