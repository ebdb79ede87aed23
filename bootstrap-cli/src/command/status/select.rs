//! Which rows are shown.

use pipetrail_stacksets::Organization;
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

use super::verdict::{Judged, Verdict};
use crate::config::{AccountId, RegionName, UnitId};

/// The filters: a row is shown when each kind that is given has a match.
#[derive(Debug, Default, clap::Args)]
pub struct Select {
    /// Only this account; may be given several times
    #[arg(long = "account", value_name = "ID", value_parser = value::<AccountId>)]
    accounts: Vec<String>,
    /// Only accounts below this organizational unit; may be given several times
    #[arg(long = "unit", value_name = "OU", value_parser = value::<UnitId>)]
    units: Vec<String>,
    /// Only this region; may be given several times
    #[arg(long = "in-region", value_name = "REGION", value_parser = value::<RegionName>)]
    regions: Vec<String>,
    /// Only this verdict; may be given several times
    #[arg(long = "verdict", value_name = "VERDICT", value_enum)]
    verdicts: Vec<Verdict>,
}

/// The rules of pipetrail.toml hold here too.
fn value<T: for<'de> Deserialize<'de> + AsRef<str>>(text: &str) -> Result<String, String> {
    let parsed = T::deserialize(StrDeserializer::<Error>::new(text));
    let parsed = parsed.map_err(|error| error.to_string())?;
    Ok(parsed.as_ref().to_owned())
}

impl Select {
    /// Whether the account was asked for by name.
    pub fn names(&self, account: &str) -> bool {
        self.accounts.iter().any(|named| named == account)
    }

    /// A filter's value that matches no row, whatever the verdicts: a slip must not look like "all is
    /// well".
    pub fn unmatched(&self, rows: &[Judged], organization: &Organization) -> Option<&str> {
        let account = |value: &&String| !rows.iter().any(|row| row.row.account == **value);
        let unit = |value: &&String| !rows.iter().any(|row| is_below(row, value, organization));
        let region = |value: &&String| !rows.iter().any(|row| row.row.region == **value);
        let accounts = self.accounts.iter().filter(account);
        let mut unmatched = accounts
            .chain(self.units.iter().filter(unit))
            .chain(self.regions.iter().filter(region));
        unmatched.next().map(String::as_str)
    }

    /// Whether the row is shown.
    pub fn matches(&self, row: &Judged, organization: &Organization) -> bool {
        let below = |unit: &String| is_below(row, unit, organization);
        (self.accounts.is_empty() || self.names(&row.row.account))
            && (self.units.is_empty() || self.units.iter().any(below))
            && (self.regions.is_empty() || self.regions.contains(&row.row.region))
            && (self.verdicts.is_empty() || self.verdicts.contains(&row.verdict))
    }
}

/// Whether the row's account is below the unit, as far as that is known.
fn is_below(row: &Judged, unit: &str, organization: &Organization) -> bool {
    let account = organization.accounts.get(&row.row.account);
    row.row.organizational_unit.as_deref() == Some(unit)
        || account.is_some_and(|account| account.parents.contains(unit))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use pipetrail_stacksets::{Account, CoverageRow};

    use super::*;

    fn organization() -> Organization {
        let account = |unit: &str| Account {
            state: "ACTIVE".into(),
            parents: BTreeSet::from(["r-ab12".to_owned(), unit.to_owned()]),
            ..Account::default()
        };
        Organization {
            id: "o-abcdefghij".into(),
            management_account: "000000000009".into(),
            accounts: BTreeMap::from([
                ("000000000001".into(), account("ou-ab12-11111111")),
                ("000000000002".into(), account("ou-ab12-22222222")),
            ]),
        }
    }

    fn row(account: &str, region: &str, verdict: Verdict) -> Judged {
        Judged {
            row: CoverageRow {
                account: account.into(),
                region: region.into(),
                organizational_unit: Some("r-ab12".into()),
                ..CoverageRow::default()
            },
            verdict,
            explanation: String::new(),
            last_event: None,
            last_heartbeat: None,
        }
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
        let strings = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let all = Select::default();
        assert_eq!(shown(&all), [0, 1, 2]);
        let account = Select {
            accounts: strings(&["000000000001"]),
            ..Select::default()
        };
        assert_eq!(shown(&account), [0, 1]);
        let unit = Select {
            units: strings(&["ou-ab12-22222222"]),
            ..Select::default()
        };
        assert_eq!(shown(&unit), [2]);
        let configured = Select {
            units: strings(&["r-ab12"]),
            regions: strings(&["eu-west-1"]),
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
            let strings = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
            let select = Select {
                accounts: strings(accounts),
                units: strings(units),
                regions: strings(regions),
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

    #[test]
    fn values_follow_the_rules_of_the_configuration() {
        assert_eq!(value::<AccountId>("012345678901").as_deref(), Ok("012345678901"));
        let error = value::<AccountId>("12").unwrap_err();
        assert!(error.contains("expected 12 digits"), "{error}");
        assert!(value::<UnitId>("payments").is_err() && value::<RegionName>("Frankfurt").is_err());
    }
}
