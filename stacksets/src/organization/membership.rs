//! Who is enrolled: one place decides it for plan, coverage and commands alike.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_organizations::Client;
use pipetrail_names::{AccountId, OuId, Region};

use super::{Account, Organization, PAGE};
use crate::desired::Scope;
use crate::error::{Error, from_sdk};
use crate::ids;

/// What an account and region is to a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// It should have a stack instance.
    Enrolled,
    /// It should, but the account is not active, so StackSets skips it.
    Skipped,
    /// The configuration leaves the account out.
    Excluded,
    /// Neither below the units nor named, or in another region.
    Outside,
    /// The management account: only a stack of its own reaches it.
    Management,
    /// Not an account of the organization (any more). AWS removes such instances.
    Left,
}

impl Scope {
    /// Whether one of the units is among `parents`.
    pub fn has_unit(&self, parents: &BTreeSet<OuId>) -> bool {
        self.units.iter().any(|unit| parents.contains(unit))
    }

    /// Whether the account is below one of the units.
    pub fn is_below(&self, organization: &Organization, account: &AccountId) -> bool {
        self.units.iter().any(|unit| organization.is_below(account, unit))
    }

    /// Whether the account is below the units or named, and not left out.
    fn takes(&self, id: &AccountId, account: &Account) -> bool {
        !self.leaves_out(id) && (self.has_unit(&account.parents) || self.names(id))
    }

    /// Whether the account is one of those left out.
    pub fn leaves_out(&self, id: &AccountId) -> bool {
        self.excluded.contains(id)
    }

    /// Whether the account is one of the single ones.
    pub fn names(&self, id: &AccountId) -> bool {
        self.accounts.contains(id)
    }
}

impl Organization {
    /// What `account` in `region` is to `scope`.
    pub fn membership(&self, scope: &Scope, account: &AccountId, region: &Region) -> Membership {
        if *account == self.management_account {
            return Membership::Management;
        }
        let Some(found) = self.accounts.get(account) else {
            return Membership::Left;
        };
        if scope.leaves_out(account) {
            Membership::Excluded
        } else if !scope.takes(account, found) || !scope.regions.contains(region) {
            Membership::Outside
        } else if found.is_active() {
            Membership::Enrolled
        } else {
            Membership::Skipped
        }
    }

    /// The accounts that should have stack instances in the scope's regions, by id.
    pub fn enrolled<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a AccountId> {
        let active = self.taken(scope).filter(|(_, account)| account.is_active());
        active.map(|(id, _)| id)
    }

    /// The accounts in the scope that StackSets skips, because they are not active.
    pub fn skipped<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = (&'a AccountId, &'a Account)> {
        self.taken(scope).filter(|(_, account)| !account.is_active())
    }

    fn taken<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = (&'a AccountId, &'a Account)> {
        let accounts = self.accounts.iter();
        accounts.filter(|(id, account)| scope.takes(id, account) && **id != self.management_account)
    }

    pub(crate) fn is_below(&self, account: &AccountId, unit: &OuId) -> bool {
        let found = self.accounts.get(account);
        found.is_some_and(|found| found.parents.contains(unit))
    }

    /// The unit that an account is targeted through: the first of the scope above it, else its own.
    pub(crate) fn unit_of<'a>(&'a self, scope: &'a Scope, account: &AccountId) -> Option<&'a OuId> {
        let account = self.accounts.get(account)?;
        let configured = scope.units.iter().find(|unit| account.parents.contains(*unit));
        configured.or(account.parent.as_ref())
    }

    /// Whether it is an account of this organization (the management account is).
    pub fn has_account(&self, account: &AccountId) -> bool {
        *account == self.management_account || self.accounts.contains_key(account)
    }

    /// # Errors
    /// An account that the scope names is not in the organization.
    pub fn check_accounts(&self, scope: &Scope) -> Result<(), Error> {
        let mut named = scope.accounts.iter().chain(&scope.excluded);
        match named.find(|account| !self.has_account(account)) {
            Some(account) => Err(Error::UnknownAccount {
                account: account.clone(),
                organization: self.id.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Finds all parents of `accounts` that are not known yet, up to the root: who is below an enrolled
    /// unit must not be taken for somebody outside. With `Paths` in ListAccounts all are known.
    ///
    /// # Errors
    /// A refused call.
    pub async fn find_parents<'a>(
        &mut self,
        client: &Client,
        accounts: impl IntoIterator<Item = &'a AccountId>,
    ) -> Result<(), Error> {
        let mut above: BTreeMap<String, Option<OuId>> = BTreeMap::new();
        for id in accounts.into_iter().collect::<BTreeSet<_>>() {
            let Some(account) = self.accounts.get_mut(id).filter(|account| !account.is_placed()) else {
                continue;
            };
            let (mut child, mut chain) = (id.to_string(), Vec::new());
            while let Some(parent) = match above.get(&child) {
                Some(known) => known.clone(),
                None => parent_of(client, &child).await?,
            } {
                above.insert(child, Some(parent.clone()));
                chain.push(parent.clone());
                if ids::is_root(&parent) {
                    break;
                }
                child = parent.into();
            }
            account.parent = chain.first().cloned().or(account.parent.take());
            account.parents.extend(chain);
        }
        Ok(())
    }
}

impl Account {
    /// Whether every unit above it is known, up to the root.
    pub(crate) fn is_placed(&self) -> bool {
        self.parent.is_some() && self.parents.iter().any(ids::is_root)
    }
}

/// What an account or unit is directly below.
async fn parent_of(client: &Client, child: &str) -> Result<Option<OuId>, Error> {
    let list = client.list_parents().child_id(child).max_results(PAGE);
    let list = list.into_paginator().stop_on_duplicate_token(false);
    let pages = list.send().try_collect().await;
    let pages = pages.map_err(from_sdk(format!("find what {child} is below")))?;
    let mut parents = pages.into_iter().filter_map(|page| page.parents).flatten();
    let parent = parents.find_map(|parent| parent.id);
    parent
        .map(|parent| ids::answered_id("ListParents", "Id", Some(&parent)))
        .transpose()
}
