//! Who calls, and the organization: all features, a caller that may administer stack sets, units and
//! accounts that exist, trusted access.

use std::collections::BTreeSet;

use pipetrail_names::chain;
use pipetrail_names::{AccountId, OuId};
use pipetrail_stacksets::{Caller, Error, Fault, Organization, TrustedAccess};

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

/// Whether credentials work; `whose` profile, and the account that they should be of.
pub(super) fn credentials(
    check: &'static str,
    whose: &str,
    expected: Option<&AccountId>,
    found: Result<&AccountId, &ConnectError>,
) -> Check {
    match (found, expected) {
        (Err(error), _) => {
            let remedy = error
                .hint()
                .unwrap_or_else(|| "check the profile's credentials".to_owned());
            Check::failed(check, chain(error), remedy)
        }
        (Ok(found), Some(expected)) if found != expected => Check::failed(
            check,
            format!(
                "the {whose} profile calls from account {found}, but pipetrail.toml has audit.account = \"{expected}\""
            ),
            "set audit.profile (or --audit-profile) to a profile of the audit account",
        ),
        (Ok(found), _) => Check::ok(check, format!("the {whose} profile calls from account {found}")),
    }
}

/// The accounts that are enrolled, by the very rule of `plan`.
pub(super) fn enrolled(config: &Config, organization: &Organization) -> BTreeSet<AccountId> {
    let scope = desired::scope(config);
    organization.enrolled(&scope).cloned().collect()
}

/// Judges the organization.
pub(super) fn judge(config: &Config, read: &Read) -> Vec<Check> {
    let skipped = |names: &[&'static str]| {
        let reason = "the organization could not be read";
        names
            .iter()
            .map(|name| Check::skipped(name, reason))
            .collect::<Vec<_>>()
    };
    let remedy = |error: &Error| error.hint().unwrap_or_default();
    let (organization, caller) = match &read.organization {
        Ok((organization, caller)) => (organization, *caller),
        Err(error) => {
            let (first, rest) = match error {
                Error::NotAnAdministrator { .. } => (
                    vec![
                        Check::ok(ORGANIZATION, "the organization has all features"),
                        Check::failed(ADMINISTRATOR, chain(error), remedy(error)),
                    ],
                    &[UNITS, ACCOUNTS, AUDIT][..],
                ),
                _ if is_no_organization(error) => (
                    vec![Check::failed(ORGANIZATION, chain(error), remedy(error))],
                    &[ADMINISTRATOR, UNITS, ACCOUNTS, AUDIT][..],
                ),
                _ => (
                    vec![Check::unread(ORGANIZATION, error)],
                    &[ADMINISTRATOR, UNITS, ACCOUNTS, AUDIT][..],
                ),
            };
            return first.into_iter().chain(skipped(rest)).collect();
        }
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
    let mut checks = vec![
        Check::ok(
            ORGANIZATION,
            format!("{id} has all features and {} accounts", accounts.len()),
        ),
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

fn is_no_organization(error: &Error) -> bool {
    match error {
        Error::FeatureSet(_) => true,
        Error::Aws {
            fault: Fault::Refused { code, .. },
            ..
        } => code == "AWSOrganizationsNotInUseException",
        _ => false,
    }
}

fn units(config: &Config, organization: &Organization, unknown: &[OuId]) -> Vec<Check> {
    let units = &config.organization.organizational_units;
    if unknown.is_empty() {
        return vec![Check::ok(
            UNITS,
            format!("{} of {} configured are there", units.len(), units.len()),
        )];
    }
    let missing = unknown.iter().map(|unit| {
        Check::failed(
            UNITS,
            format!("{unit} is not an OU or root of {}", organization.id),
            "take its id from `aws organizations list-organizational-units-for-parent --parent-id <r-…>`",
        )
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
        let strangers: Vec<&str> = list
            .iter()
            .filter(|account| !organization.has_account(account))
            .map(AsRef::as_ref)
            .collect();
        if !strangers.is_empty() {
            let evidence = format!(
                "{key} names what is not in {}: {}",
                organization.id,
                strangers.join(", ")
            );
            checks.push(Check::failed(
                ACCOUNTS,
                evidence,
                "correct or remove them in pipetrail.toml",
            ));
        }
    }
    let enrolled = enrolled(config, organization).len();
    let scope = desired::scope(config);
    let resting = organization
        .skipped(&scope)
        .map(|(id, account)| format!("{id} ({})", account.state));
    let resting: Vec<String> = resting.collect();
    if enrolled == 0 {
        let evidence = "no active account is in scope";
        checks.push(Check::warning(
            ACCOUNTS,
            evidence,
            "move accounts into the OUs, or name other OUs",
        ));
    } else if resting.is_empty() {
        checks.push(Check::ok(ACCOUNTS, format!("{enrolled} active accounts are in scope")));
    } else {
        let evidence = format!(
            "{enrolled} active accounts are in scope; StackSets skips {}",
            resting.join(", ")
        );
        checks.push(Check::ok(ACCOUNTS, evidence));
    }
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
