use std::fmt::Debug;
use std::str::FromStr;

use super::*;

fn set<T: FromStr<Err: Debug> + Ord>(values: &[&str]) -> BTreeSet<T> {
    values.iter().map(|value| value.parse().unwrap()).collect()
}

fn accounts(number: usize) -> BTreeSet<AccountId> {
    let accounts = (0..number).map(|account| format!("{account:012}"));
    accounts.map(|account| account.parse().unwrap()).collect()
}

fn admits(policy: Option<&Value>, account: &str) -> bool {
    super::admits(policy, &account.parse().unwrap())
}

fn refusal(filter: &Filter) -> String {
    filter.policy().unwrap_err().message
}

#[test]
fn a_filter_becomes_one_policy_with_prefixes() {
    let filter = Filter {
        accounts: set(&["111122223333", "000000000012"]),
        regions: set(&["eu-central-1"]),
        pipelines: set(&["web"]),
        prefixes: set(&["payments-"]),
        decision: Some(Decision::Rejected),
        gate_changes: false,
    };
    let policy = filter.policy().unwrap();
    assert_eq!(
        policy,
        json!({"account_id": ["000000000012", "111122223333"], "region": ["eu-central-1"],
               "pipeline": ["web", {"prefix": "payments-"}], "decision": ["Rejected"], "event_class": ["decision"]})
    );
    assert_eq!(
        words(Some(&policy)),
        "account 000000000012, 111122223333; decision Rejected; class decision; pipeline web, payments-*; region eu-central-1"
    );
}

#[test]
fn gate_changes_come_only_where_they_are_asked_for() {
    let of = |gate_changes| Filter {
        gate_changes,
        ..Filter::default()
    };
    assert_eq!(of(false).policy(), Ok(json!({"event_class": ["decision"]})));
    assert_eq!(
        of(true).policy(),
        Ok(json!({"event_class": ["decision", "gate_change"]}))
    );
    assert_eq!(words(None), "everything");
}

#[test]
fn a_hundred_and_fifty_combinations_pass_and_one_more_does_not() {
    let of = |number: usize| Filter {
        accounts: accounts(number),
        decision: Some(Decision::Approved),
        ..Filter::default()
    };
    assert!(of(150).policy().is_ok());
    assert_eq!(
        refusal(&of(151)),
        "the filter has 151 combinations (151 of account_id × 1 of decision × 1 of event_class), and SNS takes 150 at most"
    );
    let product = Filter {
        accounts: accounts(38),
        pipelines: set(&["a", "b"]),
        prefixes: set(&["c", "d"]),
        ..Filter::default()
    };
    assert!(refusal(&product).contains("152 combinations (38 of account_id × 1 of event_class × 4 of pipeline)"));
}

#[test]
fn more_keys_or_bytes_than_sns_takes_are_refused() {
    let keys = |number: usize| (0..number).map(|key| (format!("k{key}"), json!(["v"]))).collect();
    assert_eq!(check_limits(&keys(5)), Ok(()));
    let refused = check_limits(&keys(6)).unwrap_err();
    assert_eq!(refused.message, "the filter policy has 6 keys, and SNS takes 5 at most");
    let large = Map::from_iter([("k".to_owned(), json!(["v".repeat(MAX_BYTES)]))]);
    assert!(check_limits(&large).unwrap_err().message.contains("262144 at most"));
}

#[test]
fn what_no_pipeline_can_be_called_is_refused_before_it_needs_quoting() {
    for bad in ["", "a\"b", "a\\b", "a b", "é", &"x".repeat(101)] {
        let filter = Filter {
            pipelines: set(&[bad]),
            ..Filter::default()
        };
        assert!(refusal(&filter).starts_with("no pipeline can be called"), "{bad}");
        let filter = Filter {
            prefixes: set(&[bad]),
            ..Filter::default()
        };
        assert!(filter.policy().is_err(), "{bad}");
    }
}

#[test]
fn a_policy_that_somebody_else_wrote_is_shown_and_not_misjudged() {
    let policy = json!({"account_id": [{"prefix": "11"}, "000000000012"], "pipeline": [{"anything-but": ["x"]}]});
    assert_eq!(
        words(Some(&policy)),
        "account 11*, 000000000012; pipeline {\"anything-but\":[\"x\"]}"
    );
    assert!(admits(Some(&policy), "111122223333") && admits(Some(&policy), "000000000012"));
    assert!(!admits(Some(&policy), "222222222222"));
    let odd = json!({"account_id": [{"anything-but": ["111122223333"]}]});
    assert!(admits(Some(&odd), "111122223333"), "what cannot be told counts as yes");
    assert!(admits(None, "111122223333") && admits(Some(&json!({"decision": ["Rejected"]})), "111122223333"));
}
