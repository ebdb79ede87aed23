use super::*;

const ELSEWHERE: fn() -> Place = || Place::Other("http://127.0.0.1:4566".into());

fn verdicts(judged: &[Judged]) -> Vec<Verdict> {
    judged.iter().map(|judged| judged.verdict).collect()
}

#[test]
fn what_is_taken_is_refuted_where_the_control_is_refused_and_says_nothing_where_it_is_taken() {
    let lacks = Control::Lacks("a bucket that denies every PUT took one".into());
    let of = |status, control: &Control| refused("a plain PUT", Answer { status }, &[403], control);
    assert_eq!(
        verdicts(&[
            of(403, &Control::Works),
            of(403, &lacks),
            of(200, &Control::Works),
            of(200, &lacks),
            of(204, &Control::Unknown("no".into())),
            of(500, &Control::Works),
        ]),
        [
            Verdict::Proven,
            Verdict::Proven,
            Verdict::Refuted,
            Verdict::NotPossible,
            Verdict::NotPossible,
            Verdict::NotPossible
        ]
    );
    let said = of(200, &lacks).observed;
    assert_eq!(
        said,
        "a plain PUT was taken (200), but a bucket that denies every PUT took one"
    );
}

#[test]
fn a_record_without_retention_is_refuted_only_where_locks_work() {
    let until = "2026-12-01T00:00:00Z";
    let lacks = Control::Lacks("CloudFormation made a bucket without Object Lock".into());
    assert_eq!(
        verdicts(&[
            retention(Some(("GOVERNANCE", until)), &Control::Works),
            retention(Some(("COMPLIANCE", until)), &Control::Works),
            retention(None, &Control::Works),
            retention(None, &lacks),
        ]),
        [
            Verdict::Proven,
            Verdict::Refuted,
            Verdict::Refuted,
            Verdict::NotPossible
        ]
    );
}

#[test]
fn an_endpoint_of_aws_is_aws_and_another_is_not() {
    assert_eq!(Place::of(None), Place::Aws);
    assert_eq!(
        Place::of(Some("https://vpce-1.s3.eu-central-1.vpce.amazonaws.com/x")),
        Place::Aws
    );
    for other in ["http://127.0.0.1:4566", "https://amazonaws.com.example", "nowhere"] {
        assert_eq!(Place::of(Some(other)), Place::Other(other.into()));
    }
}

#[test]
fn what_is_missing_is_refuted_on_aws_and_not_possible_elsewhere() {
    assert_eq!(Place::Aws.missed("nothing").verdict, Verdict::Refuted);
    let elsewhere = ELSEWHERE().missed("nothing landed");
    assert_eq!(
        elsewhere.observed,
        "nothing landed, and http://127.0.0.1:4566 is not AWS"
    );
    assert_eq!(elsewhere.verdict, Verdict::NotPossible);
    // A dead letter is a diagnosis anywhere.
    let dead = ["NO_PERMISSIONS".to_owned()];
    assert_eq!(heartbeat(None, 120, &dead, &ELSEWHERE()).verdict, Verdict::Refuted);
    assert_eq!(heartbeat(Some(70), 120, &[], &Place::Aws).verdict, Verdict::Proven);
    assert_eq!(heartbeat(None, 120, &[], &Place::Aws).verdict, Verdict::Refuted);
}

#[test]
fn an_answer_that_is_no_refusal_proves_nothing_of_a_policy() {
    assert_eq!(
        verdicts(&[
            put_events(None, true),
            put_events(None, false),
            put_events(Some("AccessDeniedException"), true),
            put_events(Some("AccessDeniedException"), false),
            put_events(Some("NotAuthorizedForSourceException"), false),
            put_events(Some("ResourceNotFoundException"), false),
            put_events(Some("ResourceNotFoundException"), true),
        ]),
        [
            Verdict::Proven,
            Verdict::Refuted,
            Verdict::Refuted,
            Verdict::Proven,
            Verdict::Proven,
            Verdict::NotPossible,
            Verdict::NotPossible
        ]
    );
}

#[test]
fn a_change_set_without_resources_or_with_a_reason_is_none() {
    assert_eq!(
        change_set("CREATE_COMPLETE", None, 31, &Place::Aws).observed,
        "31 resources"
    );
    assert_eq!(
        change_set("CREATE_COMPLETE", None, 0, &Place::Aws).verdict,
        Verdict::Refuted
    );
    assert_eq!(
        change_set("CREATE_COMPLETE", None, 0, &ELSEWHERE()).verdict,
        Verdict::NotPossible
    );
    let failed = change_set("FAILED", Some("Unresolved resource dependencies"), 0, &ELSEWHERE());
    assert_eq!(failed, Judged::refuted("FAILED: Unresolved resource dependencies"));
}

#[test]
fn a_file_lands_with_its_day_before_its_name() {
    let of = |key: &str| landed("heartbeats", &[key.to_owned()], &Place::Aws).verdict;
    assert_eq!(
        of("landing/heartbeats/2026-11-30-pipetrail-heartbeats-1.parquet"),
        Verdict::Proven
    );
    assert_eq!(of("landing/heartbeats/2026/11/30/x.parquet"), Verdict::Refuted);
    assert_eq!(of("landing/heartbeats/2026-11-30"), Verdict::Refuted);
    assert_eq!(landed("heartbeats", &[], &Place::Aws).verdict, Verdict::Refuted);
}

#[test]
fn an_event_is_claimed_by_its_table_and_by_no_other() {
    let rules = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let wanted = rules(&["pipetrail-approval_calls", "pipetrail-decisions"]);
    assert_eq!(claimed(&wanted, &wanted).verdict, Verdict::Proven);
    assert_eq!(
        claimed(&rules(&["pipetrail-decisions"]), &wanted).verdict,
        Verdict::Refuted
    );
    assert_eq!(claimed(&rules(&[]), &rules(&[])).verdict, Verdict::Proven);
}

#[test]
fn states_counts_and_tokens_are_told_with_what_is_wrong() {
    let state = |state: &str| ("pipetrail-heartbeats".to_owned(), state.to_owned());
    assert_eq!(streams(&[state("ACTIVE")]).verdict, Verdict::Proven);
    assert_eq!(
        streams(&[state("CREATING_FAILED")]).observed,
        "pipetrail-heartbeats is CREATING_FAILED"
    );
    assert_eq!(preconditions(&[], 12).verdict, Verdict::Proven);
    assert_eq!(preconditions(&["regions-audit"], 12).observed, "failed: regions-audit");
    assert_eq!(
        verdicts(&[once(1), once(2), once(0)]),
        [Verdict::Proven, Verdict::Refuted, Verdict::Refuted]
    );
    assert_eq!(
        verdicts(&[token(3, &[]), token(3, &["alert"]), token(0, &[])]),
        [Verdict::Proven, Verdict::Refuted, Verdict::NotPossible]
    );
    assert_eq!(
        verdicts(&[token(2, &[]), token(1, &["row"])]),
        [Verdict::NotPossible, Verdict::Refuted]
    );
}

#[test]
fn lake_formation_is_refuted_only_by_what_was_seen_not_to_work() {
    let of = |streams, rows| lake_formation(streams, rows, "not left to IAM").verdict;
    let [proven, refuted, not_possible] = Verdict::ALL.map(Some);
    assert_eq!(of(proven, proven), Verdict::Proven);
    for (streams, rows) in [(refuted, None), (proven, refuted), (not_possible, refuted)] {
        assert_eq!(of(streams, rows), Verdict::Refuted);
    }
    for (streams, rows) in [
        (None, None),
        (proven, not_possible),
        (proven, None),
        (not_possible, proven),
    ] {
        assert_eq!(of(streams, rows), Verdict::NotPossible);
    }
}

#[test]
fn a_refusal_of_the_bus_says_something_only_of_a_role_that_may_put_events_at_all() {
    let denied = Some("AccessDeniedException");
    assert_eq!(
        verdicts(&[
            stranger(None, denied),
            stranger(denied, denied),
            stranger(None, None),
            stranger(denied, None),
            stranger(None, Some("ResourceNotFoundException")),
        ]),
        [
            Verdict::Proven,
            Verdict::NotPossible,
            Verdict::Refuted,
            Verdict::Refuted,
            Verdict::NotPossible
        ]
    );
}

#[test]
fn another_source_is_refused_alone_and_beside_a_heartbeat() {
    let denied = Some("AccessDeniedException");
    let other = Some("ThrottlingException");
    assert_eq!(
        verdicts(&[
            sources(denied, denied),
            sources(None, denied),
            sources(denied, None),
            sources(other, None),
            sources(other, denied),
            sources(denied, other),
        ]),
        [
            Verdict::Proven,
            Verdict::Refuted,
            Verdict::Refuted,
            Verdict::Refuted,
            Verdict::NotPossible,
            Verdict::NotPossible
        ]
    );
    assert_eq!(sources(denied, None).observed, "beside a heartbeat: PutEvents took it");
}
