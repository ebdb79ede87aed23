//! Reading service control policies; Organizations gives them in small pages, and slowly.

use std::collections::BTreeSet;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{PolicyType, PolicyTypeStatus, Root};
use pipetrail_stacksets::{Error, from_sdk};

use super::{MOST_TARGETS, Policies};

const PAGE: i32 = 20;

/// Reads the policies of the roots, of `units`, and of what is above those of `configured`.
///
/// # Errors
/// A refused call.
pub(crate) async fn read(client: &Client, configured: &[String], units: BTreeSet<String>) -> Result<Policies, Error> {
    let mut targets = units;
    targets.extend(configured.iter().cloned());
    let roots = roots(client).await?;
    let types = roots.iter().flat_map(aws_sdk_organizations::types::Root::policy_types);
    let mut on = types.filter(|found| found.status() == Some(&PolicyTypeStatus::Enabled));
    if !on.any(|found| found.r#type() == Some(&PolicyType::ServiceControlPolicy)) {
        return Ok(Policies::default());
    }
    targets.extend(roots.iter().filter_map(|root| root.id().map(str::to_owned)));
    for unit in configured.iter().filter(|unit| unit.starts_with("ou-")) {
        targets.extend(above(client, unit).await?);
    }
    let mut policies = Policies {
        enabled: true,
        left_out: targets.len().saturating_sub(MOST_TARGETS),
        ..Policies::default()
    };
    // Roots sort behind units, and matter most.
    for target in targets.iter().rev().take(MOST_TARGETS) {
        let attached = list(client, target).await?;
        for id in &attached {
            if !policies.documents.contains_key(id) {
                let document = client.describe_policy().policy_id(id).send().await;
                let document = document.map_err(from_sdk(format!("read policy {id}")))?;
                let content = document.policy.and_then(|policy| policy.content);
                policies.documents.insert(id.clone(), content.unwrap_or_default());
            }
        }
        policies.attached.insert(target.clone(), attached);
    }
    Ok(policies)
}

/// The organization's roots: one, so far.
///
/// # Errors
/// A refused call.
pub(crate) async fn roots(client: &Client) -> Result<Vec<Root>, Error> {
    let mut pages = client
        .list_roots()
        .max_results(PAGE)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let mut roots = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(from_sdk("list the organization's roots"))?;
        roots.extend(page.roots.unwrap_or_default());
    }
    Ok(roots)
}

/// The units and the root above a unit; five levels at most.
async fn above(client: &Client, unit: &str) -> Result<Vec<String>, Error> {
    let mut chain: Vec<String> = Vec::new();
    while chain.len() < 6 {
        let child = chain.last().map_or(unit, String::as_str);
        if child.starts_with("r-") {
            break;
        }
        let mut pages = client
            .list_parents()
            .child_id(child)
            .into_paginator()
            .stop_on_duplicate_token(false)
            .send();
        let mut parent = None;
        while let Some(page) = pages.next().await {
            let page = page.map_err(from_sdk(format!("ask what is above {child}")))?;
            parent = parent.or_else(|| page.parents().first().and_then(|parent| parent.id.clone()));
        }
        match parent {
            Some(parent) => chain.push(parent),
            None => break,
        }
    }
    Ok(chain)
}

async fn list(client: &Client, target: &str) -> Result<BTreeSet<String>, Error> {
    let mut pages = client
        .list_policies_for_target()
        .target_id(target)
        .filter(PolicyType::ServiceControlPolicy)
        .max_results(PAGE)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let mut ids = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(from_sdk(format!("list the service control policies of {target}")))?;
        ids.extend(
            page.policies()
                .iter()
                .filter_map(|policy| policy.id().map(str::to_owned)),
        );
    }
    Ok(ids)
}
