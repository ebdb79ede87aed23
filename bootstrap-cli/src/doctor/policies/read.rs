//! Reading an organization's policies; Organizations gives them in small pages, and slowly.

use std::collections::BTreeSet;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::operation::list_parents::ListParentsOutput;
use aws_sdk_organizations::types::{PolicyType, PolicyTypeStatus, Root};
use pipetrail_names::OuId;
use pipetrail_stacksets::{Error, answered_id, from_sdk};

use super::{Kind, MOST_TARGETS, Policies};

const PAGE: i32 = 20;

/// Reads the policies of a kind: those of the roots, of `units`, of what is above those of `configured`, and of `audit`, which
/// is above the audit account.
///
/// # Errors
/// A refused call.
pub(crate) async fn read(
    client: &Client,
    kind: Kind,
    configured: &[OuId],
    units: BTreeSet<OuId>,
    mut audit: BTreeSet<OuId>,
) -> Result<Policies, Error> {
    let mut members = units;
    members.extend(configured.iter().cloned());
    let roots = roots(client).await?;
    let types = roots.iter().flat_map(Root::policy_types);
    let mut on = types.filter(|found| found.status() == Some(&PolicyTypeStatus::Enabled));
    if !on.any(|found| found.r#type() == Some(&kind.of_aws())) {
        return Ok(Policies::default());
    }
    for root in roots {
        let root: OuId = answered_id("ListRoots", "Id", root.id())?;
        members.insert(root.clone());
        audit.insert(root);
    }
    for unit in configured {
        members.extend(above(client, unit).await?);
    }
    let targets: BTreeSet<OuId> = members.union(&audit).cloned().collect();
    let mut policies = Policies {
        enabled: true,
        left_out: targets.len().saturating_sub(MOST_TARGETS),
        above: [members, audit],
        ..Policies::default()
    };
    // Roots sort behind units, and matter most.
    for target in targets.into_iter().rev().take(MOST_TARGETS) {
        let attached = list(client, kind, &target).await?;
        for id in &attached {
            if !policies.documents.contains_key(id) {
                let document = client.describe_policy().policy_id(id).send().await;
                let document = document.map_err(from_sdk(format!("read policy {id}")))?;
                let content = document.policy.and_then(|policy| policy.content);
                policies.documents.insert(id.clone(), content.unwrap_or_default());
            }
        }
        policies.attached.insert(target, attached);
    }
    Ok(policies)
}

impl Kind {
    fn of_aws(self) -> PolicyType {
        match self {
            Kind::ServiceControl => PolicyType::ServiceControlPolicy,
            Kind::ResourceControl => PolicyType::ResourceControlPolicy,
        }
    }
}

/// The organization's roots: one, so far.
///
/// # Errors
/// A refused call.
pub(crate) async fn roots(client: &Client) -> Result<Vec<Root>, Error> {
    let pages = client.list_roots().max_results(PAGE).into_paginator();
    let pages = pages.stop_on_duplicate_token(false).send().try_collect().await;
    let pages = pages.map_err(from_sdk("list the organization's roots"))?;
    Ok(pages.into_iter().filter_map(|page| page.roots).flatten().collect())
}

/// The units and the root above a unit; five levels at most. Nothing is above a root.
async fn above(client: &Client, unit: &OuId) -> Result<Vec<OuId>, Error> {
    let mut chain: Vec<OuId> = Vec::new();
    while chain.len() < 6 {
        let child = chain.last().unwrap_or(unit);
        if child.as_str().starts_with("r-") {
            break;
        }
        let pages = client.list_parents().child_id(child.as_str()).into_paginator();
        let pages = pages.stop_on_duplicate_token(false).send().try_collect().await;
        let pages = pages.map_err(from_sdk(format!("ask what is above {child}")))?;
        let Some(parent) = pages.iter().flat_map(ListParentsOutput::parents).next() else {
            break;
        };
        chain.push(answered_id("ListParents", "Id", parent.id())?);
    }
    Ok(chain)
}

async fn list(client: &Client, kind: Kind, target: &OuId) -> Result<BTreeSet<String>, Error> {
    let call = client
        .list_policies_for_target()
        .target_id(target.as_str())
        .max_results(PAGE);
    let pages = call.filter(kind.of_aws()).into_paginator();
    let pages = pages.stop_on_duplicate_token(false).send().try_collect().await;
    let pages = pages.map_err(from_sdk(format!("list the {kind} of {target}")))?;
    let policies = pages.into_iter().filter_map(|page| page.policies).flatten();
    Ok(policies.filter_map(|policy| policy.id).collect())
}
