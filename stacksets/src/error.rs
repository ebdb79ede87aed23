//! What can go wrong, as lower-case fragments with a cause and, where one is known, the next command.

use std::error::Error as StdError;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// An error of this crate. [`Error::hint`] names the next command.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// An AWS call failed.
    #[error("cannot {action}")]
    Aws {
        /// What was attempted, as in "describe stack pipetrail-data".
        action: String,
        /// What AWS or the network answered.
        #[source]
        fault: Fault,
    },
    /// The organization has consolidated billing only.
    #[error("organization {0} has consolidated billing only; service-managed stack sets need all features")]
    FeatureSet(String),
    /// The caller may not administer stack sets.
    #[error(
        "account {caller} is neither the management account {management} nor a delegated administrator of StackSets"
    )]
    NotAnAdministrator {
        /// The caller's account.
        caller: String,
        /// The organization's management account.
        management: String,
    },
    /// A configured organizational unit or root is not there.
    #[error("{unit} is not an organizational unit or root of organization {organization}")]
    UnknownUnit {
        /// The id in the configuration.
        unit: String,
        /// The organization that was asked.
        organization: String,
    },
    /// Trusted access is off and only the management account can switch it on.
    #[error("trusted access for StackSets is off, and only the management account can switch it on")]
    TrustedAccessOff,
    /// The stack is in a state that nothing can be applied to.
    #[error("stack {name} in account {account}, {region} is in state {status}")]
    Blocked {
        /// The stack's name.
        name: String,
        /// Its account.
        account: String,
        /// Its region.
        region: String,
        /// Its CloudFormation status.
        status: String,
    },
    /// A stack ended in a failed state.
    #[error("stack {name} ended in {status}{}", joined(.reasons))]
    StackFailed {
        /// The stack's name.
        name: String,
        /// Its CloudFormation status.
        status: String,
        /// The reasons of its failed resources, first failure first.
        reasons: Vec<String>,
    },
    /// A stack has not the output that another one needs.
    #[error("stack {stack} has no output {output}")]
    MissingOutput {
        /// The stack.
        stack: String,
        /// The output's key.
        output: String,
    },
    /// Somebody made a stack set of our name in the other permission model.
    #[error("stack set {0} exists, but is not service-managed")]
    NotServiceManaged(String),
    /// A stack set operation failed or was stopped.
    #[error("operation {id} ended in {status}{}", reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default())]
    Operation {
        /// The operation's id.
        id: String,
        /// Its status.
        status: String,
        /// The reason that AWS gives.
        reason: Option<String>,
    },
    /// AWS answered without a field that its contract promises.
    #[error("the answer to {action} has no {field}")]
    Incomplete {
        /// The call.
        action: &'static str,
        /// The field.
        field: &'static str,
    },
}

/// What AWS or the network answered.
#[derive(Debug, Error)]
pub enum Fault {
    /// AWS refused, with an error code.
    #[error("{code}: {message}")]
    Refused {
        /// AWS's error code, for example `AccessDenied`.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// No answer, or not an AWS one.
    #[error(transparent)]
    Unanswered(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// The next thing to try, without the `hint:` in front.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Aws { fault: Fault::Refused { code, .. }, .. } => match code.as_str() {
                "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                    "check the permissions of the profile that pipetrail.toml names".to_owned()
                }
                "ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId" => {
                    "sign in again, for example with `aws sso login --profile <profile>`".to_owned()
                }
                "AWSOrganizationsNotInUseException" => {
                    "set organization.profile to a profile of the management account".to_owned()
                }
                "OperationInProgressException" | "StaleRequestException" => {
                    "another operation runs on the stack set: run `pipetrail apply` again when it has ended".to_owned()
                }
                _ => return None,
            },
            Error::Aws { fault: Fault::Unanswered(_), .. } => {
                "check the network, the profile's credentials and its endpoint_url".to_owned()
            }
            Error::FeatureSet(_) => "enable them with `aws organizations enable-all-features`".to_owned(),
            Error::NotAnAdministrator { .. } => format!(
                "use a profile of the management account, or run there `aws organizations register-delegated-administrator --service-principal {}`",
                crate::SERVICE_PRINCIPAL
            ),
            Error::UnknownUnit { .. } => {
                "list them with `aws organizations list-organizational-units-for-parent --parent-id <r-…>`".to_owned()
            }
            Error::TrustedAccessOff => {
                "run `pipetrail apply` once with a profile of the management account".to_owned()
            }
            Error::Blocked { name, region, status, .. } if status == "UPDATE_ROLLBACK_FAILED" => format!(
                "run `aws cloudformation continue-update-rollback --stack-name {name} --region {region}`, then `pipetrail apply` again"
            ),
            Error::Blocked { name, region, status, .. } if status.ends_with("_FAILED") => format!(
                "see `aws cloudformation describe-stack-events --stack-name {name} --region {region}`, delete the stack, then run `pipetrail apply` again"
            ),
            Error::Blocked { .. } => "something else changes it: run `pipetrail apply` again when that has ended".to_owned(),
            Error::StackFailed { reasons, .. } if reasons.iter().any(|reason| left_over(reason)) => {
                "a resource of that name is left over from elsewhere: rename or delete it, then run `pipetrail apply` again".to_owned()
            }
            Error::StackFailed { name, .. } => {
                format!("see `aws cloudformation describe-stack-events --stack-name {name}`, then run `pipetrail apply` again")
            }
            Error::MissingOutput { stack, .. } => {
                format!("see `aws cloudformation describe-stacks --stack-name {stack}`, then run `pipetrail apply` again")
            }
            Error::NotServiceManaged(name) => {
                format!("delete it with `aws cloudformation delete-stack-set --stack-set-name {name}` and run `pipetrail apply` again")
            }
            Error::Operation { .. } => "`pipetrail status` names the accounts; `pipetrail apply` tries them again".to_owned(),
            Error::Incomplete { .. } => return None,
        })
    }
}

/// Whether CloudFormation's reason says that a resource of a fixed name is there already.
fn left_over(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("already exists") || reason.contains("alreadyexists")
}

fn joined(reasons: &[String]) -> String {
    if reasons.is_empty() {
        String::new()
    } else {
        format!(": {}", reasons.join("; "))
    }
}

/// Turns an SDK error into ours: AWS's code and message where it gave one, else the cause chain.
pub fn from_sdk<E>(action: impl Into<String>) -> impl FnOnce(SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    move |error| {
        let fault = match error.code() {
            Some(code) => Fault::Refused {
                code: code.to_owned(),
                message: error.message().unwrap_or("no message").to_owned(),
            },
            None => Fault::Unanswered(error.into()),
        };
        Error::Aws {
            action: action.into(),
            fault,
        }
    }
}

/// Whether the endpoint does not know the call at all: HTTP 500 or 501 without an AWS error code.
///
/// AWS itself always names a code; the local organization answers so for calls that it lacks.
pub(crate) fn is_unknown_call<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let status = error.raw_response().map(|response| response.status().as_u16());
    matches!(status, Some(500 | 501)) && error.code().is_none()
}

/// The error and its causes in one line, separated by colons.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Wrappers often repeat their cause; once is enough.
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_left_over_is_hinted_at() {
        let error = Error::StackFailed {
            name: "pipetrail-pipeline".into(),
            status: "ROLLBACK_COMPLETE".into(),
            reasons: vec!["Bus: pipetrail already exists in stack x".into()],
        };
        assert_eq!(
            error.to_string(),
            "stack pipetrail-pipeline ended in ROLLBACK_COMPLETE: Bus: pipetrail already exists in stack x"
        );
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.starts_with("a resource of that name is left over"))
        );
    }

    #[test]
    fn a_failed_rollback_names_the_command_that_leaves_it() {
        let error = Error::Blocked {
            name: "pipetrail-data".into(),
            account: "999988887777".into(),
            region: "eu-central-1".into(),
            status: "UPDATE_ROLLBACK_FAILED".into(),
        };
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("continue-update-rollback --stack-name pipetrail-data"))
        );
    }

    #[test]
    fn the_chain_does_not_repeat_a_wrapped_cause() {
        let error = Error::Aws {
            action: "describe stack x".into(),
            fault: Fault::Refused {
                code: "Throttling".into(),
                message: "Rate exceeded".into(),
            },
        };
        assert_eq!(chain(&error), "cannot describe stack x: Throttling: Rate exceeded");
    }
}
