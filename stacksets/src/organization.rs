//! Reading the organization: its accounts and where they hang, and in which role somebody
//! calls. Names and e-mail addresses of accounts are never kept.

mod membership;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::CallAs;
use aws_sdk_organizations::types::OrganizationFeatureSet;
use pipetrail_names::{AccountId, OuId};
use serde::Serialize;

use crate::error::{Error, from_sdk};
use crate::ids;

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
    pub async fn read(
        client: &aws_sdk_organizations::Client,
        caller: &AccountId,
        units: &[OuId],
    ) -> Result<(Self, Caller), Error> {
        let described = client
            .describe_organization()
            .send()
            .await
            .map_err(from_sdk("describe the organization"))?;
        let described = described.organization.ok_or(Error::Incomplete {
            action: "DescribeOrganization",
            field: "Organization",
        })?;
        let id = described.id.ok_or(Error::Incomplete {
            action: "DescribeOrganization",
            field: "Id",
        })?;
        let master = described.master_account_id.as_deref();
        let management_account: AccountId = ids::answered_id("DescribeOrganization", "MasterAccountId", master)?;
        if described.feature_set != Some(OrganizationFeatureSet::All) {
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
    async fn check_units(&self, client: &aws_sdk_organizations::Client, units: &[OuId]) -> Result<(), Error> {
        let seen: BTreeSet<&OuId> = self.accounts.values().flat_map(|account| &account.parents).collect();
        for unit in units.iter().filter(|unit| !seen.contains(unit)) {
            let unknown = || Error::UnknownOu {
                unit: unit.clone(),
                organization: self.id.clone(),
            };
            if ids::is_root(unit) {
                let mut pages = client
                    .list_roots()
                    .max_results(PAGE)
                    .into_paginator()
                    .stop_on_duplicate_token(false)
                    .send();
                let mut found = false;
                while let Some(page) = pages.next().await {
                    let page = page.map_err(from_sdk("list the organization's roots"))?;
                    found |= page.roots().iter().any(|root| root.id() == Some(unit.as_str()));
                }
                if !found {
                    return Err(unknown());
                }
            } else {
                match client
                    .describe_organizational_unit()
                    .organizational_unit_id(unit.as_str())
                    .send()
                    .await
                {
                    Ok(_) => {}
                    Err(error)
                        if error
                            .as_service_error()
                            .is_some_and(aws_sdk_organizations::operation::describe_organizational_unit::DescribeOrganizationalUnitError::is_organizational_unit_not_found_exception) =>
                    {
                        return Err(unknown());
                    }
                    Err(error) => return Err(from_sdk(format!("describe OU {unit}"))(error)),
                }
            }
        }
        Ok(())
    }
}

async fn is_delegated(client: &aws_sdk_organizations::Client, caller: &AccountId) -> Result<bool, Error> {
    let mut pages = client
        .list_delegated_administrators()
        .service_principal(crate::SERVICE_PRINCIPAL)
        .max_results(PAGE)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    let mut found = false;
    while let Some(page) = pages.next().await {
        let page = page.map_err(from_sdk("list the delegated administrators of StackSets"))?;
        found |= page
            .delegated_administrators()
            .iter()
            .any(|admin| admin.id() == Some(caller.as_str()));
    }
    Ok(found)
}

/// All accounts. Pages may be empty and still have a token; only its absence ends the list.
async fn list_accounts(client: &aws_sdk_organizations::Client) -> Result<BTreeMap<AccountId, Account>, Error> {
    let mut accounts = BTreeMap::new();
    let mut pages = client
        .list_accounts()
        .max_results(PAGE)
        .into_paginator()
        .stop_on_duplicate_token(false)
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(from_sdk("list the organization's accounts"))?;
        for found in page.accounts() {
            let (id, account) = account("ListAccounts", found)?;
            accounts.insert(id, account);
        }
    }
    Ok(accounts)
}

/// Accounts below a root or unit, for answers without `Paths`. An unknown unit adds nothing: that is
/// found out afterwards. An account that moves meanwhile may be missed: [`Organization::find_parents`]
/// asks for it before it is taken for one outside.
async fn walk(
    client: &aws_sdk_organizations::Client,
    top: &OuId,
    organization: &mut Organization,
) -> Result<(), Error> {
    let mut pending: Vec<Vec<OuId>> = vec![vec![top.clone()]];
    'units: while let Some(chain) = pending.pop() {
        let Some(parent) = chain.last() else { continue };
        let mut pages = client
            .list_accounts_for_parent()
            .parent_id(parent.as_str())
            .max_results(PAGE)
            .into_paginator()
            .stop_on_duplicate_token(false)
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(aws_sdk_organizations::operation::list_accounts_for_parent::ListAccountsForParentError::is_parent_not_found_exception) =>
                {
                    // Deleted since it was listed: those beside it are walked all the same.
                    continue 'units;
                }
                page => page.map_err(from_sdk(format!("list the accounts of {parent}")))?,
            };
            for found in page.accounts() {
                let (id, found) = account("ListAccountsForParent", found)?;
                let account = organization.accounts.entry(id).or_insert(found);
                account.parents.extend(chain.iter().cloned());
                account.parent = Some(parent.clone());
            }
        }
        let mut pages = client
            .list_organizational_units_for_parent()
            .parent_id(parent.as_str())
            .max_results(PAGE)
            .into_paginator()
            .stop_on_duplicate_token(false)
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(aws_sdk_organizations::operation::list_organizational_units_for_parent::ListOrganizationalUnitsForParentError::is_parent_not_found_exception) =>
                {
                    continue 'units;
                }
                page => page.map_err(from_sdk(format!("list the OUs of {parent}")))?,
            };
            for unit in page.organizational_units() {
                let unit = ids::answered_id("ListOrganizationalUnitsForParent", "Id", unit.id())?;
                pending.push(chain.iter().cloned().chain([unit]).collect());
            }
        }
    }
    Ok(())
}

fn account(
    action: &'static str,
    account: &aws_sdk_organizations::types::Account,
) -> Result<(AccountId, Account), Error> {
    let state = account.state().map(aws_sdk_organizations::types::AccountState::as_str);
    let state = state
        .or_else(|| {
            account
                .status()
                .map(aws_sdk_organizations::types::AccountStatus::as_str)
        })
        .unwrap_or("UNKNOWN");
    let parents = parents(action, account.paths())?;
    Ok((
        ids::answered_id(action, "Id", account.id())?,
        Account {
            state: state.to_owned(),
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
        .map(|part| ids::answered_id(action, "Paths", Some(part)))
        .collect()
}
