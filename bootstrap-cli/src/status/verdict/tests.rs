use std::collections::BTreeMap;

use pipetrail_stacksets::Drift;

use super::*;

const NOW: &str = "2026-11-21T12:00:00Z";

/// What stands is as the template says.
const SAME: Looked = Looked::Compared(Vec::new());

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rules() -> Rules {
    Rules {
        now: at(NOW),
        silent_after: SignedDuration::from_hours(3),
        gap: None,
    }
}

#[test]
fn a_silence_that_is_our_own_doing_is_pending_and_any_longer_one_is_not() {
    let gap = Gap {
        from: at("2026-11-21T08:30:00Z"),
        rules_off: Some(at("2026-11-21T08:30:00Z")),
        until: Some(at("2026-11-21T09:30:00Z")),
        done: true,
    };
    let judged = |last: &str| {
        let row = row(CoverageState::Current, "CURRENT", "SUCCEEDED");
        let lake = lake(&row, heartbeat(last).unwrap());
        let rules = Rules {
            gap: Some(gap),
            ..rules()
        };
        rules.row(row, Some(&lake), &SAME)
    };
    assert_eq!(judged("2026-11-21T10:00:00Z").verdict, Verdict::Covered);
    let own = judged("2026-11-21T08:00:00Z");
    assert_eq!(own.verdict, Verdict::Pending);
    assert_eq!(
        own.explanation,
        "last heartbeat 4 h ago; `apply` replaced the pipeline stack: no rules from 2026-11-21 08:30Z to 2026-11-21 09:30Z"
    );
    assert_eq!(judged("2026-11-21T07:59:00Z").verdict, Verdict::Silent);
}

fn row(state: CoverageState, status: &str, detailed: &str) -> CoverageRow {
    CoverageRow {
        state,
        status: Some(status.into()).filter(|status: &String| !status.is_empty()),
        detailed_status: Some(detailed.into()).filter(|status: &String| !status.is_empty()),
        ..CoverageRow::new(&"000000000001".parse().unwrap(), Some(&"eu-central-1".parse().unwrap()))
    }
}

fn heartbeat(text: &str) -> Option<Heard> {
    Some(Heard {
        last_heartbeat: Some(at(text)),
        last_event: None,
        last_canary: Some(at("2026-11-21T00:00:00Z")),
    })
}

fn lake(row: &CoverageRow, heard: Heard) -> Signs {
    let at = row.at().unwrap();
    Signs {
        heard: BTreeMap::from([(at, heard)]),
        ..Signs::default()
    }
}

fn judged(row: CoverageRow, heard: Option<Heard>) -> (Verdict, String) {
    let lake = heard.map(|heard| lake(&row, heard));
    let judged = rules().row(row, lake.as_ref(), &SAME);
    (judged.verdict, judged.explanation)
}

#[test]
fn the_stacks_state_decides_before_any_heartbeat() {
    use Verdict::{Failed, NotEnrolled, Outdated, Pending, Skipped};
    let recent = heartbeat("2026-11-21T11:59:00Z");
    for (state, status, detailed, verdict, why) in [
        (
            CoverageState::Pending,
            "OUTDATED",
            "RUNNING",
            Pending,
            "an operation is at work",
        ),
        (
            CoverageState::Outdated,
            "OUTDATED",
            "CANCELLED",
            Outdated,
            "the last operation did not reach it",
        ),
        (
            CoverageState::Outdated,
            "OUTDATED",
            "FAILED",
            Failed,
            "the last operation ended in FAILED",
        ),
        (
            CoverageState::Inoperable,
            "INOPERABLE",
            "INOPERABLE",
            Failed,
            "no operation can work on the stack any more",
        ),
        (
            CoverageState::Missing,
            "",
            "",
            NotEnrolled,
            "in scope, but without a stack",
        ),
        (
            CoverageState::Unenrolled,
            "",
            "",
            NotEnrolled,
            "outside of the scope of pipetrail.toml",
        ),
        (
            CoverageState::Suspended,
            "OUTDATED",
            "SKIPPED_SUSPENDED_ACCOUNT",
            Skipped,
            "the account is suspended or closed",
        ),
    ] {
        for heard in [None, Some(Heard::default()), recent] {
            let found = judged(row(state, status, detailed), heard);
            assert_eq!(found, (verdict, why.to_owned()), "{state} {detailed}");
        }
    }
}

#[test]
fn a_current_stack_is_judged_by_its_heartbeats() {
    use Verdict::{Covered, Silent, Unknown};
    for (heard, verdict, why) in [
        (None, Unknown, "the lake was not read"),
        (heartbeat("2026-11-21T11:59:00Z"), Covered, "last heartbeat 60 s ago"),
        (heartbeat("2026-11-21T12:00:05Z"), Covered, "last heartbeat just now"),
        (heartbeat("2026-11-21T09:00:00Z"), Covered, "last heartbeat 3 h ago"),
        (heartbeat("2026-11-21T08:59:59Z"), Silent, "last heartbeat 3 h ago"),
        (heartbeat("2026-11-18T12:00:00Z"), Silent, "last heartbeat 3 days ago"),
        (Some(Heard::default()), Silent, "no heartbeat for 3 h or longer"),
    ] {
        let found = judged(row(CoverageState::Current, "CURRENT", "SUCCEEDED"), heard);
        assert_eq!(found, (verdict, why.to_owned()), "{heard:?}");
    }
}

#[test]
fn what_was_deployed_lately_may_still_be_waited_for() {
    let deployed = |time: &str| CoverageRow {
        deployed_at: Some(at(time)),
        ..row(CoverageState::Current, "CURRENT", "SUCCEEDED")
    };
    let lately = "2026-11-21T11:50:00Z";
    let pending = (Verdict::Pending, "deployed 10 min ago, no heartbeat yet".to_owned());
    assert_eq!(judged(deployed(lately), Some(Heard::default())), pending);
    // It was silent before, and is deployed anew.
    assert_eq!(judged(deployed(lately), heartbeat("2026-11-21T01:00:00Z")), pending);
    assert_eq!(
        judged(deployed("2026-11-21T08:00:00Z"), Some(Heard::default())).0,
        Verdict::Silent
    );
    // Without the lake nobody knows.
    assert_eq!(judged(deployed(lately), None).0, Verdict::Unknown);
}

#[test]
fn a_stack_outside_of_the_scope_is_judged_alike_and_said_to_be_outside() {
    let (verdict, why) = judged(
        row(CoverageState::OutOfScope, "CURRENT", "SUCCEEDED"),
        heartbeat("2026-11-21T11:00:00Z"),
    );
    assert_eq!(verdict, Verdict::Covered);
    assert!(why.ends_with("; outside of the scope of pipetrail.toml"), "{why}");
    let (verdict, _) = judged(row(CoverageState::OutOfScope, "OUTDATED", "FAILED"), None);
    assert_eq!(verdict, Verdict::Failed);
}

#[test]
fn aws_reason_and_drift_are_part_of_the_explanation() {
    let drifted = CoverageRow {
        reason: Some("Rule pipetrail-forward already exists".into()),
        drift: Some(Drift {
            status: "DRIFTED".into(),
            checked_at: None,
        }),
        ..row(CoverageState::Outdated, "OUTDATED", "FAILED")
    };
    assert_eq!(
        judged(drifted, None).1,
        "Rule pipetrail-forward already exists; the stack was changed by hand (drifted); something of that name \
         exists there already: find out whose it is, rename or remove it, then apply again"
    );
}

#[test]
fn only_what_is_in_scope_or_named_has_to_be_covered() {
    let good = |state, named| rules().row(row(state, "", ""), None, &SAME).is_good(named);
    assert!(good(CoverageState::Unenrolled, false) && good(CoverageState::Suspended, true));
    assert!(!good(CoverageState::Unenrolled, true) && !good(CoverageState::Missing, false));
    let current = row(CoverageState::Current, "CURRENT", "SUCCEEDED");
    let lake = lake(&current, heartbeat(NOW).unwrap());
    let covered = rules().row(current, Some(&lake), &SAME);
    assert!(covered.is_good(true));
}

#[test]
fn silence_begins_after_three_intervals_but_not_before_an_hour_and_the_delivery() {
    let minutes = |schedule: &str| silent_after(schedule, 300).as_secs() / 60;
    assert_eq!(minutes("rate(1 hour)"), 185);
    assert_eq!(minutes("rate(5 minutes)"), 65);
    assert_eq!(minutes("rate(1 minute)"), 65);
    assert_eq!(minutes("rate(2 days)"), 3 * 48 * 60 + 5);
    assert_eq!(minutes("cron(0 * * * ? *)"), 185);
    assert_eq!(minutes("rate(a while)"), 185);
    assert_eq!(minutes("rate(999999999999 days)"), 185);
}

#[test]
fn the_words_on_the_command_line_are_those_of_the_json() {
    use clap::ValueEnum;
    for verdict in Verdict::value_variants() {
        let word = verdict.to_possible_value().unwrap();
        assert_eq!(serde_json::to_value(verdict).unwrap(), word.get_name());
    }
}

#[test]
fn a_heartbeat_covers_only_where_the_template_stands() {
    let recent = heartbeat("2026-11-21T11:59:00Z");
    let current = || row(CoverageState::Current, "CURRENT", "SUCCEEDED");
    let judged = |looked: &Looked, heard: Option<Heard>| {
        let lake = heard.map(|heard| lake(&current(), heard));
        rules().row(current(), lake.as_ref(), looked)
    };
    let difference = |fact: &str| Difference {
        fact: fact.to_owned(),
        found: "null".to_owned(),
        expected: "1".to_owned(),
    };
    let differences = ["a", "b", "c", "d"].map(difference).to_vec();
    let changed = judged(&Looked::Compared(differences), recent);
    assert_eq!(changed.verdict, Verdict::Differs);
    assert_eq!(
        changed.explanation,
        "a is gone; b is gone; c is gone; 1 more differences; last heartbeat 60 s ago"
    );
    assert_eq!(changed.differences.map(|all| all.len()), Some(4));

    let unread = Looked::Unread("cannot DescribeRule".to_owned());
    let unseen = judged(&unread, recent);
    assert_eq!((unseen.verdict, unseen.differences.is_none()), (Verdict::Unknown, true));
    assert_eq!(unseen.explanation, "last heartbeat 60 s ago; cannot DescribeRule");
    // Silence is known without a look.
    let silent = judged(&unread, heartbeat("2026-11-21T01:00:00Z"));
    assert_eq!(silent.verdict, Verdict::Silent);
    assert_eq!(judged(&SAME, recent).verdict, Verdict::Covered);
    assert_eq!(judged(&SAME, None).verdict, Verdict::Unknown);
}

#[test]
fn a_stack_that_is_merely_behind_is_outdated_and_one_that_was_changed_differs() {
    let judged = |detailed: &str, looked: &Looked| {
        let row = row(CoverageState::Outdated, "OUTDATED", detailed);
        let judged = rules().row(row, None, looked);
        (judged.verdict, judged.differences.map(|all| all.len()))
    };
    let difference = Difference {
        fact: "state of rule pipetrail-forward".to_owned(),
        found: "\"DISABLED\"".to_owned(),
        expected: "\"ENABLED\"".to_owned(),
    };
    let changed = Looked::Compared(vec![difference]);
    let unread = Looked::Unread("nobody looked into it".to_owned());
    assert_eq!(judged("SUCCEEDED", &SAME), (Verdict::Outdated, Some(0)));
    assert_eq!(judged("SUCCEEDED", &changed), (Verdict::Differs, Some(1)));
    assert_eq!(judged("SUCCEEDED", &unread), (Verdict::Outdated, None));
    // Half of an operation is no difference.
    assert_eq!(judged("FAILED", &changed), (Verdict::Failed, None));
}

#[test]
fn what_a_member_wrote_shows_no_hidden_text() {
    let difference = Difference {
        fact: "pattern of rule pipetrail-forward".to_owned(),
        found: "\"\u{202e}desrever\u{1b}[2J\"".to_owned(),
        expected: "1".to_owned(),
    };
    let looked = Looked::Compared(vec![difference]);
    let shown = rules().row(row(CoverageState::Current, "CURRENT", "SUCCEEDED"), None, &looked);
    assert!(
        !shown.explanation.contains(['\u{202e}', '\u{1b}']),
        "{}",
        shown.explanation
    );
}

#[test]
fn a_trail_that_stops_covers_nothing() {
    let heard = |canary: Option<&str>| {
        Some(Heard {
            last_heartbeat: Some(at("2026-11-21T11:59:00Z")),
            last_canary: canary.map(at),
            last_event: None,
        })
    };
    let verdict = |canary: Option<&str>, deployed: Option<&str>| {
        let mut row = row(CoverageState::Current, "CURRENT", "SUCCEEDED");
        row.deployed_at = deployed.map(at);
        judged(row, heard(canary)).0
    };
    let (old, lately) = (Some("2026-11-20T10:59:00Z"), Some("2026-11-20T11:01:00Z"));
    assert_eq!(verdict(old, None), Verdict::NoTrail);
    assert_eq!(verdict(lately, None), Verdict::Covered);
    assert_eq!(verdict(None, old), Verdict::NoTrail);
    // Too young.
    assert_eq!(verdict(None, lately), Verdict::Covered);
    // Neither is known any more: nobody knows whether the trail delivers.
    assert_eq!(verdict(None, None), Verdict::Unknown);
    // Deployed again since: the call comes within a day of that.
    assert_eq!(verdict(old, lately), Verdict::Covered);
    // A record of the time without rules comes with the replay.
    let judged = |minutes: i64| {
        let row = row(CoverageState::Current, "CURRENT", "SUCCEEDED");
        let lake = lake(&row, heard(old).unwrap());
        let begun = at("2026-11-21T10:00:00Z");
        let gap = Gap {
            from: begun,
            rules_off: Some(begun),
            until: Some(begun + SignedDuration::from_mins(minutes)),
            done: false,
        };
        let rules = Rules {
            gap: Some(gap),
            ..rules()
        };
        rules.row(row, Some(&lake), &SAME).verdict
    };
    assert_eq!((judged(2), judged(0)), (Verdict::Covered, Verdict::NoTrail));
}
