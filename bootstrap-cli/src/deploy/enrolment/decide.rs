//! Which settings an enrolment changes: pure.

use pipetrail_names::OuId;
use pipetrail_stacksets::{Focus, Organization, Scope};
use serde::Serialize;

use crate::config::edit::Setting;
use crate::failure::UsageError;

const UNITS: &str = "organizational_units";
const ACCOUNTS: &str = "accounts";
const EXCLUDED: &str = "excluded_accounts";
const MANAGEMENT: &str = "management_account";

/// In or out, by the name of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    /// Accounts and units come in.
    Enroll,
    /// They go.
    Unenroll,
}

/// The changes, none where the settings say it already.
///
/// # Errors
/// A unit that cannot be taken out, or nothing that would be left.
pub(super) fn settings(
    direction: Direction,
    focus: &Focus,
    scope: &Scope,
    organization: &Organization,
) -> Result<Vec<Setting>, UsageError> {
    match direction {
        Direction::Enroll => Ok(enroll(focus, scope, organization)),
        Direction::Unenroll => unenroll(focus, scope, organization),
    }
}

fn enroll(focus: &Focus, scope: &Scope, organization: &Organization) -> Vec<Setting> {
    let mut settings = Vec::new();
    for unit in &focus.units {
        if !scope.units.contains(unit) && !is_below(unit, scope, organization) {
            settings.push(Setting::add(UNITS, unit.as_str()));
        }
    }
    for account in &focus.accounts {
        if *account == organization.management_account {
            settings.extend((!scope.management).then_some(Setting::Set {
                key: MANAGEMENT,
                value: true,
            }));
            continue;
        }
        if scope.leaves_out(account) {
            settings.push(Setting::remove(EXCLUDED, account.as_str()));
        }
        // Units that come with the same command count as well.
        let found = organization.accounts.get(account);
        let covered = scope.is_below(organization, account)
            || found.is_some_and(|found| focus.units.iter().any(|unit| found.parents.contains(unit)));
        if !covered && !scope.names(account) {
            settings.push(Setting::add(ACCOUNTS, account.as_str()));
        }
    }
    settings
}

fn unenroll(focus: &Focus, scope: &Scope, organization: &Organization) -> Result<Vec<Setting>, UsageError> {
    let mut settings = Vec::new();
    let mut left = scope.clone();
    left.units.retain(|unit| !focus.units.contains(unit));
    for unit in &focus.units {
        if scope.units.contains(unit) {
            settings.push(Setting::remove(UNITS, unit.as_str()));
        }
        if is_below(unit, &left, organization) {
            return Err(UsageError::new(
                "an OU is enrolled through one above it, and pipetrail.toml leaves out accounts only",
                "name its accounts with --account, or enrol the OUs beside it instead of the one above",
            ));
        }
    }
    for account in &focus.accounts {
        if *account == organization.management_account {
            settings.extend(scope.management.then_some(Setting::Set {
                key: MANAGEMENT,
                value: false,
            }));
            continue;
        }
        if scope.names(account) {
            settings.push(Setting::remove(ACCOUNTS, account.as_str()));
            left.accounts.retain(|named| named != account);
        }
        if left.is_below(organization, account) && !scope.leaves_out(account) {
            settings.push(Setting::add(EXCLUDED, account.as_str()));
        }
    }
    if left.units.is_empty() && left.accounts.is_empty() {
        return Err(UsageError::new(
            "nothing would be left enrolled",
            "`pipetrail destroy` takes everything away",
        ));
    }
    Ok(settings)
}

/// Whether a unit lies below a configured one, as far as its accounts tell.
fn is_below(unit: &OuId, scope: &Scope, organization: &Organization) -> bool {
    let mut below = organization.accounts.values();
    below.any(|account| {
        account.parents.contains(unit) && scope.has_unit(&account.parents) && !scope.units.contains(unit)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use pipetrail_stacksets::Account;

    use super::*;

    const TOP: &str = "ou-ab12-11111111";
    const CHILD: &str = "ou-ab12-22222222";
    const OTHER: &str = "ou-ab12-33333333";

    fn id<I: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> I {
        text.parse().unwrap()
    }

    fn organization() -> Organization {
        let account = |parents: &[&str]| Account {
            state: "ACTIVE".into(),
            parents: parents.iter().map(|parent| id(parent)).collect(),
            parent: parents.last().map(|parent| id(parent)),
        };
        Organization {
            id: "o-abcdefghij".into(),
            management_account: id("000000000001"),
            accounts: BTreeMap::from([
                (id("000000000002"), account(&["r-ab12", TOP])),
                (id("000000000003"), account(&["r-ab12", TOP, CHILD])),
                (id("000000000004"), account(&["r-ab12", OTHER])),
            ]),
        }
    }

    fn scope() -> Scope {
        Scope {
            audit_account: id("999988887777"),
            region: id("eu-central-1"),
            units: vec![id(TOP)],
            accounts: vec![],
            excluded: vec![],
            management: true,
            regions: vec![],
        }
    }

    fn focus(ids: &[&str]) -> Focus {
        let (accounts, units): (BTreeSet<&str>, BTreeSet<&str>) = ids.iter().partition(|id| id.starts_with('0'));
        Focus {
            units: units.into_iter().map(id).collect(),
            accounts: accounts.into_iter().map(id).collect(),
        }
    }

    fn decided(direction: Direction, ids: &[&str], scope: &Scope) -> Vec<String> {
        let settings = settings(direction, &focus(ids), scope, &organization());
        let shown = |settings: Vec<Setting>| settings.iter().map(ToString::to_string).collect();
        settings.map_or_else(|error| vec![error.message.clone()], shown)
    }

    #[test]
    fn enrolling_names_only_what_no_unit_covers() {
        let mut scope = scope();
        let enroll = |ids: &[&str], scope: &Scope| decided(Direction::Enroll, ids, scope);
        assert_eq!(enroll(&["000000000002", "000000000003", CHILD, TOP], &scope), [""; 0]);
        assert_eq!(
            enroll(&["000000000004"], &scope),
            ["+ organization.accounts: \"000000000004\""]
        );
        let unit = format!("+ organization.organizational_units: \"{OTHER}\"");
        assert_eq!(enroll(&["000000000004", OTHER], &scope), [unit]);
        scope.excluded = vec![id("000000000002")];
        scope.management = false;
        assert_eq!(
            enroll(&["000000000001", "000000000002"], &scope),
            [
                "~ organization.management_account = true",
                "- organization.excluded_accounts: \"000000000002\""
            ]
        );
    }

    #[test]
    fn unenrolling_excludes_what_a_unit_covers_and_forgets_what_is_named() {
        let mut scope = scope();
        scope.accounts = vec![id("000000000004")];
        let unenroll = |ids: &[&str], scope: &Scope| decided(Direction::Unenroll, ids, scope);
        assert_eq!(
            unenroll(&["000000000001", "000000000003", "000000000004"], &scope),
            [
                "~ organization.management_account = false",
                "+ organization.excluded_accounts: \"000000000003\"",
                "- organization.accounts: \"000000000004\"",
            ]
        );
        let unit = format!("- organization.organizational_units: \"{TOP}\"");
        assert_eq!(unenroll(&[TOP, "000000000002"], &scope), [unit]);
        assert_eq!(unenroll(&[OTHER], &scope), [""; 0]);
    }

    #[test]
    fn a_unit_below_an_enrolled_one_and_the_last_one_stay() {
        let mut scope = scope();
        let unenroll = |ids: &[&str], scope: &Scope| decided(Direction::Unenroll, ids, scope).remove(0);
        assert!(unenroll(&[CHILD], &scope).starts_with("an OU is enrolled through one above it"));
        assert_eq!(unenroll(&[TOP], &scope), "nothing would be left enrolled");
        scope.units.push(id(CHILD));
        assert!(unenroll(&[CHILD], &scope).starts_with("an OU is enrolled through one above it"));
    }
}
