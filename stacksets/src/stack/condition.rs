//! What a stack's status means for the next change to it.

/// What the next change to a stack has to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It can be updated.
    Settled,
    /// CloudFormation is at work on it.
    Busy,
    /// It is an empty shell around a change set that nobody executed.
    Review,
    /// It never stood, or somebody has begun to delete it: all that is left is to delete it.
    ///
    /// That loses no object: buckets are retained by their policy, and S3 refuses to delete one that
    /// holds any, whatever the policy says. What waits in a queue goes, as the deletion that somebody
    /// began would have had it.
    Shell,
    /// Its update failed, and so did the rollback.
    RollbackFailed,
    /// Its update failed, and somebody has switched the rollback off.
    UpdateFailed,
    /// Nothing is known to lead out of it.
    Stuck,
}

impl Condition {
    /// What a stack's CloudFormation status comes down to.
    pub(crate) fn of(status: &str) -> Self {
        match status {
            "REVIEW_IN_PROGRESS" => Condition::Review,
            "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" | "DELETE_FAILED" => Condition::Shell,
            "UPDATE_ROLLBACK_FAILED" => Condition::RollbackFailed,
            "UPDATE_FAILED" => Condition::UpdateFailed,
            status if status.ends_with("_IN_PROGRESS") => Condition::Busy,
            status if status.ends_with("_COMPLETE") => Condition::Settled,
            _ => Condition::Stuck,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_cloudformation_is_one_condition() {
        let cases: [(Condition, &[&str]); 7] = [
            (
                Condition::Settled,
                &[
                    "CREATE_COMPLETE",
                    "UPDATE_COMPLETE",
                    "UPDATE_ROLLBACK_COMPLETE",
                    "IMPORT_COMPLETE",
                    "IMPORT_ROLLBACK_COMPLETE",
                ],
            ),
            (
                Condition::Busy,
                &[
                    "CREATE_IN_PROGRESS",
                    "ROLLBACK_IN_PROGRESS",
                    "DELETE_IN_PROGRESS",
                    "UPDATE_IN_PROGRESS",
                    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                    "UPDATE_ROLLBACK_IN_PROGRESS",
                    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                    "IMPORT_IN_PROGRESS",
                    "IMPORT_ROLLBACK_IN_PROGRESS",
                ],
            ),
            (Condition::Review, &["REVIEW_IN_PROGRESS"]),
            (
                Condition::Shell,
                &["ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"],
            ),
            (Condition::RollbackFailed, &["UPDATE_ROLLBACK_FAILED"]),
            (Condition::UpdateFailed, &["UPDATE_FAILED"]),
            (Condition::Stuck, &["IMPORT_ROLLBACK_FAILED", ""]),
        ];
        for (wanted, statuses) in cases {
            for status in statuses {
                assert_eq!(Condition::of(status), wanted, "{status}");
            }
        }
    }
}
