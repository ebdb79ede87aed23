//! The organization seen through a proxy that gives moto's stack sets the targets that AWS gives them.
//!
//! moto deploys into all accounts of a unit and one level below it, whatever the account filter says,
//! and deletes instances of accounts that are named at the top level only. The proxy works out the
//! accounts that `DeploymentTargets` mean, and names them there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aws_sdk_organizations::Client;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::task::AbortHandle;

use super::{HOME, Organization, profiles};
use crate::fault_proxy::{Call, forward};
use crate::loopback;

/// A unit that no account is in: moto wants one where accounts are named.
const NOBODY: &str = "ou-0000-00000000";

/// Accounts in and below every unit and the root, but the management account.
type Below = BTreeMap<String, BTreeSet<String>>;

/// The proxy, and the AWS config that leads through it.
pub struct Targeted {
    /// An AWS config file with the organization's profiles.
    pub aws_config: PathBuf,
    /// The proxy, such as `http://127.0.0.1:40123`.
    pub endpoint: String,
    server: AbortHandle,
}

impl Drop for Targeted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Organization {
    /// Starts a proxy in front of moto that knows today's accounts and units. The organization's own
    /// profiles still go past it.
    ///
    /// # Errors
    /// When the organization cannot be read or no port is free.
    pub async fn targeted(&self) -> Result<Targeted> {
        let cloud = &self.relay.cloud;
        let client = Client::new(&cloud.at(&cloud.management, HOME).await?);
        let mut below = Below::new();
        for root in client.list_roots().send().await?.roots.unwrap_or_default() {
            read(
                &client,
                &root.id.context("a root without id")?,
                &cloud.management,
                &mut below,
            )
            .await?;
        }
        let below = Arc::new(below);
        let upstream = cloud.moto.trim_start_matches("http://").parse()?;
        let (address, server) = loopback::serve(move |request: Request<Incoming>| {
            let below = Arc::clone(&below);
            async move {
                let (head, body) = request.into_parts();
                let mut body = body.collect().await?.to_bytes();
                if let Some(exact) = exact(&Call::parse("moto", &head, &body), &below)? {
                    body = exact;
                }
                let (head, body) = forward(upstream, head, body).await?;
                Ok(Response::from_parts(head, Full::new(body)))
            }
        })
        .await?;
        let everyone = self.members.iter().chain([&self.unenrolled]);
        let path = self.folder().join("aws-config-targeted");
        let endpoint = format!("http://{address}");
        let endpoints = (endpoint.as_str(), cloud.ministack.as_str());
        Ok(Targeted {
            aws_config: profiles::write(path, endpoints, cloud, everyone).await?,
            endpoint,
            server,
        })
    }
}

/// Reads the tree below a parent.
async fn read(client: &Client, top: &str, management: &str, below: &mut Below) -> Result<()> {
    let mut pending = vec![vec![top.to_owned()]];
    while let Some(chain) = pending.pop() {
        let parent = chain.last().context("an empty chain")?;
        let accounts = client.list_accounts_for_parent().parent_id(parent).send().await?;
        let ids = accounts
            .accounts
            .unwrap_or_default()
            .into_iter()
            .filter_map(|account| account.id);
        let ids: BTreeSet<String> = ids.filter(|id| id != management).collect();
        for unit in &chain {
            below.entry(unit.clone()).or_default().extend(ids.clone());
        }
        let units = client
            .list_organizational_units_for_parent()
            .parent_id(parent)
            .send()
            .await?;
        for unit in units.organizational_units.unwrap_or_default() {
            let id = unit.id.context("a unit without id")?;
            pending.push(chain.iter().cloned().chain([id]).collect());
        }
    }
    Ok(())
}

/// The call with its accounts named; `None` for calls without deployment targets.
fn exact(call: &Call, below: &Below) -> Result<Option<Bytes>> {
    const TARGETS: &str = "DeploymentTargets.";
    if !call.form.keys().any(|key| key.starts_with(TARGETS)) {
        return Ok(None);
    }
    let units = call.list("DeploymentTargets.OrganizationalUnitIds");
    ensure!(!units.is_empty(), "AWS refuses targets without units");
    let all: BTreeSet<&str> = units
        .iter()
        .filter_map(|unit| below.get(*unit))
        .flatten()
        .map(String::as_str)
        .collect();
    let named: BTreeSet<&str> = call.list("DeploymentTargets.Accounts").into_iter().collect();
    let accounts: Vec<&str> = match call.form.get("DeploymentTargets.AccountFilterType").map(String::as_str) {
        None | Some("NONE") => all.into_iter().collect(),
        Some("INTERSECTION") => all.intersection(&named).copied().collect(),
        Some("DIFFERENCE") => all.difference(&named).copied().collect(),
        other => anyhow::bail!("{other:?} is no account filter that we use"),
    };
    let mut form = call.form.clone();
    form.retain(|key, _| !key.starts_with(TARGETS));
    if call.operation == "CreateStackInstances" {
        form.insert(
            "DeploymentTargets.OrganizationalUnitIds.member.1".to_owned(),
            NOBODY.to_owned(),
        );
    }
    for (index, account) in accounts.iter().enumerate() {
        form.insert(format!("Accounts.member.{}", index + 1), (*account).to_owned());
    }
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = form
        .iter()
        .map(|(key, value)| format!("{}={}", encoded(key), encoded(value)));
    Ok(Some(Bytes::from(pairs.collect::<Vec<_>>().join("&"))))
}
