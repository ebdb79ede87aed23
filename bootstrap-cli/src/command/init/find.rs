//! What init can find out by itself. Names of units are shown, names and addresses of accounts never.

use aws_config::SdkConfig;
use aws_sdk_organizations::Client;
use pipetrail_names::OuId;
use pipetrail_stacksets::{Error, from_sdk};

use crate::doctor::check::Check;
use crate::doctor::trail;
use crate::doctor::{self, Regions};

/// Organizations throttles, and a terminal is no place for more.
const MOST_UNITS: usize = 200;
const PAGE: i32 = 20;

/// A root or an organizational unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// `r-…` or `ou-…`.
    pub id: OuId,
    /// Its name in Organizations.
    pub name: String,
    /// 0 for a root.
    pub depth: usize,
}

/// What was found with the management profile.
#[derive(Debug)]
pub(super) struct Found {
    /// `o-…`.
    pub organization: Result<String, Error>,
    /// Roots and units, each below its parent.
    pub units: Result<Vec<Unit>, Error>,
    /// Whether there are more units than were read.
    pub more_units: bool,
    /// The regions of the account and whether they are enabled, where the endpoint can tell.
    pub regions: Result<Option<Regions>, Error>,
    /// What is to be said of the organization's trail.
    pub trail: Vec<Check>,
}

/// Reads all of it; a read that fails leaves the others alone. Without `tree` only the roots.
pub(super) async fn find(config: &SdkConfig, tree: bool) -> Found {
    let client = Client::new(config);
    let (organization, units, regions, trails) = tokio::join!(
        organization(&client),
        units(&client, tree),
        doctor::read_regions(config, None),
        trail::read(config)
    );
    let more_units = units.as_ref().is_ok_and(|(_, more)| *more);
    let trail = match trails {
        Ok(trails) => trail::judge(&trails, regions.iter().flatten().next()),
        Err(error) => vec![Check::unread(trail::EXISTS, &error)],
    };
    Found {
        organization,
        units: units.map(|(units, _)| units),
        more_units,
        regions,
        trail,
    }
}

async fn organization(client: &Client) -> Result<String, Error> {
    let answer = client.describe_organization().send().await;
    let answer = answer.map_err(from_sdk("describe the organization"))?;
    let id = answer.organization.and_then(|organization| organization.id);
    id.ok_or(Error::Incomplete {
        action: "DescribeOrganization",
        field: "Id",
    })
}

/// Roots and units depth first; whether some were left out.
async fn units(client: &Client, tree: bool) -> Result<(Vec<Unit>, bool), Error> {
    let mut pending = Vec::new();
    for root in doctor::roots(client).await? {
        pending.extend(unit(root.id, root.name, 0));
    }
    let mut found = Vec::new();
    while let Some(next) = pending.pop() {
        if found.len() == MOST_UNITS {
            return Ok((found, true));
        }
        if tree {
            let mut children = children(client, &next).await?;
            children.sort_by(|one, other| other.name.cmp(&one.name));
            pending.extend(children);
        }
        found.push(next);
    }
    Ok((found, false))
}

async fn children(client: &Client, parent: &Unit) -> Result<Vec<Unit>, Error> {
    let pages = client
        .list_organizational_units_for_parent()
        .parent_id(parent.id.as_str())
        .max_results(PAGE)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let pages = pages.try_collect().await;
    let pages = pages.map_err(from_sdk(format!("list the OUs of {}", parent.id)))?;
    let children = pages.into_iter().filter_map(|page| page.organizational_units).flatten();
    let children = children.filter_map(|child| unit(child.id, child.name, parent.depth + 1));
    Ok(children.collect())
}

fn unit(id: Option<String>, name: Option<String>, depth: usize) -> Option<Unit> {
    let name = name.unwrap_or_default();
    id?.parse().ok().map(|id| Unit { id, name, depth })
}
