//! What a plan says beside its steps: what it does not work on, and what will not be as one may expect.

use std::collections::BTreeSet;
use std::fmt;

use pipetrail_names::{AccountId, AccountRegion, OuId, Region};
use serde::Serialize;

use crate::organization::Membership;
use crate::plan::reader;
use crate::plan::removals::stacks_left_behind;
use crate::plan::show::some;
use crate::plan::view::View;

/// Why the management account is not covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncovering {
    /// The configuration says so.
    SwitchedOff,
    /// The caller is a delegated administrator, and no profile of the management account is named.
    NoCredentials,
}

/// What to know, but not to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Note {
    /// The reader's role stays where it is until every account has its stack in the new region.
    ReaderStays { from: Region, to: Region },
    /// The management account gets no stacks; service-managed stack sets never deploy into it.
    ManagementAccountNotCovered { account: AccountId, reason: Uncovering },
    /// A region of the management account cannot be looked into, so it gets no stack there.
    ManagementRegionUnreadable {
        account: AccountId,
        region: Region,
        /// What AWS answered.
        reason: String,
    },
    /// Accounts in scope that StackSets skips.
    NotActive { accounts: Vec<AccountId> },
    /// Auto-deployment ignores filters: excluded accounts below an enrolled unit get the stack when
    /// they join it.
    ExclusionIgnored { accounts: Vec<AccountId> },
    /// Accounts that are enrolled alone while auto-deployment is on, and their units: whoever joins those gets the stack
    /// too.
    SingleAccounts { accounts: Vec<AccountId>, units: Vec<OuId> },
    /// Auto-deployment is off although units are enrolled.
    AutoDeploymentOff { units: Vec<OuId> },
    /// Instances in scope that StackSets cannot update any more.
    Inoperable { instances: Vec<AccountRegion> },
    /// Instances outside of the scope that are removed while their stacks stay behind: the account is
    /// not active, or the instance is inoperable.
    StacksLeftBehind { instances: Vec<AccountRegion> },
    /// Instances of accounts that are no longer in the organization: AWS removes them.
    LeftOrganization { instances: Vec<AccountRegion> },
    /// The audit account is not in the organization.
    AuditAccountOutside { account: AccountId },
}

impl Note {
    /// Units of which only single accounts are enrolled, and whose newcomers auto-deployment enrols all the same.
    pub fn joined_units(&self) -> &[OuId] {
        match self {
            Note::SingleAccounts { units, .. } => units,
            _ => &[],
        }
    }
}

pub(super) fn notes(view: &View<'_>) -> Vec<Note> {
    let (scope, organization) = (&view.desired.scope, &view.actual.organization);
    let mut notes = management(view);
    notes.extend(reader::waits(view).map(|(from, to)| Note::ReaderStays { from, to }));
    if view.focus.is_none() && !organization.has_account(&scope.audit_account) {
        notes.push(Note::AuditAccountOutside {
            account: scope.audit_account.clone(),
        });
    }
    let skipped = organization.skipped(scope).map(|(id, _)| id.clone());
    let skipped = skipped.filter(|id| view.sees_account(id)).collect();
    // Auto-deployment knows units only: where the configuration names accounts, it does something else.
    let named = |ids: &[AccountId], below_units: bool| -> Vec<AccountId> {
        let named = ids.iter().filter(|id| {
            let account = organization.accounts.get(*id);
            view.sees_account(id)
                && **id != organization.management_account
                && account.is_some_and(|account| scope.has_unit(&account.parents) == below_units)
        });
        named.cloned().collect()
    };
    let excluded = named(&scope.excluded, true);
    // A focussed plan leaves the stack set itself as it is.
    let set = view.actual.stack_set.as_ref().filter(|_| view.focus.is_some());
    let deploys = set.map_or(scope.auto_deploys(), |set| set.auto_deploys != Some(false));
    let single = if deploys { named(&scope.accounts, false) } else { vec![] };
    let units = single
        .iter()
        .filter_map(|id| organization.accounts.get(id)?.parent.clone());
    let joined: Vec<OuId> = units.collect::<BTreeSet<OuId>>().into_iter().collect();
    let waiting = if deploys { vec![] } else { scope.units.clone() };

    let (mut inoperable, mut left) = (Vec::new(), Vec::new());
    for instance in view.instances().filter(|instance| view.sees_account(&instance.account)) {
        match view.membership(&instance.account, &instance.region) {
            Membership::Left => left.push(instance.at()),
            Membership::Enrolled | Membership::Skipped if instance.status == "INOPERABLE" => {
                inoperable.push(instance.at());
            }
            _ => {}
        }
    }
    let behind = stacks_left_behind(view);
    let of_some = [
        some_of(skipped, |accounts| Note::NotActive { accounts }),
        some_of(excluded, |accounts| Note::ExclusionIgnored { accounts }),
        some_of(single, |accounts| Note::SingleAccounts {
            accounts,
            units: joined,
        }),
        some_of(waiting, |units| Note::AutoDeploymentOff { units }),
        some_of(inoperable, |instances| Note::Inoperable { instances }),
        some_of(behind, |instances| Note::StacksLeftBehind { instances }),
        some_of(left, |instances| Note::LeftOrganization { instances }),
    ];
    notes.extend(of_some.into_iter().flatten());
    notes
}

/// Nothing to say about nobody.
fn some_of<T>(items: Vec<T>, note: impl FnOnce(Vec<T>) -> Note) -> Option<Note> {
    (!items.is_empty()).then(|| note(items))
}

/// What becomes of the management account, where it is not simply covered.
fn management(view: &View<'_>) -> Vec<Note> {
    let (scope, account) = (&view.desired.scope, &view.actual.organization.management_account);
    if !view.sees_account(account) {
        return vec![];
    }
    let account = account.clone();
    let reason = match &view.actual.management {
        _ if !scope.management => Uncovering::SwitchedOff,
        None => Uncovering::NoCredentials,
        Some(read) => {
            let regions = read.unreadable.iter();
            let regions = regions.filter(|(region, _)| scope.regions.contains(*region));
            let notes = regions.map(|(region, reason)| Note::ManagementRegionUnreadable {
                account: account.clone(),
                region: region.clone(),
                reason: reason.clone(),
            });
            return notes.collect();
        }
    };
    vec![Note::ManagementAccountNotCovered { account, reason }]
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::ManagementAccountNotCovered { account, reason } => {
                let reason = match reason {
                    Uncovering::SwitchedOff => "organization.management_account is false",
                    Uncovering::NoCredentials => {
                        "no stack set reaches it; set organization.management_profile to a profile of it, and it gets stacks of its own"
                    }
                };
                write!(f, "management account {account} is not covered: {reason}")
            }
            Note::ManagementRegionUnreadable {
                account,
                region,
                reason,
            } => write!(f, "management account {account} is not covered in {region}: {reason}"),
            Note::ReaderStays { from, to } => write!(
                f,
                "the role that members are looked into with stays in {from} until every account has its stack in {to}; an apply after that moves it"
            ),
            Note::NotActive { accounts } => {
                write!(f, "not active, so StackSets skips them: {}", some(accounts))
            }
            Note::ExclusionIgnored { accounts } => write!(
                f,
                "auto-deployment ignores excluded_accounts: {} get the stack when they join an enrolled OU (again), until the next apply removes it; to keep them out for good, leave their OU out",
                some(accounts)
            ),
            Note::SingleAccounts { accounts, units } => write!(
                f,
                "auto-deployment is one switch for the whole stack set: accounts that join {} get the stack too, until the next apply removes it; enrolled there are only {}",
                some(units),
                some(accounts)
            ),
            Note::AutoDeploymentOff { units } => write!(
                f,
                "auto-deployment is off, and the next apply switches it on: until then accounts that join {} get no stack by themselves",
                some(units)
            ),
            Note::Inoperable { instances } => write!(
                f,
                "inoperable, delete these instances with stacks retained and the stacks by hand: {}",
                some(instances)
            ),
            Note::StacksLeftBehind { instances } => write!(
                f,
                "StackSets cannot delete the stacks of accounts that are not active, nor of inoperable instances; they stay behind in: {}",
                some(instances)
            ),
            Note::LeftOrganization { instances } => write!(
                f,
                "no longer in the organization, AWS removes these instances: {}",
                some(instances)
            ),
            Note::AuditAccountOutside { account } => {
                write!(f, "audit account {account} is not an account of this organization")
            }
        }
    }
}
