//! What the operations on instances and the notes are made from.

use pipetrail_names::{AccountId, OuId, Region};

use crate::actual::Actual;
use crate::desired::Desired;
use crate::organization::Membership;
use crate::plan::focus::Focus;
use crate::stack_set::Instance;

/// What stands and what should, or a part of it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) desired: &'a Desired,
    pub(super) actual: &'a Actual,
    /// Only this part of the organization; `None` for all of it.
    pub(super) focus: Option<&'a Focus>,
}

impl<'a> View<'a> {
    pub(super) fn membership(&self, account: &AccountId, region: &Region) -> Membership {
        let scope = &self.desired.scope;
        self.actual.organization.membership(scope, account, region)
    }

    pub(super) fn sees_unit(&self, unit: &OuId) -> bool {
        self.focus.is_none_or(|focus| focus.units.contains(unit))
    }

    pub(super) fn sees_account(&self, account: &AccountId) -> bool {
        self.focus
            .is_none_or(|focus| focus.has_account(&self.actual.organization, account))
    }

    pub(super) fn instances(&self) -> impl Iterator<Item = &'a Instance> + use<'a> {
        self.actual.stack_set.iter().flat_map(|set| &set.instances)
    }

    /// The unit that an account is targeted through: the first configured one above it, else its own.
    pub(super) fn unit_of(&self, id: &AccountId) -> Option<&'a OuId> {
        let account = self.actual.organization.accounts.get(id)?;
        let configured = self.desired.scope.units.iter();
        let configured = configured.into_iter().find(|unit| account.parents.contains(*unit));
        configured.or(account.parent.as_ref())
    }
}
