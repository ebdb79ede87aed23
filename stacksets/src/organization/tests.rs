use super::*;
use crate::ids::known;
use aws_sdk_organizations::types::{AccountState, AccountStatus};

impl Organization {
    /// The accounts below `unit` that StackSets works on: active ones, but the management account.
    pub(crate) fn targets<'a>(&'a self, unit: &'a OuId) -> impl Iterator<Item = &'a AccountId> {
        let below = self.accounts.iter().filter(|(id, account)| {
            account.is_active() && account.parents.contains(unit) && **id != self.management_account
        });
        below.map(|(id, _)| id)
    }
}

#[test]
fn state_is_read_before_the_retired_status() {
    let both = aws_sdk_organizations::types::Account::builder()
        .id("000000000001")
        .state(AccountState::Closed)
        .status(AccountStatus::Active)
        .build();
    assert!(!account("ListAccounts", &both).unwrap().1.is_active());
    let old = aws_sdk_organizations::types::Account::builder()
        .id("000000000001")
        .status(AccountStatus::Active)
        .build();
    assert!(account("ListAccounts", &old).unwrap().1.is_active());
}

#[test]
fn a_path_gives_the_root_and_every_unit_above_an_account() {
    let paths = ["o-abcdefghij/r-ab12/ou-ab12-11111111/ou-ab12-22222222/999988887777/".to_owned()];
    let expected = ["r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"];
    assert_eq!(parents("ListAccounts", &paths).unwrap(), expected);
}

#[test]
fn neither_suspended_accounts_nor_the_management_account_are_targets() {
    let account = |state: &str| Account {
        state: state.into(),
        parents: BTreeSet::from([known("r-ab12")]),
        parent: Some(known("r-ab12")),
    };
    let organization = Organization {
        id: "o-abcdefghij".into(),
        management_account: known("000000000001"),
        accounts: BTreeMap::from([
            (known("000000000001"), account("ACTIVE")),
            (known("000000000002"), account("SUSPENDED")),
            (known("000000000003"), account("ACTIVE")),
        ]),
    };
    assert_eq!(
        organization.targets(&known("r-ab12")).collect::<Vec<_>>(),
        ["000000000003"]
    );
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
    let units = [known("ou-ab12-11111111")];
    let (organization, caller) = Organization::read(&server.organizations(), &known("000000000001"), &units)
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
    let read = Organization::read(&server.organizations(), &known("000000000002"), &[]).await;
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
    let placed = Account {
        parent: Some(known("r-ab12")),
        parents: BTreeSet::from([known("r-ab12")]),
        ..Account::default()
    };
    let mut organization = Organization {
        id: "o-abcdefghij".into(),
        management_account: known("000000000001"),
        accounts: BTreeMap::from([
            (known("000000000002"), Account::default()),
            (known("000000000003"), placed),
            (known("000000000004"), Account::default()),
        ]),
    };
    let client = server.organizations();
    let asked = [
        "000000000002",
        "000000000002",
        "000000000003",
        "000000000004",
        "000000000009",
    ]
    .map(known);
    organization.find_parents(&client, &asked).await.unwrap();
    let found = &organization.accounts["000000000002"];
    assert_eq!(found.parent, Some(known("ou-ab12-22222222")));
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
    let top = [known("ou-ab12-11111111")];
    let read = Organization::read(&server.organizations(), &known("000000000001"), &top).await;
    let (organization, _) = read.unwrap();
    assert_eq!(
        organization.targets(&top[0]).collect::<Vec<_>>(),
        ["000000000002", "000000000003"]
    );
}
