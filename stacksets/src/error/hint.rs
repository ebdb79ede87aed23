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
            } => "check the network, the profile's credentials and its endpoint_url, and that a region of that name exists"
                .to_owned(),
            Error::FeatureSet(_) => "enable them with `aws organizations enable-all-features`".to_owned(),
            Error::NotAnAdministrator { .. } => format!(
                "use a profile of the management account, or run there `aws organizations register-delegated-administrator --service-principal {}`",
                crate::SERVICE_PRINCIPAL
            ),
            Error::UnknownUnit { .. } => {
                "list them with `aws organizations list-organizational-units-for-parent --parent-id <r-…>`".to_owned()
            }
            Error::UnknownAccount { .. } => {
                "list them with `aws organizations list-accounts`, and correct accounts and excluded_accounts in pipetrail.toml".to_owned()
            }
            Error::NotManagement { .. } => {
                "set organization.management_profile to a profile of the management account".to_owned()
            }
            Error::NoStackSet(_) => "run `pipetrail apply` first: it creates what accounts are enrolled in".to_owned(),
            Error::TrustedAccessOff => "run `pipetrail apply` once with a profile of the management account".to_owned(),
            Error::Blocked {
                name, region, status, ..
            } => blocked(name, region, status),
            Error::Foreign { what, .. } => {
                format!("rename or remove that {what}, or ask its owner to; nothing of it was changed")
            }
            Error::Elsewhere { .. } => {
                "correct audit.account and audit.region in pipetrail.toml (or --region): the installation that it belongs to still needs it; nothing was changed"
                    .to_owned()
            }
            Error::BucketTaken { .. } => {
                "allow the audit profile s3:ListBucket; if another account has taken the name, ask its owner, or choose another audit.region"
                    .to_owned()
            }
            Error::StackFailed { name, status, reasons } => failed(name, status, reasons),
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
        "REVIEW_IN_PROGRESS" => format!(
            "somebody's change set waits there: ask its owner, see `aws cloudformation list-change-sets {of}`; nothing was changed"
        ),
        status if status.ends_with("_FAILED") => format!(
            "see `aws cloudformation describe-stack-events {of}`, mend what it names, then run `pipetrail apply` again"
        ),
        _ => "CloudFormation is at work on it: `pipetrail apply` waits for that and goes on".to_owned(),
    }
}

fn failed(name: &str, status: &str, reasons: &[String]) -> String {
    if status == "UPDATE_ROLLBACK_FAILED" {
        return "mend what the reason names, then run `pipetrail apply` again: it continues the rollback and skips no resource"
            .to_owned();
    }
    let taken: Vec<String> = reasons
        .iter()
        .map(|reason| reason.to_ascii_lowercase())
        .filter(|reason| reason.contains("already exists") || reason.contains("alreadyexists"))
        .collect();
    if taken.is_empty() {
        format!("see `aws cloudformation describe-stack-events --stack-name {name}`, then run `pipetrail apply` again")
    } else if holds_data(name) || taken.iter().any(|reason| reason.contains("bucket")) {
        "run `pipetrail apply` again: it adopts a bucket that an earlier stack of the audit account retained, and names one that is somebody else's".to_owned()
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
    fn what_another_run_left_at_work_is_waited_for_by_apply() {
        assert!(blocked("CREATE_IN_PROGRESS").contains("`pipetrail apply` waits for that"));
    }

    #[test]
    fn a_bucket_that_exists_is_adopted_by_the_next_apply() {
        for hint in [
            failed("pipetrail-data", "EvidenceBucket: pipetrail-evidence already exists"),
            failed("pipetrail-artifacts", "ArtifactsBucket: the bucket already exists"),
        ] {
            assert!(hint.contains("`pipetrail apply` again: it adopts"), "{hint}");
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
        for status in ["UPDATE_IN_PROGRESS", "REVIEW_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED"] {
            hints.push(blocked(status));
        }
        for hint in hints {
            assert!(!hint.is_empty() && !hint.contains("delete"), "{hint}");
        }
    }
}
