//! The next thing to try after each error. Buckets hold audit data: no hint says to delete one, nor
//! the stack around it.

use super::{Error, Fault};

impl Error {
    /// The next thing to try, without the `hint:` in front.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Aws {
                fault: Fault::Refused { code, .. },
                ..
            } => return refused(code).map(str::to_owned),
            Error::Aws {
                fault: Fault::Unanswered(_),
                ..
            } => "check the network, the profile's credentials and its endpoint_url".to_owned(),
            Error::FeatureSet(_) => "enable them with `aws organizations enable-all-features`".to_owned(),
            Error::NotAnAdministrator { .. } => format!(
                "use a profile of the management account, or run there `aws organizations register-delegated-administrator --service-principal {}`",
                crate::SERVICE_PRINCIPAL
            ),
            Error::UnknownUnit { .. } => {
                "list them with `aws organizations list-organizational-units-for-parent --parent-id <r-…>`".to_owned()
            }
            Error::TrustedAccessOff => "run `pipetrail apply` once with a profile of the management account".to_owned(),
            Error::Blocked {
                name, region, status, ..
            } => blocked(name, region, status),
            Error::Foreign { what, .. } => {
                format!("rename or remove that {what}, or ask its owner to; nothing of it was changed")
            }
            Error::StackFailed { name, reasons, .. } => failed(name, reasons),
            Error::MissingOutput { stack, .. } => format!(
                "see `aws cloudformation describe-stacks --stack-name {stack}`, then run `pipetrail apply` again"
            ),
            Error::NotServiceManaged(_) => {
                "it is not pipetrail's: ask its owner to give it another name, then run `pipetrail apply` again"
                    .to_owned()
            }
            Error::Operation { .. } => {
                "`pipetrail status` names the accounts; `pipetrail apply` tries them again".to_owned()
            }
            Error::ObjectsLeft { code, .. } => match refused(code) {
                Some(hint) => hint.to_owned(),
                None => "run `pipetrail destroy` again: it goes on from there".to_owned(),
            },
            Error::Incomplete { .. } => return None,
        })
    }
}

fn refused(code: &str) -> Option<&'static str> {
    Some(match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            "check the permissions of the profile that pipetrail.toml names"
        }
        "ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId" => {
            "sign in again, for example with `aws sso login --profile <profile>`"
        }
        "AWSOrganizationsNotInUseException" => "set organization.profile to a profile of the management account",
        "OperationInProgressException" | "StaleRequestException" => {
            "another operation runs on the stack set: run `pipetrail apply` again when it has ended"
        }
        _ => return None,
    })
}

fn blocked(name: &str, region: &str, status: &str) -> String {
    let of = format!("--stack-name {name} --region {region}");
    match status {
        "UPDATE_ROLLBACK_FAILED" => {
            format!("run `aws cloudformation continue-update-rollback {of}`, then `pipetrail apply` again")
        }
        "UPDATE_FAILED" => format!("run `aws cloudformation rollback-stack {of}`, then `pipetrail apply` again"),
        "REVIEW_IN_PROGRESS" => format!(
            "somebody's change set waits there: ask its owner, see `aws cloudformation list-change-sets {of}`; nothing was changed"
        ),
        status if status.ends_with("_FAILED") => format!(
            "see `aws cloudformation describe-stack-events {of}`, mend what it names, then run `pipetrail apply` again"
        ),
        _ => "something else changes it: run `pipetrail apply` again when that has ended".to_owned(),
    }
}

fn failed(name: &str, reasons: &[String]) -> String {
    let taken: Vec<String> = reasons
        .iter()
        .map(|reason| reason.to_ascii_lowercase())
        .filter(|reason| reason.contains("already exists") || reason.contains("alreadyexists"))
        .collect();
    if taken.is_empty() {
        format!("see `aws cloudformation describe-stack-events --stack-name {name}`, then run `pipetrail apply` again")
    } else if holds_data(name) || taken.iter().any(|reason| reason.contains("bucket")) {
        "a bucket of pipetrail's is retained data: keep it, and import it into the stack with a CloudFormation change set of type IMPORT; if it is somebody else's, ask its owner".to_owned()
    } else {
        "a resource of that name is left over from elsewhere: find out whose it is and rename it, then run `pipetrail apply` again".to_owned()
    }
}

/// Whether the stack consists of what is kept when it goes.
fn holds_data(stack: &str) -> bool {
    let [_, data, _] = crate::AUDIT_STACKS;
    stack == data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked(status: &str) -> String {
        let error = Error::Blocked {
            name: "pipetrail-data".into(),
            account: "999988887777".into(),
            region: "eu-central-1".into(),
            status: status.into(),
        };
        error.hint().unwrap_or_default()
    }

    fn failed(name: &str, reason: &str) -> String {
        let error = Error::StackFailed {
            name: name.into(),
            status: "ROLLBACK_COMPLETE".into(),
            reasons: vec![reason.into()],
        };
        error.hint().unwrap_or_default()
    }

    #[test]
    fn a_name_that_is_left_over_is_hinted_at() {
        let hint = failed("pipetrail-pipeline", "Bus: pipetrail already exists in stack x");
        assert!(hint.starts_with("a resource of that name is left over"), "{hint}");
    }

    #[test]
    fn a_failed_rollback_names_the_command_that_leaves_it() {
        assert!(blocked("UPDATE_ROLLBACK_FAILED").contains("continue-update-rollback --stack-name pipetrail-data"));
    }

    #[test]
    fn a_bucket_that_exists_is_retained_data_to_be_imported() {
        for hint in [
            failed("pipetrail-data", "EvidenceBucket: pipetrail-evidence already exists"),
            failed("pipetrail-artifacts", "ArtifactsBucket: the bucket already exists"),
        ] {
            assert!(hint.contains("IMPORT") && hint.contains("ask its owner"), "{hint}");
        }
    }

    #[test]
    fn no_hint_says_to_delete_anything() {
        let mut hints = vec![
            failed("pipetrail-data", "EvidenceBucket already exists"),
            failed("pipetrail-pipeline", "Bus already exists"),
            failed("pipetrail-data", "Key: access denied"),
            Error::NotServiceManaged("pipetrail-member".into())
                .hint()
                .unwrap_or_default(),
        ];
        for status in [
            "UPDATE_FAILED",
            "DELETE_FAILED",
            "REVIEW_IN_PROGRESS",
            "ROLLBACK_FAILED",
        ] {
            hints.push(blocked(status));
        }
        for hint in hints {
            assert!(!hint.is_empty() && !hint.contains("delete"), "{hint}");
        }
    }
}
