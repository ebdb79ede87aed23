//! Whether StackSets may work in the organization (trusted access).

use aws_sdk_cloudformation::config::retry::RetryConfig;
use aws_sdk_cloudformation::types::OrganizationStatus;
use serde::Serialize;

use crate::error::{Error, from_sdk, is_unknown_call};
use crate::organization::{Caller, PAGE};
use crate::plan::AccessStep;

/// Whether StackSets may work in the organization, and through which call it is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustedAccess {
    /// It may.
    Enabled,
    /// It may not; `cloudformation:ActivateOrganizationsAccess` switches it on, and creates the
    /// service-linked role.
    Disabled,
    /// It may not, and the endpoint lacks that call; `organizations:EnableAWSServiceAccess` does it.
    DisabledWithoutActivation,
}

impl TrustedAccess {
    /// Asks CloudFormation, or where the endpoint lacks that call, Organizations.
    ///
    /// # Errors
    /// A refused call.
    pub async fn read(
        cloudformation: &aws_sdk_cloudformation::Client,
        organizations: &aws_sdk_organizations::Client,
        caller: Caller,
    ) -> Result<Self, Error> {
        let call = cloudformation.describe_organizations_access().call_as(caller.call_as());
        let brief = call.clone().customize().config_override(brief_retries());
        let asked = match brief.send().await {
            Err(error) if !is_unknown_call(&error) => call.send().await,
            asked => asked,
        };
        match asked {
            Ok(answer) if answer.status() == Some(&OrganizationStatus::Enabled) => Ok(TrustedAccess::Enabled),
            Ok(_) => Ok(TrustedAccess::Disabled),
            Err(error) if is_unknown_call(&error) => match is_service_enabled(organizations).await? {
                true => Ok(TrustedAccess::Enabled),
                false => Ok(TrustedAccess::DisabledWithoutActivation),
            },
            Err(error) => Err(from_sdk("ask whether StackSets has trusted access")(error)),
        }
    }
}

impl AccessStep {
    /// Switches trusted access on; safe to repeat. Tells through which call it was done: an endpoint that
    /// lacks the service's own is asked the other way.
    ///
    /// # Errors
    /// A refused call.
    pub async fn take(
        self,
        cloudformation: &aws_sdk_cloudformation::Client,
        organizations: &aws_sdk_organizations::Client,
    ) -> Result<Self, Error> {
        if self == AccessStep::Activate {
            match cloudformation.activate_organizations_access().send().await {
                Err(error) if is_unknown_call(&error) => {}
                answer => {
                    let answer = answer.map_err(from_sdk("activate trusted access for StackSets"));
                    return answer.map(|_| self);
                }
            }
        }
        let call = organizations.enable_aws_service_access();
        let call = call.service_principal(crate::SERVICE_PRINCIPAL).send().await;
        call.map_err(from_sdk("enable trusted access for StackSets"))?;
        Ok(AccessStep::EnableServiceAccess)
    }
}

/// For calls that an endpoint may lack: a missing call is no reason to wait long. Whatever else goes
/// wrong (AWS throttles) is no reason to be brief, so the caller then tries again as patiently as ever.
pub(crate) fn brief_retries() -> aws_sdk_cloudformation::config::Builder {
    aws_sdk_cloudformation::config::Builder::new().retry_config(RetryConfig::standard().with_max_attempts(2))
}

async fn is_service_enabled(client: &aws_sdk_organizations::Client) -> Result<bool, Error> {
    let list = client.list_aws_service_access_for_organization().max_results(PAGE);
    let list = list.into_paginator().stop_on_duplicate_token(false);
    let pages = list.send().try_collect().await;
    let pages = pages.map_err(from_sdk("list the services with trusted access"))?;
    let enabled = pages.into_iter().filter_map(|page| page.enabled_service_principals);
    Ok(enabled
        .flatten()
        .any(|service| service.service_principal() == Some(crate::SERVICE_PRINCIPAL)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;

    #[tokio::test]
    async fn a_throttle_does_not_cut_the_retries_short() {
        let throttle =
            "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
        let enabled = "<DescribeOrganizationsAccessResponse><DescribeOrganizationsAccessResult>\
            <Status>ENABLED</Status></DescribeOrganizationsAccessResult></DescribeOrganizationsAccessResponse>";
        let server = Answers::new(&[
            ("Action=DescribeOrganizationsAccess", 400, throttle),
            ("Action=DescribeOrganizationsAccess", 400, throttle),
            ("Action=DescribeOrganizationsAccess", 200, enabled),
        ]);
        let read = TrustedAccess::read(&server.cloudformation(), &server.organizations(), Caller::Management).await;
        assert_eq!(read.unwrap(), TrustedAccess::Enabled);
    }
}
