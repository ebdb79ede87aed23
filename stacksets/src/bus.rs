//! Which installation something forwards to: a configuration with the wrong audit account or home
//! region would take over, or take away, what belongs to another one.

use std::collections::BTreeMap;

use pipetrail_names::member::STACK;
use pipetrail_names::{AccountId, Region};

use crate::actual::Actual;
use crate::desired::Scope;
use crate::error::Error;

/// The member template's parameter that says where events go.
const PARAMETER: &str = "AuditBusArn";

/// The bus that something forwards to, if it is another audit account's or home region's.
pub(crate) fn elsewhere<'a>(
    parameters: &'a BTreeMap<String, String>,
    account: &AccountId,
    region: &Region,
) -> Option<&'a str> {
    let bus = parameters.get(PARAMETER)?;
    let mut parts = bus.split(':').skip(3);
    let (of_region, of_account) = (parts.next()?, parts.next()?);
    (region != of_region || account != of_account).then_some(bus.as_str())
}

/// # Errors
/// `what` forwards elsewhere.
pub(crate) fn check_one(
    what: String,
    parameters: &BTreeMap<String, String>,
    account: &AccountId,
    region: &Region,
) -> Result<(), Error> {
    match elsewhere(parameters, account, region) {
        None => Ok(()),
        Some(bus) => Err(Error::Elsewhere {
            what,
            bus: bus.to_owned(),
            account: account.clone(),
            region: region.clone(),
        }),
    }
}

/// That the stack set and the management account's stacks, where they are ours, forward to the
/// configured audit account.
///
/// # Errors
/// One forwards elsewhere.
pub(crate) fn check(scope: &Scope, actual: &Actual) -> Result<(), Error> {
    let (account, region) = (&scope.audit_account, &scope.region);
    if let Some(set) = actual.stack_set.as_ref().filter(|set| set.is_ours()) {
        check_one(format!("stack set {STACK}"), &set.parameters, account, region)?;
    }
    let stacks = actual.management.iter().flat_map(|management| &management.stacks);
    for (at, stack) in stacks.filter(|(_, stack)| stack.is_ours()) {
        let what = format!("stack {STACK} in {}, {at}", actual.organization.management_account);
        check_one(what, &stack.parameters, account, region)?;
    }
    Ok(())
}
