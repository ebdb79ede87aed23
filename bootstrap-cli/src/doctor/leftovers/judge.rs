//! What leftovers mean.

use super::{BUCKETS, Found, NAME};
use crate::doctor::check::Check;

/// Judges what was found in an account where no stack of ours stands; `whose` says which. Nothing when
/// there is nothing to say.
pub(in crate::doctor) fn judge(whose: &str, found: &Found) -> Vec<Check> {
    let mut checks = Vec::new();
    let Found { resources, errors } = found;
    if !resources.is_empty() {
        let evidence = format!("{whose} has, without a stack of pipetrail's: {}", resources.join(", "));
        let remedy =
            "find out whose they are and remove or rename them there: CloudFormation refuses to make what exists";
        checks.push(Check::failed(NAME, evidence, remedy));
    }
    if let Some((error, more)) = errors.split_first() {
        let mut check = Check::unread(NAME, error);
        if !more.is_empty() {
            check.evidence += &format!(" (and {} more)", more.len());
        }
        checks.push(check);
    }
    checks
}

/// Judges buckets that are there although the stack that makes them is not.
pub(in crate::doctor) fn judge_buckets(found: &Found) -> Vec<Check> {
    let mut checks = Vec::new();
    if !found.resources.is_empty() {
        let evidence = format!("kept from an earlier deployment: {}", found.resources.join(", "));
        let remedy = "keep them, they hold data: the stack takes them over when it is made";
        checks.push(Check::warning(BUCKETS, evidence, remedy));
    }
    checks.extend(found.errors.first().map(|error| Check::unread(BUCKETS, error)));
    if checks.is_empty() {
        checks.push(Check::ok(BUCKETS, "no bucket is left over"));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Grade;
    use pipetrail_stacksets::Error;

    #[test]
    fn what_is_left_over_fails_and_what_cannot_be_read_is_unknown() {
        let found = Found {
            resources: vec![
                "rule pipetrail-forward in eu-west-1".into(),
                "role pipetrail-forwarder-eu-west-1".into(),
            ],
            errors: vec![Error::TrustedAccessOff, Error::TrustedAccessOff],
        };
        let checks = judge("account 111122223333", &found);
        let verdicts: Vec<Grade> = checks.iter().map(|check| check.verdict).collect();
        assert_eq!(verdicts, [Grade::Failed, Grade::Unknown]);
        assert!(
            checks[0]
                .evidence
                .starts_with("account 111122223333 has, without a stack of pipetrail's: rule")
        );
        assert!(checks[1].evidence.ends_with("(and 1 more)"));
        assert!(judge("x", &Found::default()).is_empty());
    }

    #[test]
    fn a_bucket_is_never_told_to_be_deleted() {
        let found = Found {
            resources: vec!["pipetrail-lake-999988887777-eu-central-1".into()],
            errors: vec![],
        };
        let checks = judge_buckets(&found);
        assert_eq!(checks[0].verdict, Grade::Warning);
        assert!(!format!("{checks:?}").contains("delete"));
        assert_eq!(judge_buckets(&Found::default())[0].verdict, Grade::Ok);
    }
}
