//! Forwarders of the management account in regions that the configuration does not name.

use pipetrail_names::Region;
use pipetrail_names::chain;
use pipetrail_names::member::STACK;
use pipetrail_stacksets::{Error, ManagementAccount, Stack};

use crate::doctor::regions::{self, Regions};
use crate::terminal::printer;

/// Regions beside the configured ones where the management account has a stack of ours: the configuration
/// may have named them once, and nothing else knows. Who may not look there is told, and goes on.
pub(super) async fn find(
    owner: &ManagementAccount,
    configured: &[Region],
    enabled: Result<Option<Regions>, Error>,
) -> Vec<Region> {
    let enabled = match &enabled {
        Ok(Some(enabled)) => regions::enabled(enabled),
        Ok(None) => return vec![],
        Err(error) => {
            let unknown =
                "forwarders of the management account in other regions than the configured ones are not found";
            printer::say(&format!("{unknown}: {}", chain(error)));
            return vec![];
        }
    };
    let mut found = Vec::new();
    for region in enabled.into_iter().filter(|region| !configured.contains(region)) {
        match Stack::describe(&owner.at(region), STACK).await {
            Ok(stack) => found.extend(stack.filter(Stack::is_ours).map(|_| region.clone())),
            Err(error) => printer::say(&format!(
                "no forwarder of the management account is found in {region}: {}",
                chain(&error)
            )),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use aws_sdk_account::types::RegionOptStatus;

    use super::*;
    use crate::canned;

    #[tokio::test]
    async fn a_forwarder_of_the_management_account_is_found_where_the_configuration_looks_no_more() {
        let refusal = |code: &str, message: &str| {
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
        };
        let stack = |tag: &str| {
            format!(
                "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>pipetrail-member</StackName>\
                 <CreationTime>2026-11-21T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Tags><member>\
                 <Key>managed-by</Key><Value>{tag}</Value></member></Tags></member></Stacks></DescribeStacksResult>\
                 </DescribeStacksResponse>"
            )
        };
        let config = canned::serve(&[
            ("/eu-north-1/cloudformation/", 200, &stack("pipetrail")),
            ("/eu-west-1/cloudformation/", 200, &stack("somebody")),
            (
                "/eu-west-2/cloudformation/",
                400,
                &refusal("ValidationError", "Stack with id pipetrail-member does not exist"),
            ),
            ("/us-east-1/cloudformation/", 403, &refusal("AccessDenied", "no")),
        ]);
        let owner = ManagementAccount {
            account: "000000000001".parse().unwrap(),
            client: aws_sdk_cloudformation::Client::new(&config),
        };
        let regions = ["eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "us-east-1"];
        let mut enabled: Regions = regions
            .map(|region| (region.parse().unwrap(), RegionOptStatus::EnabledByDefault))
            .into();
        enabled.insert("me-south-1".parse().unwrap(), RegionOptStatus::Disabled);
        let configured = ["eu-central-1".parse().unwrap()];
        let found = find(&owner, &configured, Ok(Some(enabled))).await;
        assert_eq!(found, ["eu-north-1"]);
        // Where nobody can say which regions there are, the known ones have to do.
        assert!(find(&owner, &configured, Ok(None)).await.is_empty());
    }
}
