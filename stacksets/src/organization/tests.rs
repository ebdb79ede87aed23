use super::*;
use aws_sdk_organizations::types::{AccountState, AccountStatus};

#[test]
fn state_is_read_before_the_retired_status() {
    let both = aws_sdk_organizations::types::Account::builder()
        .id("000000000001")
        .state(AccountState::Closed)
        .status(AccountStatus::Active)
        .build();
    assert!(!account(&both).unwrap().1.is_active());
    let old = aws_sdk_organizations::types::Account::builder()
        .id("1")
        .status(AccountStatus::Active)
        .build();
    assert!(account(&old).unwrap().1.is_active());
}

#[test]
fn a_path_gives_the_root_and_every_unit_above_an_account() {
    let paths = ["o-abcdefghij/r-ab12/ou-ab12-11111111/ou-ab12-22222222/999988887777/".to_owned()];
    let expected = ["r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"].map(str::to_owned);
    assert_eq!(parents(&paths), expected);
}

#[test]
fn neither_suspended_accounts_nor_the_management_account_are_targets() {
    let account = |state: &str| Account {
        state: state.into(),
        parents: BTreeSet::from(["r-ab12".to_owned()]),
        parent: Some("r-ab12".to_owned()),
    };
    let organization = Organization {
        id: "o-abcdefghij".into(),
        management_account: "000000000001".into(),
        accounts: BTreeMap::from([
            ("000000000001".into(), account("ACTIVE")),
            ("000000000002".into(), account("SUSPENDED")),
            ("000000000003".into(), account("ACTIVE")),
        ]),
    };
    assert_eq!(organization.targets("r-ab12").collect::<Vec<_>>(), ["000000000003"]);
}

#[tokio::test]
async fn an_empty_page_with_a_token_does_not_end_the_list_of_accounts() {
    let server = crate::answers::Answers::new(&[
        (
            "DescribeOrganization",
            200,
            r#"{"Organization":{"Id":"o-abcdefghij","FeatureSet":"ALL","MasterAccountId":"000000000001"}}"#,
        ),
        ("ListAccounts", 200, r#"{"Accounts":[],"NextToken":"more"}"#),
        (
            "ListAccounts",
            200,
            r#"{"Accounts":[{"Id":"000000000002","State":"ACTIVE","Name":"n","Email":"e",
                "Paths":["o-abcdefghij/r-ab12/ou-ab12-11111111/000000000002/"]}]}"#,
        ),
    ]);
    let units = ["ou-ab12-11111111".to_owned()];
    let (organization, caller) = Organization::read(&server.organizations(), "000000000001", &units)
        .await
        .unwrap();
    assert_eq!(caller, Caller::Management);
    assert_eq!(organization.targets(&units[0]).collect::<Vec<_>>(), ["000000000002"]);
    assert_eq!(
        server.count("AWSOrganizationsV20161128."),
        3,
        "with paths nothing is walked"
    );
}

#[tokio::test]
async fn a_member_account_that_is_no_delegated_administrator_is_refused() {
    let server = crate::answers::Answers::new(&[
        (
            "DescribeOrganization",
            200,
            r#"{"Organization":{"Id":"o-abcdefghij","FeatureSet":"ALL","MasterAccountId":"000000000001"}}"#,
        ),
        (
            "ListDelegatedAdministrators",
            200,
            r#"{"DelegatedAdministrators":[{"Id":"000000000003"}]}"#,
        ),
    ]);
    let read = Organization::read(&server.organizations(), "000000000002", &[]).await;
    assert!(matches!(read, Err(Error::NotAnAdministrator { caller, .. }) if caller == "000000000002"));
}

#[tokio::test]
async fn parents_are_asked_for_up_to_the_root_where_no_path_tells_them() {
    let server = crate::answers::Answers::new(&[
        (
            "000000000002",
            200,
            r#"{"Parents":[{"Id":"ou-ab12-22222222","Type":"ORGANIZATIONAL_UNIT"}]}"#,
        ),
        (
            "ou-ab12-22222222",
            200,
            r#"{"Parents":[{"Id":"ou-ab12-11111111","Type":"ORGANIZATIONAL_UNIT"}]}"#,
        ),
        (
            "ou-ab12-11111111",
            200,
            r#"{"Parents":[{"Id":"r-ab12","Type":"ROOT"}]}"#,
        ),
        (
            "000000000004",
            200,
            r#"{"Parents":[{"Id":"ou-ab12-11111111","Type":"ORGANIZATIONAL_UNIT"}]}"#,
        ),
    ]);
    let known = Account {
        parent: Some("r-ab12".into()),
        parents: BTreeSet::from(["r-ab12".to_owned()]),
        ..Account::default()
    };
    let mut organization = Organization {
        id: "o-abcdefghij".into(),
        management_account: "000000000001".into(),
        accounts: BTreeMap::from([
            ("000000000002".into(), Account::default()),
            ("000000000003".into(), known),
            ("000000000004".into(), Account::default()),
        ]),
    };
    let client = server.organizations();
    let asked = [
        "000000000002",
        "000000000002",
        "000000000003",
        "000000000004",
        "000000000009",
    ];
    organization.find_parents(&client, asked).await.unwrap();
    let found = &organization.accounts["000000000002"];
    assert_eq!(found.parent.as_deref(), Some("ou-ab12-22222222"));
    // An account that moved while the units were walked is still below the one that is enrolled.
    let above = ["ou-ab12-11111111", "ou-ab12-22222222", "r-ab12"];
    assert_eq!(found.parents.iter().collect::<Vec<_>>(), above);
    assert!(organization.accounts["000000000004"].is_placed());
    assert_eq!(server.count("AWSOrganizationsV20161128.ListParents"), 4);
}

#[tokio::test]
async fn a_unit_that_is_deleted_while_the_units_are_walked_hides_no_other_one() {
    let (accounts, units) = ("ListAccountsForParent", "ListOrganizationalUnitsForParent");
    let server = crate::answers::Answers::new(&[
        (
            "DescribeOrganization",
            200,
            r#"{"Organization":{"Id":"o-abcdefghij","FeatureSet":"ALL","MasterAccountId":"000000000001"}}"#,
        ),
        (
            "AWSOrganizationsV20161128.ListAccounts\n",
            200,
            r#"{"Accounts":[{"Id":"000000000002","State":"ACTIVE"},{"Id":"000000000003","State":"ACTIVE"}]}"#,
        ),
        (
            accounts,
            200,
            r#"{"Accounts":[{"Id":"000000000002","State":"ACTIVE"}]}"#,
        ),
        (
            units,
            200,
            r#"{"OrganizationalUnits":[{"Id":"ou-ab12-22222222"},{"Id":"ou-ab12-33333333"}]}"#,
        ),
        (accounts, 400, r#"{"__type":"ParentNotFoundException","Message":"no"}"#),
        (
            accounts,
            200,
            r#"{"Accounts":[{"Id":"000000000003","State":"ACTIVE"}]}"#,
        ),
        (units, 400, r#"{"__type":"ParentNotFoundException","Message":"no"}"#),
    ]);
    let top = ["ou-ab12-11111111".to_owned()];
    let read = Organization::read(&server.organizations(), "000000000001", &top).await;
    let (organization, _) = read.unwrap();
    assert_eq!(
        organization.targets(&top[0]).collect::<Vec<_>>(),
        ["000000000002", "000000000003"]
    );
}
