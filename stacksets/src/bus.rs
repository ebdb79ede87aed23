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

/// That the stack set and the management account's stacks, where they are ours, forward to the
/// configured audit account.
///
/// # Errors
/// One forwards elsewhere.
pub(crate) fn check(scope: &Scope, actual: &Actual) -> Result<(), Error> {
    let set = actual.stack_set.iter().filter(|set| set.is_ours());
    let set = set.map(|set| (format!("stack set {STACK}"), &set.parameters));
    let management = actual.management.iter().flat_map(|account| &account.stacks);
    let management = management.filter(|(_, stack)| stack.is_ours()).map(|(region, stack)| {
        let account = &actual.organization.management_account;
        (format!("stack {STACK} in {account}, {region}"), &stack.parameters)
    });
    for (what, parameters) in set.chain(management) {
        if let Some(bus) = elsewhere(parameters, &scope.audit_account, &scope.region) {
            return Err(Error::Elsewhere {
                what,
                bus: bus.to_owned(),
                account: scope.audit_account.clone(),
                region: scope.region.clone(),
            });
        }
    }
    Ok(())
}
