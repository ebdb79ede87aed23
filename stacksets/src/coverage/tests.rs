use super::*;
use crate::ids::known;
use crate::organization::Account;
use crate::stack_set::{Drift, Instance};

const UNIT: &str = "ou-ab12-11111111";

fn account(state: &str, unit: &str) -> Account {
    Account {
        state: state.into(),
        parents: BTreeSet::from([known(unit)]),
        parent: Some(known(unit)),
    }
}

/// Management 1, enrolled 2 and 3, suspended 4, elsewhere 5, suspended elsewhere 6.
fn organization() -> Organization {
    let other = "ou-ab12-22222222";
    let accounts = [
        ("000000000001", account("ACTIVE", other)),
        ("000000000002", account("ACTIVE", UNIT)),
        ("000000000003", account("ACTIVE", UNIT)),
        ("000000000004", account("SUSPENDED", UNIT)),
        ("000000000005", account("ACTIVE", other)),
        ("000000000006", account("CLOSED", other)),
    ];
    Organization {
        id: "o-abcdefghij".into(),
        management_account: known("000000000001"),
        accounts: accounts.map(|(id, account)| (known(id), account)).into(),
    }
}

fn scope() -> Scope {
    Scope {
        units: vec![known(UNIT)],
        regions: vec![known("eu-central-1")],
        ..Scope::of_test()
    }
}

fn coverage(instances: Vec<Instance>) -> Coverage {
    let scope = scope();
    let set = StackSet {
        instances,
        deployments: BTreeMap::from([("made".to_owned(), "2026-11-20T08:00:00Z".parse().unwrap())]),
        ..StackSet::default()
    };
    Coverage::new(&organization(), &scope, &BTreeMap::new(), Some(&set), None, &[])
}

fn instance(account: &str, region: &str) -> Instance {
    Instance {
        status: "CURRENT".into(),
        detailed_status: "SUCCEEDED".into(),
        ..Instance::of_test(account, region)
    }
}

fn states(coverage: &Coverage) -> Vec<(&str, &str, CoverageState)> {
    let rows = coverage.instances.iter();
    rows.map(|row| (row.account.as_str(), row.region_or_dash(), row.state))
        .collect()
}

#[test]
fn every_account_of_the_organization_has_a_row() {
    let mut coverage = coverage(vec![
        instance("000000000002", "eu-central-1"),
        instance("000000000005", "us-east-1"),
    ]);
    coverage.add_unenrolled(&organization(), &scope());
    assert_eq!(
        states(&coverage),
        [
            ("000000000001", "-", CoverageState::Unenrolled),
            ("000000000002", "eu-central-1", CoverageState::Current),
            ("000000000003", "eu-central-1", CoverageState::Missing),
            ("000000000004", "-", CoverageState::Suspended),
            ("000000000005", "us-east-1", CoverageState::OutOfScope),
            ("000000000006", "-", CoverageState::Suspended),
        ]
    );
    // Out of scope is about the configuration; the stack itself is as it should be.
    assert_eq!(coverage.instances[4].standing(), CoverageState::Current);
    // Only what is missing in scope is bad: the others are no fault of an operation.
    assert!(coverage.instances.iter().filter(|row| row.state.is_bad()).count() == 1);
}

#[test]
fn stacks_of_the_management_account_take_the_place_of_its_absence() {
    let mut coverage = coverage(vec![]);
    assert_eq!(coverage.not_covered[0].account, "000000000001");
    let status = Some("CREATE_COMPLETE".to_owned());
    let row = CoverageRow::of_stack(&known("000000000001"), &known("eu-central-1"), status, None, true);
    assert_eq!(row.origin, Origin::Stack);
    coverage.add_management(vec![row]);
    coverage.add_unenrolled(&organization(), &scope());
    assert_eq!(
        states(&coverage)[0],
        ("000000000001", "eu-central-1", CoverageState::Current)
    );
    assert_eq!(states(&coverage)[1].0, "000000000002");
    let not_covered: Vec<&str> = coverage.not_covered.iter().map(|row| row.account.as_str()).collect();
    assert_eq!(not_covered, ["000000000004"]);
}

#[test]
fn an_account_that_is_active_again_is_outdated_and_not_suspended_for_ever() {
    let skipped = |account: &str| Instance {
        status: "OUTDATED".into(),
        detailed_status: "SKIPPED_SUSPENDED_ACCOUNT".into(),
        ..instance(account, "eu-central-1")
    };
    let coverage = coverage(vec![skipped("000000000002"), skipped("000000000004")]);
    let states: Vec<CoverageState> = coverage.instances.iter().map(|row| row.state).collect();
    assert_eq!(
        states,
        [
            CoverageState::Outdated,
            CoverageState::Missing,
            CoverageState::Suspended
        ]
    );
}

#[test]
fn a_management_account_that_is_to_be_enrolled_and_cannot_be_seen_is_not_passed_over() {
    let scope = Scope {
        management: true,
        ..scope()
    };
    let mut coverage = coverage(vec![]);
    coverage.add_unenrolled(&organization(), &scope);
    assert_eq!(
        states(&coverage)[0],
        ("000000000001", "eu-central-1", CoverageState::Missing)
    );
    let reason = coverage.instances[0].reason.as_deref().unwrap_or_default();
    assert!(reason.contains("organization.management_profile"), "{reason}");
    // Not seen is not absent twice.
    assert_eq!(states(&coverage)[1].0, "000000000002");
}

#[test]
fn a_stack_of_its_own_comes_down_to_the_same_states() {
    for (status, is_current, state, detailed) in [
        (None, false, CoverageState::Missing, None),
        (Some("UPDATE_COMPLETE"), true, CoverageState::Current, None),
        (Some("UPDATE_COMPLETE"), false, CoverageState::Outdated, None),
        (Some("UPDATE_IN_PROGRESS"), false, CoverageState::Pending, None),
        (
            Some("ROLLBACK_COMPLETE"),
            false,
            CoverageState::Outdated,
            Some("FAILED"),
        ),
        (Some("DELETE_FAILED"), false, CoverageState::Outdated, Some("FAILED")),
    ] {
        let row = CoverageRow::of_stack(
            &known("000000000001"),
            &known("eu-west-1"),
            status.map(str::to_owned),
            None,
            is_current,
        );
        assert_eq!(
            (row.state, row.detailed_status.as_deref()),
            (state, detailed),
            "{status:?}"
        );
    }
}

#[test]
fn a_row_knows_its_drift_and_when_its_last_deployment_ended() {
    let drift = Drift {
        status: "IN_SYNC".into(),
        checked_at: None,
    };
    let deployed = |operation: &str| Instance {
        drift: Some(drift.clone()),
        last_operation: Some(operation.to_owned()),
        ..instance("000000000002", "eu-central-1")
    };
    let made = &coverage(vec![deployed("made")]).instances[0];
    assert_eq!(made.deployed_at, "2026-11-20T08:00:00Z".parse().ok());
    assert_eq!(made.drift, Some(drift.clone()));
    // Its last operation is older than 90 days, or was none that deploys.
    assert_eq!(coverage(vec![deployed("unknown")]).instances[0].deployed_at, None);
}
