//! Reading the organization: its accounts and where they hang, and in which role somebody
//! calls. Names and e-mail addresses of accounts are never kept.

mod membership;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::CallAs;
use aws_sdk_organizations::{Client, types};
use pipetrail_names::{AccountId, OuId};
use serde::Serialize;

use crate::error::{Error, from_sdk, unless_refused};
use crate::ids::{self, answered, answered_id};

pub use membership::Membership;

/// Organizations refuses more than 20 items a page.
pub(crate) const PAGE: i32 = 20;

/// An organization with all features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// The management account. It never receives stacks from service-managed stack sets.
    pub management_account: AccountId,
    /// Its accounts by id.
    pub accounts: BTreeMap<AccountId, Account>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// `State`, or `Status` where that is missing: AWS retired the latter in September 2026, and still
    /// sends both.
    pub state: String,
    /// The ids of the root and the organizational units above it, as far as they are known.
    pub parents: BTreeSet<OuId>,
    /// The one directly above it, where it is known. [`Organization::find_parents`] asks for more.
    pub parent: Option<OuId>,
}

impl Account {
    /// Whether StackSets deploys into it. Suspended accounts are skipped.
    pub fn is_active(&self) -> bool {
        self.state == "ACTIVE"
    }
}

/// In which role the caller administers stack sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caller {
    /// From the management account.
    Management,
    /// From a member account registered for [`crate::SERVICE_PRINCIPAL`].
    DelegatedAdministrator,
}

impl Caller {
    /// The `CallAs` that StackSets calls need.
    pub fn call_as(self) -> CallAs {
        match self {
            Caller::Management => CallAs::SelfValue,
            Caller::DelegatedAdministrator => CallAs::DelegatedAdmin,
        }
    }
}

impl Organization {
    /// Reads the organization, the caller's role in it, and whether each of `units` exists.
    ///
    /// With `Paths` in ListAccounts that takes one call per 20 accounts; where an answer has none, the
    /// configured units are walked instead.
    ///
    /// # Errors
    /// No organization, no all-features mode, a caller that may not administer stack sets, an unknown
    /// unit, or a refused call.
    pub async fn read(client: &Client, caller: &AccountId, units: &[OuId]) -> Result<(Self, Caller), Error> {
        let described = client.describe_organization().send().await;
        let described = described.map_err(from_sdk("describe the organization"))?;
        let action = "DescribeOrganization";
        let described = answered(action, "Organization", described.organization)?;
        let id = answered(action, "Id", described.id)?;
        let master = described.master_account_id.as_deref();
        let management_account: AccountId = answered_id(action, "MasterAccountId", master)?;
        if described.feature_set != Some(types::OrganizationFeatureSet::All) {
            return Err(Error::FeatureSet(id));
        }
        let role = if *caller == management_account {
            Caller::Management
        } else if is_delegated(client, caller).await? {
            Caller::DelegatedAdministrator
        } else {
            return Err(Error::NotAnAdministrator {
                caller: caller.clone(),
                management: management_account,
            });
        };

        let mut organization = Organization {
            id,
            management_account,
            accounts: list_accounts(client).await?,
        };
        if organization.accounts.values().any(|account| account.parents.is_empty()) {
            for unit in units {
                walk(client, unit, &mut organization).await?;
            }
        }
        organization.check_units(client, units).await?;
        Ok((organization, role))
    }

    /// A unit that some account hangs below exists; only the others are asked for, since
    /// DescribeOrganizationalUnit allows two calls a second.
    async fn check_units(&self, client: &Client, units: &[OuId]) -> Result<(), Error> {
        let seen: BTreeSet<&OuId> = self.accounts.values().flat_map(|account| &account.parents).collect();
        for unit in units.iter().filter(|unit| !seen.contains(unit)) {
            let exists = if ids::is_root(unit) {
                roots(client).await?.contains(unit)
            } else {
                let call = client.describe_organizational_unit();
                let answer = call.organizational_unit_id(unit.as_str()).send().await;
                let answer = answer.map_err(from_sdk(format!("describe OU {unit}")));
                unless_refused("OrganizationalUnitNotFoundException", answer)?.is_some()
            };
            if !exists {
                return Err(Error::UnknownOu {
                    unit: unit.clone(),
                    organization: self.id.clone(),
                });
            }
        }
        Ok(())
    }
}

/// The organization's roots.
pub(crate) async fn roots(client: &Client) -> Result<Vec<OuId>, Error> {
    let list = client.list_roots().max_results(PAGE).into_paginator();
    let pages = list.stop_on_duplicate_token(false).send().try_collect().await;
    let pages = pages.map_err(from_sdk("list the organization's roots"))?;
    let roots = pages.into_iter().filter_map(|page| page.roots).flatten();
    roots.map(|root| answered_id("ListRoots", "Id", root.id())).collect()
}

async fn is_delegated(client: &Client, caller: &AccountId) -> Result<bool, Error> {
    let list = client.list_delegated_administrators().max_results(PAGE);
    let list = list.service_principal(crate::SERVICE_PRINCIPAL).into_paginator();
    let pages = list.stop_on_duplicate_token(false).send().try_collect().await;
    let pages = pages.map_err(from_sdk("list the delegated administrators of StackSets"))?;
    let admins = pages.into_iter().filter_map(|page| page.delegated_administrators);
    Ok(admins.flatten().any(|admin| admin.id() == Some(caller.as_str())))
}

/// All accounts. Pages may be empty and still have a token; only its absence ends the list.
async fn list_accounts(client: &Client) -> Result<BTreeMap<AccountId, Account>, Error> {
    let list = client.list_accounts().max_results(PAGE).into_paginator();
    let pages = list.stop_on_duplicate_token(false).send().try_collect().await;
    let pages = pages.map_err(from_sdk("list the organization's accounts"))?;
    let accounts = pages.into_iter().filter_map(|page| page.accounts).flatten();
    accounts.map(|found| account("ListAccounts", &found)).collect()
}

/// Accounts below a root or unit, for answers without `Paths`. An unknown unit adds nothing: that is
/// found out afterwards. An account that moves meanwhile may be missed: [`Organization::find_parents`]
/// asks for it before it is taken for one outside.
async fn walk(client: &Client, top: &OuId, organization: &mut Organization) -> Result<(), Error> {
    /// Deleted since it was listed: those beside it are walked all the same.
    const GONE: &str = "ParentNotFoundException";
    let mut pending: Vec<Vec<OuId>> = vec![vec![top.clone()]];
    while let Some(chain) = pending.pop() {
        let Some(parent) = chain.last() else { continue };
        let list = client.list_accounts_for_parent().parent_id(parent.as_str());
        let list = list.max_results(PAGE).into_paginator().stop_on_duplicate_token(false);
        let pages = list.send().try_collect().await;
        let pages = pages.map_err(from_sdk(format!("list the accounts of {parent}")));
        let Some(pages) = unless_refused(GONE, pages)? else {
            continue;
        };
        for found in pages.into_iter().filter_map(|page| page.accounts).flatten() {
            let (id, found) = account("ListAccountsForParent", &found)?;
            let account = organization.accounts.entry(id).or_insert(found);
            account.parents.extend(chain.iter().cloned());
            account.parent = Some(parent.clone());
        }
        let list = client.list_organizational_units_for_parent().parent_id(parent.as_str());
        let list = list.max_results(PAGE).into_paginator().stop_on_duplicate_token(false);
        let pages = list.send().try_collect().await;
        let pages = pages.map_err(from_sdk(format!("list the OUs of {parent}")));
        let Some(pages) = unless_refused(GONE, pages)? else {
            continue;
        };
        let units = pages.into_iter().filter_map(|page| page.organizational_units);
        for unit in units.flatten() {
            let unit = answered_id("ListOrganizationalUnitsForParent", "Id", unit.id())?;
            pending.push(chain.iter().cloned().chain([unit]).collect());
        }
    }
    Ok(())
}

fn account(action: &'static str, account: &types::Account) -> Result<(AccountId, Account), Error> {
    let state = account.state().map(types::AccountState::as_str);
    let state = state.or_else(|| account.status().map(types::AccountStatus::as_str));
    let parents = parents(action, account.paths())?;
    Ok((
        answered_id(action, "Id", account.id())?,
        Account {
            state: state.unwrap_or("UNKNOWN").to_owned(),
            parent: parents.last().cloned(),
            parents: parents.into_iter().collect(),
        },
    ))
}

/// `o-…/r-…/ou-…/<account>/` gives the root and the units, top down.
fn parents(action: &'static str, paths: &[String]) -> Result<Vec<OuId>, Error> {
    let parts = paths.iter().flat_map(|path| path.split('/'));
    parts
        .filter(|part| part.starts_with("r-") || part.starts_with("ou-"))
        .map(|part| answered_id(action, "Paths", Some(part)))
        .collect()
}
