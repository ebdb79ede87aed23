//! Some accounts and units only.

use std::collections::BTreeSet;

use crate::organization::Organization;

/// Accounts and units; those below the units are meant too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// Organizational units or roots.
    pub units: BTreeSet<String>,
    pub accounts: BTreeSet<String>,
}

impl Focus {
    /// Whether the account is one of those, or below one of the units.
    pub fn has_account(&self, organization: &Organization, account: &str) -> bool {
        let found = organization.accounts.get(account);
        self.accounts.contains(account)
            || found.is_some_and(|found| self.units.iter().any(|unit| found.parents.contains(unit)))
    }
}
