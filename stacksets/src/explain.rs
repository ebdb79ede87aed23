//! The known reasons of failed instances, in plain words beside AWS's own.

/// What an instance's status and AWS's reason mean, and what to do; `None` for reasons not known.
///
/// AWS documents the reasons' texts nowhere: they are recognised by the words that its services use
/// in their messages.
pub fn explain(status: &str, reason: &str) -> Option<&'static str> {
    let reason = reason.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if status == "SKIPPED_SUSPENDED_ACCOUNT" || has(&["suspended", "account is closed", "account is not active"]) {
        return Some("the account is suspended or closed: StackSets skips it until it is active again");
    }
    if has(&["explicit deny", "service control policy"]) {
        return Some(
            "a policy of the organization denies it: exempt the roles stacksets-exec-* in that service control policy",
        );
    }
    if has(&["already exists", "alreadyexists"]) {
        return Some(
            "something of that name exists there already: find out whose it is, rename or remove it, then apply again",
        );
    }
    if has(&[
        "not enabled",
        "opt-in",
        "optinrequired",
        "region is disabled",
        "region is unsupported",
        "regiondisabled",
        // Opt-in regions answer so as well: they do not know the account's credentials.
        "security token included in the request is invalid",
        "unrecognizedclient",
    ]) {
        return Some("the region is not enabled in that account: enable it there and in the management account");
    }
    if has(&[
        "not subscribed",
        "subscriptionrequired",
        "needs a subscription",
        "pending verification",
        "not yet ready",
    ]) {
        return Some("the account is new and its services are not ready yet: try again in some minutes");
    }
    if has(&["rate exceeded", "throttl", "toomanyrequests", "too many requests"]) {
        return Some("AWS throttled the calls: apply again, or lower rollout.max_concurrent_percentage");
    }
    if has(&[
        "organizationaccountaccess",
        "stacksets-exec",
        "should have '",
        "cannot assume",
        "assume role",
    ]) {
        return Some(
            "StackSets cannot assume its role in that account: a new account needs some minutes, else see its service-linked role for StackSets",
        );
    }
    if has(&["cancelled since failure tolerance", "failure tolerance has exceeded"]) || status == "CANCELLED" {
        return Some("not tried: too many other accounts failed before; fix those, then rerun `apply`");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_reason_has_its_words() {
        for (status, reason, words) in [
            ("SKIPPED_SUSPENDED_ACCOUNT", "", "suspended"),
            ("FAILED", "Account is suspended", "suspended"),
            (
                "FAILED",
                "ResourceLogicalId:ForwardRule, ResourceType:AWS::Events::Rule, ResourceStatusReason:Rule pipetrail-forward already exists",
                "exists there already",
            ),
            (
                "FAILED",
                "pipetrail-forward-dlq: Resource of type 'AWS::SQS::Queue' with identifier 'x' AlreadyExists",
                "exists there already",
            ),
            (
                "FAILED",
                "is not authorized to perform: iam:CreateRole with an explicit deny in a service control policy",
                "stacksets-exec-*",
            ),
            (
                "FAILED",
                "Region me-south-1 is not enabled in the target account",
                "the region is not enabled",
            ),
            (
                "FAILED",
                "The security token included in the request is invalid.",
                "the region is not enabled",
            ),
            (
                "FAILED",
                "The AWS Access Key Id needs a subscription for the service",
                "the account is new",
            ),
            ("FAILED", "Rate exceeded (Service: Iam, Status Code: 400)", "throttled"),
            (
                "CANCELLED",
                "Cancelled since failure tolerance has exceeded",
                "not tried",
            ),
        ] {
            let explained = explain(status, reason);
            assert!(
                explained.is_some_and(|text| text.contains(words)),
                "{reason}: {explained:?}"
            );
        }
    }

    #[test]
    fn an_unknown_reason_is_left_to_aws() {
        assert_eq!(explain("FAILED", "Internal failure"), None);
    }
}
