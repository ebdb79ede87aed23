use super::super::check::Grade;
use super::*;
use pipetrail_stacksets::Account;

fn config() -> Config {
    let text = "[organization]\norganizational_units = [\"ou-ab12-11111111\"]\naccounts = [\"000000000004\"]\n\
                excluded_accounts = [\"000000000002\"]\nregions = [\"eu-central-1\"]\n\
                [audit]\naccount = \"000000000009\"\nregion = \"eu-central-1\"\n";
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn organization() -> Organization {
    let account = |state: &str, unit: &str| Account {
        state: state.into(),
        parents: BTreeSet::from(["r-ab12", unit].map(|id| id.parse().unwrap())),
        parent: unit.parse().ok(),
    };
    let accounts = [
        ("000000000001", account("ACTIVE", "ou-ab12-11111111")),
        ("000000000002", account("ACTIVE", "ou-ab12-11111111")),
        ("000000000003", account("SUSPENDED", "ou-ab12-11111111")),
        ("000000000004", account("ACTIVE", "ou-ab12-22222222")),
        ("000000000009", account("ACTIVE", "ou-ab12-22222222")),
    ];
    Organization {
        id: "o-abcdefghij".into(),
        management_account: "000000000000".parse().unwrap(),
        accounts: accounts
            .into_iter()
            .map(|(id, account)| (id.parse().unwrap(), account))
            .collect(),
    }
}

fn verdicts(
    config: &Config,
    organization: Result<(Organization, Caller), Error>,
    unknown: &[&str],
) -> Vec<(&'static str, Grade)> {
    let read = Read {
        organization,
        unknown_units: unknown.iter().map(|unit| unit.parse().unwrap()).collect(),
    };
    judge(config, &read)
        .iter()
        .map(|check| (check.check, check.verdict))
        .collect()
}

#[test]
fn units_and_named_accounts_are_enrolled_without_the_excluded_and_the_suspended() {
    let enrolled = enrolled(&config(), &organization());
    assert_eq!(
        enrolled.into_iter().collect::<Vec<_>>(),
        ["000000000001", "000000000004"]
    );
}

#[test]
fn a_sound_organization_is_ok_in_every_line() {
    let found = verdicts(&config(), Ok((organization(), Caller::Management)), &[]);
    assert!(found.iter().all(|(_, verdict)| *verdict == Grade::Ok), "{found:?}");
    assert_eq!(found.len(), 5);
}

#[test]
fn an_unknown_unit_and_an_unknown_account_hide_nothing_else() {
    let mut config = config();
    config.organization.accounts = ["000000000077".parse().unwrap_or_else(|error| panic!("{error}"))].into();
    let found = verdicts(&config, Ok((organization(), Caller::Management)), &["ou-ab12-99999999"]);
    let failed: Vec<_> = found
        .iter()
        .filter(|(_, verdict)| *verdict == Grade::Failed)
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(failed, [UNITS, ACCOUNTS]);
    assert!(found.contains(&(AUDIT, Grade::Ok)));
}

#[test]
fn an_audit_account_of_elsewhere_fails() {
    let mut organization = organization();
    organization.accounts.remove("000000000009");
    let found = verdicts(&config(), Ok((organization, Caller::Management)), &[]);
    assert!(found.contains(&(AUDIT, Grade::Failed)), "{found:?}");
}

#[test]
fn consolidated_billing_and_a_stranger_fail_where_they_belong() {
    let found = verdicts(&config(), Err(Error::FeatureSet("o-abcdefghij".into())), &[]);
    assert_eq!(found[0], (ORGANIZATION, Grade::Failed));
    let stranger = Error::NotAnAdministrator {
        caller: "000000000001".parse().unwrap(),
        management: "000000000000".parse().unwrap(),
    };
    let found = verdicts(&config(), Err(stranger), &[]);
    assert_eq!(found[..2], [(ORGANIZATION, Grade::Ok), (ADMINISTRATOR, Grade::Failed)]);
    let refused = Error::Incomplete {
        action: "DescribeOrganization",
        field: "Id",
    };
    assert_eq!(
        verdicts(&config(), Err(refused), &[])[0],
        (ORGANIZATION, Grade::Unknown)
    );
}

#[test]
fn an_audit_profile_of_another_account_fails() {
    let found: AccountId = "000000000001".parse().unwrap();
    let wrong = ConnectError::WrongAccount {
        expected: "000000000009".parse().unwrap(),
        found: found.clone(),
    };
    let check = credentials(AUDIT_CREDENTIALS, "audit", &Err(wrong));
    assert_eq!(check.verdict, Grade::Failed);
    let check = credentials(MANAGEMENT_CREDENTIALS, "management", &Ok(found));
    assert_eq!(check.verdict, Grade::Ok);
}

#[test]
fn trusted_access_that_is_off_names_the_remedy() {
    let check = trusted_access(&Ok(TrustedAccess::DisabledWithoutActivation), Caller::Management);
    assert_eq!(check.verdict, Grade::Failed);
    assert!(check.remedy.unwrap_or_default().contains("doctor --fix"));
}
