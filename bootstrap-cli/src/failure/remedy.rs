//! The words for what is to be done next: commands, options and files are named here. Buckets hold
//! audit data: no hint says to delete one, nor the stack around it.

use pipetrail_names::audit::PIPELINE_STACK;
use pipetrail_stacksets::{Remedy, SERVICE_PRINCIPAL};

/// The command that a hint says to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// `pipetrail apply`, whatever but `destroy` is running.
    Apply,
    /// `pipetrail destroy`.
    Destroy,
}

/// What to try next, without the `hint:` in front.
pub(crate) fn words(remedy: &Remedy, again: Again) -> String {
    let again = match again {
        Again::Apply => "`pipetrail apply`",
        Again::Destroy => "`pipetrail destroy`",
    };
    match remedy {
        Remedy::CheckConnection => {
            "check the network, the profile's credentials and its endpoint_url, and that a region of that \
             name exists"
                .to_owned()
        }
        Remedy::GrantPermission => "check the permissions of the profile that pipetrail.toml names".to_owned(),
        Remedy::SignIn => "sign in again, for example with `aws sso login --profile <profile>`".to_owned(),
        Remedy::CallFromManagementAccount => {
            "set organization.profile to a profile of the management account".to_owned()
        }
        Remedy::AwaitOperation => {
            format!("another operation runs on the stack set: run {again} again when it has ended")
        }
        Remedy::EnableAllFeatures => "enable them with `aws organizations enable-all-features`".to_owned(),
        Remedy::BecomeAdministrator => format!(
            "use a profile of the management account, or run there `aws organizations \
             register-delegated-administrator --service-principal {SERVICE_PRINCIPAL}`"
        ),
        Remedy::CorrectOu => {
            "list them with `aws organizations list-organizational-units-for-parent --parent-id <r-…>`".to_owned()
        }
        Remedy::CorrectAccounts => {
            "list them with `aws organizations list-accounts`, and correct accounts and excluded_accounts \
             in pipetrail.toml"
                .to_owned()
        }
        Remedy::CorrectManagementAccount => {
            "set organization.management_profile to a profile of the management account".to_owned()
        }
        Remedy::ApplyFirst => format!("run {again} first: it creates what accounts are enrolled in"),
        Remedy::MoveReader => {
            "run `pipetrail apply` first: it moves the role, then removes the region's stacks".to_owned()
        }
        Remedy::KeepRegion { region } => {
            format!("keep {region} in organization.regions, run `pipetrail apply` twice, then remove it")
        }
        Remedy::ApplyFromManagementAccount => format!("run {again} once with a profile of the management account"),
        Remedy::AskAboutChangeSet { stack, region } => format!(
            "somebody's change set waits there: ask its owner, see `aws cloudformation list-change-sets \
             --stack-name {stack} --region {region}`; nothing was changed"
        ),
        Remedy::FixStack { stack, region } => format!(
            "see `aws cloudformation describe-stack-events --stack-name {stack} --region {region}`, fix \
             what it names, then run {again} again"
        ),
        Remedy::AwaitStack => format!("CloudFormation is at work on it: {again} waits for that and goes on"),
        Remedy::FreeName { what } => {
            format!("rename or remove that {what}, or ask its owner to; nothing of it was changed")
        }
        Remedy::CorrectAuditAccount => {
            "correct audit.account and audit.region in pipetrail.toml (or --home-region): the installation \
             that it belongs to still needs it; nothing was changed"
                .to_owned()
        }
        Remedy::ReachBucket => {
            "allow the audit profile s3:ListBucket; if another account has taken the name, ask its owner, \
             or choose another audit.region"
                .to_owned()
        }
        Remedy::ContinueRollback { stack } => {
            let continued = format!(
                "fix what the reason names, then rerun {again}: it continues the rollback and skips no resource"
            );
            match stack == PIPELINE_STACK {
                true => format!("{continued}; `pipetrail apply --replace-pipeline-stack` replaces the stack instead"),
                false => continued,
            }
        }
        Remedy::SeeEvents { stack } => {
            format!("see `aws cloudformation describe-stack-events --stack-name {stack}`, then run {again} again")
        }
        Remedy::AdoptBucket => format!(
            "run {again} again: it adopts a bucket that an earlier stack of the audit account retained, \
             and names one that is somebody else's"
        ),
        Remedy::RenameResource => format!(
            "a resource of that name is left over from elsewhere: find out whose it is and rename it, \
             then run {again} again"
        ),
        Remedy::SeeOutputs { stack } => {
            format!("see `aws cloudformation describe-stacks --stack-name {stack}`, then run {again} again")
        }
        Remedy::RenameStackSet => {
            format!("it is not pipetrail's: ask its owner to give it another name, then run {again} again")
        }
        Remedy::RetryAccounts => format!("`pipetrail status` names the accounts; {again} tries them again"),
        Remedy::FixDelivery { stream } => format!(
            "see log stream {} of log group /aws/kinesisfirehose/pipetrail, fix what it names, then run {again} \
             again: it goes on; after a day Firehose gives up and keeps the records under errors/ in the lake's bucket",
            stream.trim_start_matches("pipetrail-").replace('-', "_")
        ),
        Remedy::AwaitReplacement => {
            format!("wait until the other run has ended, then rerun {again}: it goes on from there")
        }
        Remedy::SeeReplay { name } => format!(
            "see `aws events describe-replay --replay-name {name}`, then run {again} again: it starts another one"
        ),
        Remedy::DestroyAgain => "run `pipetrail destroy` again: it goes on from there".to_owned(),
        Remedy::DestroyAfterRetention => {
            "run `pipetrail destroy` with the same --delete-data again after that date".to_owned()
        }
        Remedy::DestroyDataAgain => {
            "fix what the reason names, then rerun `pipetrail destroy` with the same --delete-data".to_owned()
        }
        Remedy::FixInstances => "fix what the reasons name, then rerun `pipetrail destroy`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipetrail_stacksets::Error;

    fn hint(error: &Error) -> Option<String> {
        error.remedy().map(|remedy| words(&remedy, Again::Apply))
    }

    fn blocked(status: &str) -> String {
        let error = Error::Blocked {
            name: "pipetrail-data".into(),
            account: "999988887777".parse().unwrap(),
            region: "eu-central-1".parse().unwrap(),
            status: status.into(),
        };
        hint(&error).unwrap_or_default()
    }

    fn failed(name: &str, reason: &str) -> String {
        let error = Error::StackFailed {
            name: name.into(),
            status: "ROLLBACK_COMPLETE".into(),
            reasons: vec![reason.into()],
        };
        hint(&error).unwrap_or_default()
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
    fn the_running_command_is_the_one_to_run_again() {
        let remedy = Remedy::SeeEvents { stack: "x".into() };
        assert!(words(&remedy, Again::Apply).ends_with("then run `pipetrail apply` again"));
        assert!(words(&remedy, Again::Destroy).ends_with("then run `pipetrail destroy` again"));
    }

    #[test]
    fn no_hint_says_to_delete_anything() {
        let mut hints = vec![
            failed("pipetrail-data", "EvidenceBucket already exists"),
            failed("pipetrail-pipeline", "Bus already exists"),
            failed("pipetrail-data", "Key: access denied"),
            hint(&Error::NotServiceManaged("pipetrail-member".into())).unwrap_or_default(),
        ];
        for status in ["UPDATE_IN_PROGRESS", "REVIEW_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED"] {
            hints.push(blocked(status));
        }
        for hint in hints {
            assert!(!hint.is_empty() && !hint.contains("delete"), "{hint}");
        }
    }
}
