//! Which rows are shown.

use pipetrail_stacksets::{CoverageRow, Organization};

use super::verdict::{Judged, Verdict};
use crate::config::{AccountId, OuId, Region};

/// The filters: a row is shown when each kind that is given has a match.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Select {
    /// Only this account; may be given several times
    #[arg(long = "account", value_name = "ID")]
    accounts: Vec<AccountId>,
    /// Only accounts below this OU or root; may be given several times
    #[arg(long = "ou", value_name = "ID")]
    ous: Vec<OuId>,
    /// Only this region; may be given several times
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<Region>,
    /// Only this verdict; may be given several times
    #[arg(long = "verdict", value_name = "VERDICT", value_enum)]
    verdicts: Vec<Verdict>,
}

impl Select {
    /// Whether every row is shown.
    pub(crate) fn is_empty(&self) -> bool {
        let Select {
            accounts,
            ous,
            regions,
            verdicts,
        } = self;
        accounts.is_empty() && ous.is_empty() && regions.is_empty() && verdicts.is_empty()
    }

    /// Whether the account was asked for by name.
    pub(crate) fn names(&self, account: &AccountId) -> bool {
        self.accounts.contains(account)
    }

    /// A filter's value that matches no row, whatever the verdicts: a slip must not look like "all is
    /// well".
    pub(crate) fn unmatched(&self, rows: &[Judged], organization: &Organization) -> Option<&str> {
        let account = |value: &&AccountId| !rows.iter().any(|row| **value == row.row.account);
        let ou = |value: &&OuId| !rows.iter().any(|row| is_below(&row.row, value, organization));
        let region = |value: &&Region| !rows.iter().any(|row| row.row.region.as_ref() == Some(*value));
        let accounts = self.accounts.iter().filter(account).map(AsRef::as_ref);
        let mut unmatched = accounts
            .chain(self.ous.iter().filter(ou).map(AsRef::as_ref))
            .chain(self.regions.iter().filter(region).map(AsRef::as_ref));
        unmatched.next()
    }

    /// Whether the row is shown.
    pub(crate) fn matches(&self, row: &Judged, organization: &Organization) -> bool {
        self.has(&row.row, organization) && (self.verdicts.is_empty() || self.verdicts.contains(&row.verdict))
    }

    /// Whether a row of that account and region may be shown, whatever its verdict.
    pub(crate) fn has(&self, row: &CoverageRow, organization: &Organization) -> bool {
        let below = |ou: &OuId| is_below(row, ou, organization);
        let region = row.region.as_ref();
        (self.accounts.is_empty() || self.names(&row.account))
            && (self.ous.is_empty() || self.ous.iter().any(below))
            && (self.regions.is_empty() || region.is_some_and(|region| self.regions.contains(region)))
    }
}

/// Whether the row's account is below the OU, as far as that is known.
fn is_below(row: &CoverageRow, ou: &OuId, organization: &Organization) -> bool {
    let account = organization.accounts.get(&row.account);
    row.organizational_unit.as_ref() == Some(ou) || account.is_some_and(|account| account.parents.contains(ou))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use pipetrail_stacksets::{Account, CoverageRow};

    use super::*;

    fn organization() -> Organization {
        let account = |unit: &str| Account {
            state: "ACTIVE".into(),
            parents: BTreeSet::from(["r-ab12", unit].map(|id| id.parse().unwrap())),
            ..Account::default()
        };
        Organization {
            id: "o-abcdefghij".into(),
            management_account: "000000000009".parse().unwrap(),
            accounts: BTreeMap::from([
                ("000000000001".parse().unwrap(), account("ou-ab12-11111111")),
                ("000000000002".parse().unwrap(), account("ou-ab12-22222222")),
            ]),
        }
    }

    fn row(account: &str, region: &str, verdict: Verdict) -> Judged {
        Judged {
            row: CoverageRow {
                organizational_unit: Some("r-ab12".parse().unwrap()),
                ..CoverageRow::new(&account.parse().unwrap(), Some(&region.parse().unwrap()))
            },
            verdict,
            explanation: String::new(),
            last_event: None,
            last_heartbeat: None,
            differences: None,
        }
    }

    fn ids<I: std::str::FromStr<Err: std::fmt::Debug>>(values: &[&str]) -> Vec<I> {
        values.iter().map(|value| value.parse().unwrap()).collect()
    }

    fn rows() -> [Judged; 3] {
        [
            row("000000000001", "eu-central-1", Verdict::Covered),
            row("000000000001", "eu-west-1", Verdict::Silent),
            row("000000000002", "eu-central-1", Verdict::Failed),
        ]
    }

    fn shown(select: &Select) -> Vec<usize> {
        let rows = rows();
        let shown = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| select.matches(row, &organization()));
        shown.map(|(index, _)| index).collect()
    }

    #[test]
    fn kinds_of_filters_narrow_and_values_of_one_kind_widen() {
        let all = Select::default();
        assert_eq!(shown(&all), [0, 1, 2]);
        let account = Select {
            accounts: ids(&["000000000001"]),
            ..Select::default()
        };
        assert_eq!(shown(&account), [0, 1]);
        let unit = Select {
            ous: ids(&["ou-ab12-22222222"]),
            ..Select::default()
        };
        assert_eq!(shown(&unit), [2]);
        let configured = Select {
            ous: ids(&["r-ab12"]),
            regions: ids(&["eu-west-1"]),
            ..Select::default()
        };
        assert_eq!(shown(&configured), [1]);
        let verdicts = Select {
            verdicts: vec![Verdict::Silent, Verdict::Failed],
            ..Select::default()
        };
        assert_eq!(shown(&verdicts), [1, 2]);
    }

    #[test]
    fn a_value_that_matches_nothing_is_found_beside_one_that_does() {
        let unmatched = |accounts: &[&str], units: &[&str], regions: &[&str]| {
            let select = Select {
                accounts: ids(accounts),
                ous: ids(units),
                regions: ids(regions),
                verdicts: vec![Verdict::Skipped],
            };
            select.unmatched(&rows(), &organization()).map(str::to_owned)
        };
        let good = ["000000000001"];
        assert_eq!(unmatched(&good, &["ou-ab12-11111111"], &["eu-west-1"]), None);
        let accounts = ["000000000001", "000000000003"];
        assert_eq!(unmatched(&accounts, &[], &[]).as_deref(), Some("000000000003"));
        assert_eq!(
            unmatched(&good, &["ou-ab12-33333333"], &[]).as_deref(),
            Some("ou-ab12-33333333")
        );
        assert_eq!(unmatched(&good, &[], &["us-east-1"]).as_deref(), Some("us-east-1"));
    }
}
