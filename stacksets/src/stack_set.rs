//! Reading the stack set: itself, its instances, its operations, its auto-deployment targets.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    PermissionModels, StackInstanceFilter, StackInstanceFilterName, StackSetOperationAction,
};
use jiff::Timestamp;
use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, AccountRegion, OuId, Region};
use serde::Serialize;

use crate::access::brief_retries;
use crate::error::{Error, from_sdk, is_unknown_call, unless_refused};
use crate::ids;
use crate::operation::Operation;
use crate::organization::Caller;
use crate::stack::{is_ours, parameters_from, reason_of, tags_from, text_of};
use crate::time;

/// StackSets takes no more organizational units in one call.
pub(crate) const UNITS_PER_CALL: usize = 50;

/// The stack set as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackSet {
    /// The template as it was sent.
    pub template: String,
    pub parameters: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// Whether new accounts of its units are enrolled by themselves and lose their stacks when they
    /// leave; `None` where the endpoint does not say.
    pub auto_deployment: Option<bool>,
    /// Whether new accounts of its units are enrolled by themselves, whatever becomes of the stacks of
    /// those that leave; `None` where the endpoint does not say.
    pub auto_deploys: Option<bool>,
    pub instances: Vec<Instance>,
    /// Its operations of the last 90 days.
    pub(crate) operations: Vec<Operation>,
    /// When those of them ended that created or updated instances, by id.
    pub(crate) deployments: BTreeMap<String, Timestamp>,
    /// The (unit, region) pairs where auto-deployment works; `None` where the endpoint does not say.
    pub auto_targets: Option<BTreeSet<(OuId, Region)>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    pub account: AccountId,
    pub region: Region,
    /// The configured unit or root that it came by, where AWS says it.
    pub unit: Option<OuId>,
    /// `CURRENT`, `OUTDATED` or `INOPERABLE`.
    pub status: String,
    /// `PENDING`, `RUNNING`, `SUCCEEDED`, `FAILED`, `CANCELLED`, `INOPERABLE`,
    /// `SKIPPED_SUSPENDED_ACCOUNT` or `FAILED_IMPORT`; empty where AWS gives none.
    pub detailed_status: String,
    /// AWS's reason.
    pub reason: Option<String>,
    /// Whether the stack differs from the stack set; `None` where the endpoint does not say.
    pub drift: Option<Drift>,
    /// Id of the last operation there.
    pub last_operation: Option<String>,
}

/// Whether a stack differs from what the stack set describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// `DRIFTED`, `IN_SYNC` or `NOT_CHECKED`.
    pub status: String,
    /// When that was last checked.
    pub checked_at: Option<Timestamp>,
}

impl Instance {
    /// Where it is.
    pub fn at(&self) -> AccountRegion {
        AccountRegion {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }
}

impl StackSet {
    /// Whether pipetrail made it.
    pub fn is_ours(&self) -> bool {
        is_ours(&self.tags)
    }

    /// Reads the stack set with all its instances; `None` when there is none.
    ///
    /// # Errors
    /// A stack set that is not service-managed, or a refused call.
    pub async fn read(client: &Client, caller: Caller) -> Result<Option<Self>, Error> {
        let Some(mut set) = Self::describe(client, caller).await? else {
            return Ok(None);
        };
        set.auto_targets = list_auto_targets(client, caller).await?;
        Ok(Some(set))
    }

    /// Reads the stack set without its auto-deployment targets, which only a plan needs.
    pub(crate) async fn describe(client: &Client, caller: Caller) -> Result<Option<Self>, Error> {
        let call = client.describe_stack_set().stack_set_name(STACK);
        let described = call.call_as(caller.call_as()).send().await;
        let described = described.map_err(from_sdk(format!("describe stack set {STACK}")));
        let Some(described) = unless_refused("StackSetNotFoundException", described)? else {
            return Ok(None);
        };
        let set = ids::answered("DescribeStackSet", "StackSet", described.stack_set)?;
        if set.permission_model() != Some(&PermissionModels::ServiceManaged) {
            return Err(Error::NotServiceManaged(STACK.to_owned()));
        }
        let (operations, deployments) = list_operations(client, caller).await?;
        let auto = set.auto_deployment();
        let auto_deploys = auto.map(|auto| auto.enabled().unwrap_or_default());
        Ok(Some(StackSet {
            template: set.template_body().unwrap_or_default().to_owned(),
            parameters: parameters_from(set.parameters()),
            tags: tags_from(set.tags()),
            auto_deployment: auto.map(|auto| {
                auto.enabled().unwrap_or_default() && !auto.retain_stacks_on_account_removal().unwrap_or_default()
            }),
            auto_deploys,
            instances: list_instances(client, caller, None).await?,
            operations,
            deployments,
            auto_targets: None,
        }))
    }
}

/// All instances, or those that `operation` was the last one for; 100 a page.
pub(crate) async fn list_instances(
    client: &Client,
    caller: Caller,
    operation: Option<&str>,
) -> Result<Vec<Instance>, Error> {
    let of_operation = operation.map(|id| {
        let filter = StackInstanceFilter::builder().name(StackInstanceFilterName::LastOperationId);
        vec![filter.values(id).build()]
    });
    let list = client.list_stack_instances().stack_set_name(STACK);
    let list = list.call_as(caller.call_as()).set_filters(of_operation);
    let list = list.max_results(100).into_paginator().stop_on_duplicate_token(false);
    let summaries = list.items().send().try_collect().await;
    let summaries = summaries.map_err(from_sdk(format!("list the instances of stack set {STACK}")))?;
    let action = "ListStackInstances";
    let instances = summaries.iter().map(|summary| {
        let status = summary.stack_instance_status();
        Ok(Instance {
            account: ids::answered_id(action, "Account", summary.account())?,
            region: ids::answered_id(action, "Region", summary.region())?,
            unit: ids::maybe_id(action, "OrganizationalUnitId", summary.organizational_unit_id())?,
            status: text_of(summary.status()),
            detailed_status: text_of(status.and_then(|status| status.detailed_status())),
            reason: reason_of(summary.status_reason()),
            drift: summary.drift_status().map(|status| Drift {
                status: status.as_str().to_owned(),
                checked_at: time::from_aws(summary.last_drift_check_timestamp()),
            }),
            last_operation: summary.last_operation_id().map(str::to_owned),
        })
    });
    instances.collect()
}

/// All operations of the last 90 days, and when those ended that created or updated instances.
pub(crate) async fn list_operations(
    client: &Client,
    caller: Caller,
) -> Result<(Vec<Operation>, BTreeMap<String, Timestamp>), Error> {
    let list = client.list_stack_set_operations().stack_set_name(STACK);
    let list = list.call_as(caller.call_as()).max_results(100).into_paginator();
    let summaries = list.stop_on_duplicate_token(false).items().send().try_collect().await;
    let summaries = summaries.map_err(from_sdk(format!("list the operations of stack set {STACK}")))?;
    let (mut operations, mut deployments) = (Vec::new(), BTreeMap::new());
    for summary in summaries {
        // A drift detection leaves the stacks as they are.
        let deploys = matches!(
            summary.action(),
            Some(StackSetOperationAction::Create | StackSetOperationAction::Update)
        );
        let ended = time::from_aws(summary.end_timestamp()).filter(|_| deploys);
        let status = text_of(summary.status());
        let Some(id) = summary.operation_id else { continue };
        deployments.extend(ended.map(|ended| (id.clone(), ended)));
        operations.push(Operation { id, status });
    }
    Ok((operations, deployments))
}

/// The SDK has no paginator for this call.
async fn list_auto_targets(client: &Client, caller: Caller) -> Result<Option<BTreeSet<(OuId, Region)>>, Error> {
    let mut targets = BTreeSet::new();
    let mut token = None;
    loop {
        let call = client
            .list_stack_set_auto_deployment_targets()
            .stack_set_name(STACK)
            .call_as(caller.call_as())
            .max_results(100)
            .set_next_token(token);
        let brief = call.clone().customize().config_override(brief_retries());
        let page = match brief.send().await {
            Err(error) if !is_unknown_call(&error) => call.send().await,
            page => page,
        };
        let page = match page {
            Err(error) if is_unknown_call(&error) => return Ok(None),
            page => page.map_err(from_sdk(format!(
                "list the auto-deployment targets of stack set {STACK}"
            )))?,
        };
        for target in page.summaries() {
            let action = "ListStackSetAutoDeploymentTargets";
            // Without a unit there is nothing that could be left.
            let unit = ids::maybe_id(action, "OrganizationalUnitId", target.organizational_unit_id())?;
            let Some(unit) = unit else { continue };
            for region in target.regions() {
                let region: Region = ids::answered_id(action, "Regions", Some(region))?;
                targets.insert((OuId::clone(&unit), region));
            }
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(Some(targets));
        }
    }
}

#[cfg(test)]
mod tests;
