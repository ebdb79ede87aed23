//! What is to be done about an error, or about a step that did not simply succeed, as data. Whoever
//! talks to people has the words, and knows the commands, options and files. Buckets hold audit data:
//! nothing here means to delete one, nor the stack around it.

use pipetrail_names::Region;

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
    ContinueRollback,
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
    /// Destroy again: it goes on where it stopped.
    DestroyAgain,
    /// Destroy again, with the data, after the date until which some is retained.
    DestroyAfterRetention,
    /// Fix what the reason names, then destroy again, with the data.
    DestroyDataAgain,
    /// Fix what the instances' reasons name, then destroy again.
    FixInstances,
}
