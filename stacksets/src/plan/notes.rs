//! What a plan says beside its steps: accounts and instances that it does not work on.

use crate::actual::Actual;
use crate::desired::Desired;
use crate::plan::Note;

pub(super) fn notes(desired: &Desired, actual: &Actual) -> Vec<Note> {
    let organization = &actual.organization;
    let scope = &desired.scope;
    let inactive = organization
        .accounts
        .iter()
        .filter(|(_, account)| !account.is_active() && scope.has_unit(&account.parents));
    let inactive: Vec<String> = inactive.map(|(id, _)| id.clone()).collect();
    let (mut inoperable, mut outside) = (Vec::new(), Vec::new());
    for instance in actual.stack_set.iter().flat_map(|set| &set.instances) {
        let name = format!("{}/{}", instance.account, instance.region);
        let account = organization.accounts.get(&instance.account);
        let unit_in_scope = account.is_some_and(|account| scope.has_unit(&account.parents));
        if !unit_in_scope || !scope.regions.contains(&instance.region) {
            outside.push(name);
        } else if instance.status == "INOPERABLE" {
            inoperable.push(name);
        }
    }
    let mut notes = vec![Note::ManagementAccountNotCovered {
        account: organization.management_account.clone(),
    }];
    if !organization.has_account(&desired.scope.audit_account) {
        notes.push(Note::AuditAccountOutside {
            account: desired.scope.audit_account.clone(),
        });
    }
    if !inactive.is_empty() {
        notes.push(Note::NotActive { accounts: inactive });
    }
    if !inoperable.is_empty() {
        notes.push(Note::Inoperable { instances: inoperable });
    }
    if !outside.is_empty() {
        notes.push(Note::OutOfScope { instances: outside });
    }
    notes
}
