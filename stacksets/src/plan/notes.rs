//! What a plan says beside its steps: what it does not work on, and what will not be as one may expect.

use pipetrail_names::AccountId;

use crate::organization::Membership;
use crate::plan::note::{Note, Uncovering};
use crate::plan::removals::stacks_left_behind;
use crate::plan::view::View;

pub(super) fn notes(view: View<'_>) -> Vec<Note> {
    let (scope, organization) = (&view.desired.scope, &view.actual.organization);
    let mut notes = management(view);
    if !organization.has_account(&scope.audit_account) {
        notes.push(Note::AuditAccountOutside {
            account: scope.audit_account.clone(),
        });
    }
    let skipped = organization.skipped(scope).map(|(id, _)| id.clone());
    let accounts: Vec<AccountId> = skipped.filter(|id| view.sees_account(id)).collect();
    if !accounts.is_empty() {
        notes.push(Note::NotActive { accounts });
    }
    notes.extend(filters(view));

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
    if !inoperable.is_empty() {
        notes.push(Note::Inoperable { instances: inoperable });
    }
    let behind = stacks_left_behind(view);
    if !behind.is_empty() {
        notes.push(Note::StacksLeftBehind { instances: behind });
    }
    if !left.is_empty() {
        notes.push(Note::LeftOrganization { instances: left });
    }
    notes
}

/// What becomes of the management account, where it is not simply covered.
fn management(view: View<'_>) -> Vec<Note> {
    let account = view.actual.organization.management_account.clone();
    if !view.sees_account(&account) {
        return vec![];
    }
    let Some(read) = &view.actual.management else {
        let reason = if view.desired.scope.management {
            Uncovering::NoCredentials
        } else {
            Uncovering::SwitchedOff
        };
        return vec![Note::ManagementAccountNotCovered { account, reason }];
    };
    if !view.desired.scope.management {
        let reason = Uncovering::SwitchedOff;
        return vec![Note::ManagementAccountNotCovered { account, reason }];
    }
    let regions = read.unreadable.iter();
    let regions = regions.filter(|(region, _)| view.desired.scope.regions.contains(*region));
    let notes = regions.map(|(region, reason)| Note::ManagementRegionUnreadable {
        account: account.clone(),
        region: region.clone(),
        reason: reason.clone(),
    });
    notes.collect()
}

/// Auto-deployment knows units only: where the configuration names accounts, it does something else.
fn filters(view: View<'_>) -> Vec<Note> {
    let (scope, organization) = (&view.desired.scope, &view.actual.organization);
    let of = |ids: &[AccountId], below_units: bool| -> Vec<AccountId> {
        let ids = ids.iter().filter(|id| view.sees_account(id));
        let ids = ids.filter(|id| {
            let account = organization.accounts.get(*id);
            account.is_some_and(|account| scope.has_unit(&account.parents) == below_units)
        });
        ids.filter(|id| **id != organization.management_account)
            .cloned()
            .collect()
    };
    let mut notes = Vec::new();
    let excluded = of(&scope.excluded, true);
    if !excluded.is_empty() {
        notes.push(Note::ExclusionIgnored { accounts: excluded });
    }
    let single = of(&scope.accounts, false);
    if !single.is_empty() {
        notes.push(Note::SingleAccounts { accounts: single });
    }
    notes
}
