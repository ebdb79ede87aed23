//! Some accounts and units only.

use std::collections::BTreeSet;

use pipetrail_names::{AccountId, OuId};

use crate::organization::Organization;

/// Accounts and units; those below the units are meant too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// Organizational units or roots.
    pub units: BTreeSet<OuId>,
    pub accounts: BTreeSet<AccountId>,
}

impl Focus {
    /// Whether the account is one of those, or below one of the units.
    pub fn has_account(&self, organization: &Organization, account: &AccountId) -> bool {
        let found = organization.accounts.get(account);
        self.accounts.contains(account)
            || found.is_some_and(|found| self.units.iter().any(|unit| found.parents.contains(unit)))
    }
}
