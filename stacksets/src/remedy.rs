//! What is to be done about an error, or about a step that did not simply succeed, as data. Whoever
//! talks to people has the words, and knows the commands, options and files. Buckets hold audit data:
//! nothing here means to delete one, nor the stack around it.

use pipetrail_names::Region;

use crate::error::Error;

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nobody answered: look at the network, the credentials, the endpoint and the region's name.
    CheckConnection,
    /// Give the caller the permission that it lacks.
    GrantPermission,
    /// Sign in again: the credentials have expired, or AWS does not know them.
    SignIn,
    /// Call from the management account: the caller's is in no organization.
    CallFromManagementAccount,
    /// Try again when the operation that is at work on the stack set has ended.
    AwaitOperation,
    /// Enable all features of the organization.
    EnableAllFeatures,
    /// Call from the management account, or register the caller's account there for
    /// [`crate::SERVICE_PRINCIPAL`].
    BecomeAdministrator,
    /// List the organization's OUs and correct the one that was given.
    CorrectOu,
    /// List the organization's accounts and correct the configured ones.
    CorrectAccounts,
    /// Give credentials of the management account for the management account.
    CorrectManagementAccount,
    /// Apply everything first: that makes the stack set.
    ApplyFirst,
    /// Apply everything first: that moves the reader's role, then removes the region's stacks.
    MoveReader,
    /// Keep the region enrolled until every account has its stack in the other one.
    KeepRegion { region: Region },
    /// Apply once from the management account, which may switch trusted access on.
    ApplyFromManagementAccount,
    /// Ask whoever made the change set that waits there.
    AskAboutChangeSet { stack: String, region: Region },
    /// Fix what the stack's events name, then try again.
    FixStack { stack: String, region: Region },
    /// Nothing but to wait, which trying again does: CloudFormation is at work.
    AwaitStack,
    /// Have the name freed: what has it is somebody else's.
    FreeName {
        /// `stack` or `stack set`.
        what: &'static str,
    },
    /// Correct the audit account and the home region: what was found belongs to another installation.
    CorrectAuditAccount,
    /// Allow the caller to see the bucket; if another account has its name, another home region is
    /// left.
    ReachBucket,
    /// Fix what the reason names, then try again: the rollback is continued.
    ContinueRollback { stack: String },
    /// See the stack's events, then try again.
    SeeEvents { stack: String },
    /// Try again: a bucket that an earlier stack retained is adopted.
    AdoptBucket,
    /// Find out whose the resource of that name is and rename it, then try again.
    RenameResource,
    /// See the stack's outputs, then try again.
    SeeOutputs { stack: String },
    /// Have the stack set renamed, which is somebody else's, then try again.
    RenameStackSet,
    /// Look up which accounts failed, and try them again.
    RetryAccounts,
    /// Fix what keeps the stream from delivering, then try again.
    FixDelivery { stream: String },
    /// Try again when the other run has ended: it goes on from there.
    AwaitReplacement,
    /// See why the replay failed, then try again.
    SeeReplay { name: String },
    /// Destroy again: it goes on where it stopped.
    DestroyAgain,
    /// Destroy again, with the data, after the date until which some is retained.
    DestroyAfterRetention,
    /// Fix what the reason names, then destroy again, with the data.
    DestroyDataAgain,
    /// Fix what the instances' reasons name, then destroy again.
    FixInstances,
}

impl Error {
    /// The next thing to do, where one is known.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Error::Aws { .. } => return self.code().map_or(Some(Remedy::CheckConnection), refused),
            Error::FeatureSet(_) => Remedy::EnableAllFeatures,
            Error::NotAnAdministrator { .. } => Remedy::BecomeAdministrator,
            Error::UnknownOu { .. } => Remedy::CorrectOu,
            Error::UnknownAccount { .. } => Remedy::CorrectAccounts,
            Error::NotManagement { .. } => Remedy::CorrectManagementAccount,
            Error::NoStackSet(_) => Remedy::ApplyFirst,
            Error::ReaderMoves { .. } => Remedy::MoveReader,
            Error::LastReader { from, .. } => Remedy::KeepRegion { region: from.clone() },
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
            Error::Undrained { stream, .. } => Remedy::FixDelivery { stream: stream.clone() },
            Error::Overtaken { .. } => Remedy::AwaitReplacement,
            Error::Replay { name, .. } => Remedy::SeeReplay { name: name.clone() },
            Error::Incomplete { .. } | Error::Malformed { .. } | Error::Record { .. } => return None,
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
        return Remedy::ContinueRollback { stack: name.to_owned() };
    }
    let taken: Vec<String> = reasons
        .iter()
        .map(|reason| reason.to_ascii_lowercase())
        .filter(|reason| reason.contains("already exists") || reason.contains("alreadyexists"))
        .collect();
    if taken.is_empty() {
        Remedy::SeeEvents { stack: name.to_owned() }
    } else if taken.iter().any(|reason| reason.contains("bucket")) {
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
        for left_over in [
            failed("pipetrail-data", "Bus: pipetrail already exists in stack x"),
            failed("pipetrail-pipeline", "WorkGroup: pipetrail already exists"),
        ] {
            assert_eq!(left_over, Some(Remedy::RenameResource));
        }
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
