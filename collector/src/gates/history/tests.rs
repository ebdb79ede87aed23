//! Whatever the order of arrival: one history, every difference told, the same at each delivery.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::gates::compare::What;
use crate::gates::outline::tests::outline;

/// A pipeline of approvals of these names.
fn pipeline(gates: &[&str]) -> Outline {
    let actions: Vec<_> = gates
        .iter()
        .map(|name| format!(r#"{{"name":"{name}","actionTypeId":{{"category":"Approval"}}}}"#))
        .collect();
    outline(&format!(
        r#"{{"stages":[{{"name":"S","actions":[{}]}}]}}"#,
        actions.join(",")
    ))
    .unwrap()
}

fn call(number: usize, made: Made) -> Call {
    let (minute, second) = (number / 60, number % 60);
    Call {
        event_key: format!("{number:04}"),
        time: format!("2026-11-20T09:{minute:02}:{second:02}.000Z"),
        version: i64::try_from(number).ok(),
        made,
        changes: Vec::new(),
    }
}

fn updated(number: usize, gates: &[&str]) -> Call {
    call(number, Made::Updated(pipeline(gates)))
}

/// Delivers a call as the function does; gives what is told of it.
fn deliver(history: &mut History, call: Call) -> Vec<Change> {
    match history.known(&call.event_key) {
        Some(changes) => changes.to_vec(),
        None => history.take(call),
    }
}

fn hows(changes: &[Change]) -> Vec<String> {
    let of = |change: &Change| {
        format!(
            "{} {}",
            change.gate.clone().unwrap_or_default(),
            change.made_by.clone().unwrap_or_default()
        )
    };
    changes.iter().map(|change| of(change).trim().to_owned()).collect()
}

#[test]
fn a_first_update_is_unknown_and_a_first_creation_is_not() {
    let mut history = History::default();
    assert_eq!(deliver(&mut history, updated(1, &["A"]))[0].what, What::Unknown);
    assert_eq!(deliver(&mut history, updated(2, &["A"])), []);
    let mut history = History::default();
    assert_eq!(deliver(&mut history, call(1, Made::Created(pipeline(&["A"])))), []);
    assert_eq!(hows(&deliver(&mut history, updated(2, &[]))), ["S/A"]);
}

#[test]
fn an_older_call_that_comes_later_is_not_taken_for_the_newest() {
    let mut history = History::default();
    for call in [call(1, Made::Created(pipeline(&["A"]))), updated(3, &[])] {
        deliver(&mut history, call);
    }
    assert_eq!(
        deliver(&mut history, updated(2, &["A", "B"])).len(),
        1,
        "the later call took B away"
    );
    assert_eq!(
        deliver(&mut history, updated(4, &[])),
        [],
        "it has no gates since the third"
    );
}

#[test]
fn what_was_removed_and_restored_is_told_however_it_arrives() {
    for order in [[2, 3], [3, 2]] {
        let mut history = History::default();
        deliver(&mut history, call(1, Made::Created(pipeline(&["A"]))));
        let told: Vec<_> = order
            .map(|number| deliver(&mut history, updated(number, if number == 2 { &[] } else { &["A"] })))
            .concat();
        assert_eq!(hows(&told), ["S/A"], "{order:?}");
    }
}

#[test]
fn a_pipeline_that_is_made_again_must_not_have_less_than_before() {
    let mut history = History::default();
    deliver(&mut history, call(1, Made::Created(pipeline(&["A", "B"]))));
    assert_eq!(hows(&deliver(&mut history, call(2, Made::Deleted))), ["S/A", "S/B"]);
    assert_eq!(
        deliver(&mut history, call(3, Made::Deleted)),
        [],
        "there is none any more"
    );
    let again = Call {
        version: Some(1),
        ..call(4, Made::Created(pipeline(&["B"])))
    };
    assert_eq!(hows(&deliver(&mut history, again)), ["S/A"]);
    let mut unknown = History::default();
    assert_eq!(deliver(&mut unknown, call(2, Made::Deleted))[0].what, What::Unknown);
}

#[test]
fn a_hidden_structure_is_told_and_the_next_one_is_compared_with_what_was_known_before() {
    let mut history = History::default();
    deliver(&mut history, call(1, Made::Created(pipeline(&["A"]))));
    assert_eq!(deliver(&mut history, call(2, Made::Hidden))[0].what, What::Unknown);
    assert_eq!(hows(&deliver(&mut history, updated(3, &[]))), ["S/A"]);
}

#[test]
fn what_is_forgotten_is_still_known_and_what_came_too_late_is_told_as_unknown() {
    let mut history = History::default();
    deliver(&mut history, call(1, Made::Created(pipeline(&["A"]))));
    for number in 3..700 {
        assert_eq!(deliver(&mut history, updated(number, &["A"])), []);
    }
    assert_eq!(history.calls.len(), CALLS);
    let kept = history.calls.iter().filter(|call| call.made.outline().is_some());
    assert_eq!(kept.count(), STRUCTURES);
    assert!(serde_json::to_vec(&history).unwrap().len() < 100_000);
    assert_eq!(deliver(&mut history, updated(250, &["A"])), [], "delivered again");
    let late = Call {
        event_key: "late".into(),
        ..updated(640, &[])
    };
    let told = deliver(&mut history, late);
    assert_eq!((told[0].what, told[0].how.as_str()), (What::Unknown, TOO_LATE));
    assert_eq!(
        deliver(&mut history, updated(700, &[])).len(),
        1,
        "it is no newer for that"
    );
}

#[test]
fn a_history_reads_back() {
    let mut history = History::default();
    for call in [
        updated(1, &["A"]),
        call(2, Made::Deleted),
        call(3, Made::Hidden),
        updated(4, &[]),
    ] {
        deliver(&mut history, call);
    }
    let text = serde_json::to_string(&history).unwrap();
    assert_eq!(serde_json::from_str::<History>(&text).unwrap(), history);
}

fn made() -> impl Strategy<Value = Made> {
    let gates = || prop::sample::subsequence(vec!["A", "B", "C"], 0..=3).prop_map(|gates| pipeline(&gates));
    prop_oneof![
        6 => gates().prop_map(Made::Updated),
        1 => gates().prop_map(Made::Created),
        1 => Just(Made::Deleted),
        1 => Just(Made::Hidden),
    ]
}

/// Calls, and the order in which each arrives twice.
fn arrivals() -> impl Strategy<Value = (Vec<Call>, Vec<usize>)> {
    let calls = prop::collection::vec(made(), 1..STRUCTURES);
    let calls = calls.prop_map(|made| {
        made.into_iter()
            .enumerate()
            .map(|(number, made)| call(number, made))
            .collect()
    });
    calls.prop_flat_map(|calls: Vec<Call>| {
        let twice: Vec<usize> = (0..calls.len()).chain(0..calls.len()).collect();
        (Just(calls), Just(twice).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn whatever_the_order_of_arrival_each_difference_is_told_and_each_call_once((calls, arrivals) in arrivals()) {
        let (mut sorted, mut ordered) = (History::default(), BTreeSet::new());
        for call in &calls {
            let changes = deliver(&mut sorted, call.clone());
            let known = changes.into_iter().filter(|change| change.what != What::Unknown);
            ordered.extend(known.map(|change| (call.event_key.clone(), change)));
        }

        let (mut history, mut told) = (History::default(), BTreeMap::new());
        for call in arrivals.into_iter().map(|at| &calls[at]) {
            let changes = deliver(&mut history, call.clone());
            // The same at every delivery, so that its record and marker are.
            let before = told.insert(call.event_key.clone(), changes.clone());
            prop_assert!(before.is_none_or(|before| before == changes));
        }
        let bare = |history: &History| history.calls.iter().map(|call| (call.event_key.clone(), call.made.clone())).collect::<Vec<_>>();
        prop_assert_eq!(bare(&history), bare(&sorted));

        // Whatever is told in order is told in any order: of the call, or by it of the later one.
        let all: BTreeSet<(String, Change)> = told.into_iter().flat_map(|(key, changes)| {
            changes.into_iter().map(move |change| {
                let by = change.made_by.clone().unwrap_or_else(|| key.clone());
                (by, Change { made_by: None, ..change })
            })
        }).collect();
        for (key, change) in ordered {
            prop_assert!(all.contains(&(key.clone(), change.clone())), "{} {:?} is not told: {:?}", key, change, all);
        }
    }
}
