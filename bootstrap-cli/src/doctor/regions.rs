//! Regions: known to CodePipeline, and enabled in the accounts that take part. StackSets needs an opt-in
//! region in the target account and in the management account; the collector lives in the audit
//! account's home region.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use aws_sdk_account::Client;
use aws_sdk_account::error::ProvideErrorMetadata;
use aws_sdk_account::types::RegionOptStatus;
use pipetrail_names::{AccountId, Region};
use pipetrail_stacksets::{Error, from_sdk};

use super::check::Check;

const KNOWN: &str = "regions-known";
/// Of the management account.
pub(crate) const MANAGEMENT: &str = "regions-management";
/// Of the audit account.
pub(crate) const AUDIT: &str = "regions-audit";
/// Whether the audit account's region is one to live in.
pub(crate) const HOME: &str = "home-region";
/// Of the members.
pub(crate) const MEMBERS: &str = "regions-members";

/// Where CodePipeline has an endpoint: `endpoints.json` of botocore 1.43.106 (partitions aws, aws-cn,
/// aws-us-gov). Newer regions are not in it, so absence is no proof.
const CODEPIPELINE: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ca-central-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// Said of an endpoint without Account Management.
pub(crate) const LACKING: &str = "this endpoint has no account:ListRegions";

/// An account's regions and whether they are enabled.
pub(crate) type Regions = BTreeMap<Region, RegionOptStatus>;

/// Asks Account Management for the regions of the caller's account, or of a member's: that takes trusted
/// access for `account.amazonaws.com`, and a caller in the management account. `None` where the endpoint
/// lacks the call, as the local organization's does.
///
/// # Errors
/// A refused call.
pub(crate) async fn read(config: &SdkConfig, account: Option<&AccountId>) -> Result<Option<Regions>, Error> {
    let regions = Client::new(config)
        .list_regions()
        .set_account_id(account.map(ToString::to_string))
        .max_results(50)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .items()
        .send()
        .try_collect()
        .await;
    let regions = match regions {
        // AWS names a code; whatever answers without one is not Account Management.
        Err(error) if error.code().is_none() && error.raw_response().is_some() => return Ok(None),
        regions => regions.map_err(from_sdk(account.map_or_else(
            || "list the account's regions".to_owned(),
            |id| format!("list the regions of account {id}"),
        )))?,
    };
    let regions = regions.into_iter().filter_map(|region| {
        let name = region.region_name?.parse().ok()?;
        Some((name, region.region_opt_status?))
    });
    Ok(Some(regions.collect()))
}

/// Those in which something can be deployed now.
pub(crate) fn enabled(regions: &Regions) -> BTreeSet<&Region> {
    let usable = regions.iter().filter(|(_, status)| is_enabled(status));
    usable.map(|(region, _)| region).collect()
}

fn is_enabled(status: &RegionOptStatus) -> bool {
    matches!(status, RegionOptStatus::Enabled | RegionOptStatus::EnabledByDefault)
}

/// Whether CodePipeline is known to be in each region.
pub(crate) fn known(regions: &[Region]) -> Check {
    let names = regions.iter().map(Region::as_str);
    let strange: Vec<&str> = names.filter(|region| !CODEPIPELINE.contains(region)).collect();
    if strange.is_empty() {
        return Check::ok(KNOWN, format!("CodePipeline is in {}", regions.join(", ")));
    }
    Check::unknown(
        KNOWN,
        format!("not among the regions that this version knows CodePipeline in: {}", strange.join(", ")),
        Some("check their spelling, and that CodePipeline is offered there; otherwise take them out of organization.regions".to_owned()),
    )
}

/// Whether each of `wanted` is enabled in an account; `whose` says which.
pub(crate) fn judge(
    check: &'static str,
    whose: &str,
    wanted: &[Region],
    regions: Result<Option<&Regions>, &Error>,
) -> Check {
    let regions = match regions {
        Ok(Some(regions)) => regions,
        Ok(None) => return Check::unknown(check, LACKING, None),
        Err(error) => return Check::unread(check, error),
    };
    let off = wanted.iter().filter_map(|region| match regions.get(region) {
        Some(status) if is_enabled(status) => None,
        status => Some(format!(
            "{region} ({})",
            status.map_or("not listed", RegionOptStatus::as_str)
        )),
    });
    let off: Vec<String> = off.collect();
    if off.is_empty() {
        return Check::ok(check, format!("{whose} has {} enabled", wanted.join(", ")));
    }
    Check::failed(
        check,
        format!("{whose} has not enabled {}", off.join(", ")),
        "enable them there with `aws account enable-region --region-name <region>` (that takes minutes to hours), or take them out of pipetrail.toml",
    )
}

/// Whether the collector can live in its home region: some regions that are switched on by hand lack what it needs.
pub(crate) fn home(region: &Region, regions: Result<Option<&Regions>, &Error>) -> Check {
    let status = match regions {
        Ok(Some(regions)) => regions.get(region),
        Ok(None) => return Check::unknown(HOME, LACKING, None),
        Err(error) => return Check::unread(HOME, error),
    };
    match status {
        Some(RegionOptStatus::EnabledByDefault) => Check::ok(HOME, format!("{region} is enabled by default")),
        _ => Check::warning(
            HOME,
            format!(
                "{region} is an opt-in region: some of them lack CloudFormation's transforms (ap-southeast-3 did), and \
                 a bus in some cannot be a target from another region"
            ),
            "choose a home region that is enabled by default (audit.region), or try a stack with Fn::ForEach and a rule \
             from another region there first",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Grade;
    use super::*;
    use crate::canned;

    fn regions() -> Regions {
        Regions::from([
            ("eu-central-1".parse().unwrap(), RegionOptStatus::EnabledByDefault),
            ("eu-south-1".parse().unwrap(), RegionOptStatus::Enabled),
            ("af-south-1".parse().unwrap(), RegionOptStatus::Disabled),
            ("me-south-1".parse().unwrap(), RegionOptStatus::Enabling),
        ])
    }

    fn judged(wanted: &[&str]) -> Check {
        let wanted: Vec<Region> = wanted.iter().map(|region| region.parse().unwrap()).collect();
        judge(MANAGEMENT, "the management account", &wanted, Ok(Some(&regions())))
    }

    #[test]
    fn a_home_region_that_is_switched_on_by_hand_is_warned_of() {
        let region = |text: &str| text.parse::<Region>().unwrap();
        let regions = Regions::from([
            (region("eu-central-1"), RegionOptStatus::EnabledByDefault),
            (region("ap-southeast-3"), RegionOptStatus::Enabled),
        ]);
        let judged = |name: &str| home(&region(name), Ok(Some(&regions))).verdict;
        assert_eq!(judged("eu-central-1"), Grade::Ok);
        assert_eq!(judged("ap-southeast-3"), Grade::Warning);
        assert_eq!(home(&region("eu-central-1"), Ok(None)).verdict, Grade::Unknown);
    }

    #[test]
    fn only_regions_that_are_fully_enabled_pass() {
        assert_eq!(judged(&["eu-central-1", "eu-south-1"]).verdict, Grade::Ok);
        let found = judged(&["eu-central-1", "af-south-1", "me-south-1", "xx-new-1"]);
        assert_eq!(found.verdict, Grade::Failed);
        assert_eq!(
            found.evidence,
            "the management account has not enabled af-south-1 (DISABLED), me-south-1 (ENABLING), xx-new-1 (not listed)"
        );
    }

    #[test]
    fn a_region_that_this_version_does_not_know_is_unknown_and_not_wrong() {
        assert_eq!(known(&["eu-central-1".parse().unwrap()]).verdict, Grade::Ok);
        assert_eq!(known(&["eu-central-9".parse().unwrap()]).verdict, Grade::Unknown);
    }

    #[test]
    fn the_list_of_regions_is_sorted_and_without_repetition() {
        assert!(CODEPIPELINE.is_sorted_by(|one, next| one < next));
    }

    #[tokio::test]
    async fn regions_of_a_member_are_asked_for_by_its_id() {
        let config = canned::serve(&[
            (
                "\"AccountId\":\"111122223333\"",
                200,
                r#"{"Regions":[{"RegionName":"af-south-1","RegionOptStatus":"DISABLED"}],"NextToken":"more"}"#,
            ),
            (
                "\"NextToken\":\"more\"",
                200,
                r#"{"Regions":[{"RegionName":"eu-west-1","RegionOptStatus":"ENABLED_BY_DEFAULT"}]}"#,
            ),
        ]);
        let read = read(&config, Some(&"111122223333".parse().unwrap()))
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let read = read.unwrap_or_default();
        let west: Region = "eu-west-1".parse().unwrap();
        assert_eq!((read.len(), enabled(&read)), (2, BTreeSet::from([&west])));
    }

    #[tokio::test]
    async fn a_refusal_is_an_error_and_an_endpoint_without_the_call_is_not() {
        let denied = r#"{"__type":"AccessDeniedException","message":"no"}"#;
        let refused = read(&canned::serve(&[("/listRegions", 403, denied)]), None).await;
        let check = judge(MANAGEMENT, "x", &[], refused.as_ref().map(Option::as_ref));
        assert_eq!(check.verdict, Grade::Unknown);
        assert!(
            check.evidence.contains("AccessDeniedException: no"),
            "{}",
            check.evidence
        );
        let lacking = read(&canned::serve(&[("/listRegions", 404, "<html>")]), None).await;
        assert!(matches!(lacking, Ok(None)));
    }
}
