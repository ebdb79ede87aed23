//! What is to be done about each error.

use pipetrail_names::Region;
use pipetrail_names::audit::DATA_STACK;

use super::{Error, Fault};
use crate::remedy::Remedy;

impl Error {
    /// The next thing to do, where one is known.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Error::Aws {
                fault: Fault::Refused { code, .. },
                ..
            } => return refused(code),
            Error::Aws {
                fault: Fault::Unanswered(_),
                ..
            } => Remedy::CheckConnection,
            Error::FeatureSet(_) => Remedy::EnableAllFeatures,
            Error::NotAnAdministrator { .. } => Remedy::BecomeAdministrator,
            Error::UnknownOu { .. } => Remedy::CorrectOu,
            Error::UnknownAccount { .. } => Remedy::CorrectAccounts,
            Error::NotManagement { .. } => Remedy::CorrectManagementAccount,
            Error::NoStackSet(_) => Remedy::ApplyFirst,
            Error::TrustedAccessOff => Remedy::ApplyFromManagementAccount,
            Error::Blocked {
                name, region, status, ..
            } => blocked(name, region, status),
            Error::Foreign { what, .. } => Remedy::FreeName { what },
            Error::Elsewhere { .. } => Remedy::CorrectAuditAccount,
            Error::BucketTaken { .. } => Remedy::ReachBucket,
            Error::StackFailed { name, status, reasons } => failed(name, status, reasons),
            Error::MissingOutput { stack, .. } => Remedy::SeeOutputs { stack: stack.clone() },
            Error::NotServiceManaged(_) => Remedy::RenameStackSet,
            Error::Operation { .. } => Remedy::RetryAccounts,
            Error::ObjectsLeft { code, .. } => refused(code).unwrap_or(Remedy::DestroyAgain),
            Error::Incomplete { .. } | Error::Malformed { .. } => return None,
        })
    }
}

fn refused(code: &str) -> Option<Remedy> {
    Some(match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => Remedy::GrantPermission,
        "ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId" => Remedy::SignIn,
        "AWSOrganizationsNotInUseException" => Remedy::CallFromManagementAccount,
        "OperationInProgressException" | "StaleRequestException" => Remedy::AwaitOperation,
        _ => return None,
    })
}

fn blocked(name: &str, region: &Region, status: &str) -> Remedy {
    let (stack, region) = (name.to_owned(), region.clone());
    match status {
        "REVIEW_IN_PROGRESS" => Remedy::AskAboutChangeSet { stack, region },
        status if status.ends_with("_FAILED") => Remedy::FixStack { stack, region },
        _ => Remedy::AwaitStack,
    }
}

fn failed(name: &str, status: &str, reasons: &[String]) -> Remedy {
    if status == "UPDATE_ROLLBACK_FAILED" {
        return Remedy::ContinueRollback;
    }
    let taken: Vec<String> = reasons
        .iter()
        .map(|reason| reason.to_ascii_lowercase())
        .filter(|reason| reason.contains("already exists") || reason.contains("alreadyexists"))
        .collect();
    if taken.is_empty() {
        Remedy::SeeEvents { stack: name.to_owned() }
    } else if name == DATA_STACK || taken.iter().any(|reason| reason.contains("bucket")) {
        Remedy::AdoptBucket
    } else {
        Remedy::RenameResource
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::known;

    fn failed(name: &str, reason: &str) -> Option<Remedy> {
        let error = Error::StackFailed {
            name: name.into(),
            status: "ROLLBACK_COMPLETE".into(),
            reasons: vec![reason.into()],
        };
        error.remedy()
    }

    #[test]
    fn a_name_that_is_left_over_is_told_from_a_bucket_that_can_be_adopted() {
        let left_over = failed("pipetrail-pipeline", "Bus: pipetrail already exists in stack x");
        assert_eq!(left_over, Some(Remedy::RenameResource));
        for adopted in [
            failed("pipetrail-data", "EvidenceBucket: pipetrail-evidence already exists"),
            failed("pipetrail-artifacts", "ArtifactsBucket: the bucket already exists"),
        ] {
            assert_eq!(adopted, Some(Remedy::AdoptBucket));
        }
    }

    #[test]
    fn a_blocked_stack_is_waited_for_fixed_or_asked_about() {
        let blocked = |status: &str| blocked("x", &known("eu-central-1"), status);
        assert_eq!(blocked("CREATE_IN_PROGRESS"), Remedy::AwaitStack);
        assert!(matches!(
            blocked("REVIEW_IN_PROGRESS"),
            Remedy::AskAboutChangeSet { .. }
        ));
        assert!(matches!(blocked("IMPORT_ROLLBACK_FAILED"), Remedy::FixStack { .. }));
    }
}
