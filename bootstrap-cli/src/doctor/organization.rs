//! Who calls, and the organization: all features, a caller that may administer stack sets, units and
//! accounts that exist, trusted access.

use std::collections::BTreeSet;

use pipetrail_names::{AccountId, OuId, chain};
use pipetrail_stacksets::{Caller, Error, Organization, TrustedAccess};

use super::check::Check;
use crate::aws::ConnectError;
use crate::config::Config;
use crate::deploy::desired;
use crate::failure::Explain;

/// All features.
pub(super) const ORGANIZATION: &str = "organization";
const ADMINISTRATOR: &str = "administrator";
const UNITS: &str = "organizational-units";
const ACCOUNTS: &str = "accounts";
const AUDIT: &str = "audit-account";
/// Of the management profile.
pub(super) const MANAGEMENT_CREDENTIALS: &str = "management-credentials";
/// Of the audit profile.
pub(super) const AUDIT_CREDENTIALS: &str = "audit-credentials";
/// Of StackSets in the organization.
pub(super) const TRUSTED_ACCESS: &str = "trusted-access";

/// What was read of the organization.
#[derive(Debug)]
pub(super) struct Read {
    /// The organization and the caller's role, or why not.
    pub organization: Result<(Organization, Caller), Error>,
    /// Configured units that do not exist.
    pub unknown_units: Vec<OuId>,
}

/// Reads the organization; units that do not exist are set aside, and hide nothing else.
pub(super) async fn read(client: &aws_sdk_organizations::Client, caller: &AccountId, units: &[OuId]) -> Read {
    let mut units = units.to_vec();
    let mut unknown_units = Vec::new();
    loop {
        match Organization::read(client, caller, &units).await {
            Err(Error::UnknownOu { unit: ou, .. }) if units.contains(&ou) => {
                units.retain(|other| *other != ou);
                unknown_units.push(ou);
            }
            organization => {
                return Read {
                    organization,
                    unknown_units,
                };
            }
        }
    }
}

/// Whether credentials work, and are of the right account; `whose` profile.
pub(super) fn credentials(check: &'static str, whose: &str, found: &Result<AccountId, ConnectError>) -> Check {
    match found {
        Ok(found) => Check::ok(check, format!("the {whose} profile calls from account {found}")),
        Err(error) => Check::failed(check, chain(error), error.hint().unwrap_or_default()),
    }
}

/// The accounts that are enrolled, by the very rule of `plan`.
pub(super) fn enrolled(config: &Config, organization: &Organization) -> BTreeSet<AccountId> {
    let scope = desired::scope(config);
    organization.enrolled(&scope).cloned().collect()
}

/// Judges the organization.
pub(super) fn judge(config: &Config, read: &Read) -> Vec<Check> {
    let (organization, caller) = match &read.organization {
        Ok((organization, caller)) => (organization, *caller),
        Err(error) => return unread(error),
    };
    let Organization {
        id,
        management_account,
        accounts,
    } = organization;
    let administrator = match caller {
        Caller::Management => format!("account {management_account} is the management account"),
        Caller::DelegatedAdministrator => "the caller is a delegated administrator of StackSets".to_owned(),
    };
    let features = format!("{id} has all features and {} accounts", accounts.len());
    let mut checks = vec![
        Check::ok(ORGANIZATION, features),
        Check::ok(ADMINISTRATOR, administrator),
    ];
    checks.extend(units(config, organization, &read.unknown_units));
    checks.extend(self::accounts(config, organization));
    let audit = &config.audit.account;
    checks.push(match accounts.get(audit) {
        Some(account) if !account.is_active() => Check::failed(
            AUDIT,
            format!("account {audit} is {}", account.state),
            "choose an active account as audit.account",
        ),
        _ if organization.has_account(audit) => Check::ok(AUDIT, format!("account {audit} is in {id}")),
        _ => Check::failed(
            AUDIT,
            format!("account {audit} is not in {id}: its bus would admit nobody of it"),
            "set audit.account to an account of this organization",
        ),
    });
    checks
}

/// Judges an organization that was not read: what the error tells, and nothing of the rest.
fn unread(error: &Error) -> Vec<Check> {
    let failed = |check| Check::failed(check, chain(error), error.hint().unwrap_or_default());
    let told = match error {
        Error::NotAnAdministrator { .. } => {
            let features = Check::ok(ORGANIZATION, "the organization has all features");
            vec![features, failed(ADMINISTRATOR)]
        }
        Error::FeatureSet(_) => vec![failed(ORGANIZATION)],
        _ if error.code() == Some("AWSOrganizationsNotInUseException") => vec![failed(ORGANIZATION)],
        _ => vec![Check::unread(ORGANIZATION, error)],
    };
    let rest = [ORGANIZATION, ADMINISTRATOR, UNITS, ACCOUNTS, AUDIT]
        .into_iter()
        .skip(told.len());
    let rest = rest.map(|check| Check::skipped(check, "the organization could not be read"));
    told.into_iter().chain(rest).collect()
}

fn units(config: &Config, organization: &Organization, unknown: &[OuId]) -> Vec<Check> {
    if unknown.is_empty() {
        let count = config.organization.organizational_units.len();
        return vec![Check::ok(UNITS, format!("{count} of {count} configured are there"))];
    }
    let remedy = "take its id from `aws organizations list-organizational-units-for-parent --parent-id <r-…>`";
    let missing = unknown.iter().map(|unit| {
        let evidence = format!("{unit} is not an OU or root of {}", organization.id);
        Check::failed(UNITS, evidence, remedy)
    });
    missing.collect()
}

fn accounts(config: &Config, organization: &Organization) -> Vec<Check> {
    let settings = &config.organization;
    let mut checks = Vec::new();
    for (key, list) in [
        ("accounts", &settings.accounts),
        ("excluded_accounts", &settings.excluded_accounts),
        ("alerts.account_topics", &config.alerts.account_topics),
    ] {
        let strangers = list.iter().filter(|account| !organization.has_account(account));
        let strangers: Vec<&str> = strangers.map(AccountId::as_str).collect();
        if !strangers.is_empty() {
            let strangers = strangers.join(", ");
            let evidence = format!("{key} names what is not in {}: {strangers}", organization.id);
            let remedy = "correct or remove them in pipetrail.toml";
            checks.push(Check::failed(ACCOUNTS, evidence, remedy));
        }
    }
    let enrolled = enrolled(config, organization).len();
    let scope = desired::scope(config);
    let resting = organization
        .skipped(&scope)
        .map(|(id, account)| format!("{id} ({})", account.state));
    let resting: Vec<String> = resting.collect();
    let in_scope = format!("{enrolled} active accounts are in scope");
    checks.push(if enrolled == 0 {
        let remedy = "move accounts into the OUs, or name other OUs";
        Check::warning(ACCOUNTS, "no active account is in scope", remedy)
    } else if resting.is_empty() {
        Check::ok(ACCOUNTS, in_scope)
    } else {
        Check::ok(ACCOUNTS, format!("{in_scope}; StackSets skips {}", resting.join(", ")))
    });
    checks
}

/// Judges trusted access.
pub(super) fn trusted_access(access: &Result<TrustedAccess, Error>, caller: Caller) -> Check {
    match (access, caller) {
        (Ok(TrustedAccess::Enabled), _) => Check::ok(TRUSTED_ACCESS, "StackSets may work in the organization"),
        (Ok(_), Caller::Management) => Check::failed(
            TRUSTED_ACCESS,
            "StackSets has no trusted access in the organization",
            "run `pipetrail doctor --fix`; `pipetrail apply` does it as well",
        ),
        (Ok(_), Caller::DelegatedAdministrator) => Check::failed(
            TRUSTED_ACCESS,
            "StackSets has no trusted access in the organization, and only the management account can give it",
            "run `pipetrail doctor --fix` with a profile of the management account",
        ),
        (Err(error), _) => Check::unread(TRUSTED_ACCESS, error),
    }
}

#[cfg(test)]
mod tests;
