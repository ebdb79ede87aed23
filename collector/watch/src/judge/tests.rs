//! When something is told, and when not.

use pipetrail_member::roster::{Settings, Standing};
use pipetrail_member::{Parameters, Version};
use proptest::prelude::*;

use super::*;

const START: &str = "2026-11-20T00:00:00Z";

fn place(number: u32) -> AccountRegion {
    AccountRegion {
        account: format!("{number:012}").parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    }
}

fn start() -> Timestamp {
    START.parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// A list of so many members, written at the start; they are on it for a long time.
fn roster(members: u32) -> Roster {
    roster_of((1..=members).map(|number| (place(number), Standing::Current)), start())
}

pub(crate) fn roster_of(places: impl Iterator<Item = (AccountRegion, Standing)>, written_at: Timestamp) -> Roster {
    let version = Version::current(&Parameters {
        audit_bus_arn: "arn:aws:events:eu-central-1:999988887777:event-bus/pipetrail".to_owned(),
        heartbeat_schedule: "rate(1 hour)".to_owned(),
    });
    let settings = Settings {
        organization: "o-abcdefghij".to_owned(),
        audit_account: "999988887777".parse().unwrap(),
        home: "eu-central-1".parse().unwrap(),
        reader_regions: vec!["eu-central-1".parse().unwrap()],
        external_id: "o-abcdefghij".to_owned(),
        silent_after_seconds: 3 * 3600 + 300,
    };
    Roster::next(None, settings, &version, places.collect(), written_at)
}

fn pass() -> Pass {
    Pass {
        began: start(),
        after: None,
        ended: true,
    }
}

fn differs(found: &str) -> Look {
    Look::Differs(vec![Difference {
        fact: "pattern".to_owned(),
        found: found.to_owned(),
        expected: "x".to_owned(),
    }])
}

/// Runs hour after hour; what was told is kept, and must never contradict itself.
struct Runs {
    roster: Roster,
    now: Timestamp,
    state: Option<State>,
    open: Vec<(AccountRegion, Condition)>,
    told: Vec<Judgement>,
}

impl Runs {
    fn of(roster: Roster) -> Self {
        Runs {
            now: start() + hours(48),
            roster,
            state: None,
            open: vec![],
            told: vec![],
        }
    }

    /// A heartbeat and a canary of this moment from all but those.
    fn all_heard_but(&self, silent: impl Fn(&AccountRegion) -> bool) -> BTreeMap<AccountRegion, LastSigns> {
        let signs = LastSigns {
            heartbeat: Some(self.now),
            canary: Some(self.now),
        };
        let places = self.roster.members.keys().filter(|place| !silent(place));
        places.map(|place| (place.clone(), signs)).collect()
    }

    /// One run, an hour after the last; all are heard.
    fn look(&mut self, looks: &[(u32, Look)]) -> &Judgement {
        self.now += hours(1);
        let heard = Some(self.all_heard_but(|_| false));
        let looks = looks.iter().cloned().map(|(number, look)| (place(number), look));
        self.observe(&Observations {
            looks: looks.collect(),
            heard,
        })
    }

    fn observe(&mut self, observed: &Observations) -> &Judgement {
        let judged = judge(self.state.as_ref(), self.now, &self.roster, observed, pass());
        let text = serde_json::to_string(&judged.state).unwrap();
        assert_eq!(State::parse(text.as_bytes()).unwrap(), judged.state);
        let by_name = judged.changes.iter();
        let mut began: Vec<(AccountRegion, Condition)> =
            by_name.clone().flat_map(|c| pairs(&c.place, &c.began)).collect();
        let mut ended: Vec<(AccountRegion, Condition)> = by_name.flat_map(|c| pairs(&c.place, &c.ended)).collect();
        if let Some(storm) = &judged.storm {
            began.extend(storm.began.iter().flat_map(|(place, all)| pairs(place, all)));
            ended.extend(storm.ended.iter().flat_map(|(place, all)| pairs(place, all)));
            for (place, condition) in storm.lasting.iter().flat_map(|(place, all)| pairs(place, all)) {
                assert!(is_open(&self.open, &place, &condition), "{place} lasts and never began");
            }
        }
        for (place, condition) in ended {
            let at = self.open.iter().position(|(p, c)| *p == place && c.is(&condition));
            let at = at.unwrap_or_else(|| panic!("{place} {condition:?} ends and never began"));
            self.open.swap_remove(at);
        }
        for (place, condition) in began {
            assert!(
                !is_open(&self.open, &place, &condition),
                "{place} {condition:?} begins twice"
            );
            self.open.push((place, condition));
        }
        // What lasts is what was told and has not ended.
        let mut held: Vec<(AccountRegion, Kind)> = judged
            .state
            .conditions
            .iter()
            .flat_map(|(place, held)| held.iter().map(|held| (place.clone(), held.condition.kind())))
            .collect();
        let mut open: Vec<(AccountRegion, Kind)> =
            self.open.iter().map(|(place, c)| (place.clone(), c.kind())).collect();
        held.sort();
        open.sort();
        assert_eq!(held, open);
        self.state = Some(judged.state.clone());
        self.told.push(judged);
        self.told.last().unwrap()
    }

    fn messages(&self) -> Vec<usize> {
        let messages = |judged: &Judgement| judged.changes.len() + usize::from(judged.storm.is_some());
        self.told.iter().map(messages).collect()
    }
}

fn pairs(place: &AccountRegion, conditions: &[Condition]) -> Vec<(AccountRegion, Condition)> {
    conditions
        .iter()
        .map(|condition| (place.clone(), condition.clone()))
        .collect()
}

fn is_open(open: &[(AccountRegion, Condition)], place: &AccountRegion, condition: &Condition) -> bool {
    open.iter().any(|(p, c)| p == place && c.is(condition))
}

#[test]
fn a_difference_is_told_once_when_it_begins_and_once_when_it_ends() {
    let mut runs = Runs::of(roster(20));
    runs.look(&[(1, Look::Fine), (2, Look::Fine)]);
    let began = runs.look(&[(1, differs("narrow")), (2, Look::Fine)]);
    assert_eq!(began.changes.len(), 1);
    assert_eq!(began.changes[0].place, place(1));
    assert!(
        matches!(&began.changes[0].began[0], Condition::Differs { what, found, .. } if what == "pattern" && found == "narrow")
    );
    runs.look(&[(1, differs("narrow"))]);
    // Nobody looked: it is not over.
    runs.look(&[]);
    let ended = runs.look(&[(1, Look::Fine)]);
    assert_eq!((ended.changes[0].began.len(), ended.changes[0].ended.len()), (0, 1));
    assert_eq!(runs.messages(), [0, 1, 0, 0, 1]);
}

#[test]
fn a_difference_that_was_told_does_not_hide_the_next_one() {
    let mut runs = Runs::of(roster(20));
    runs.look(&[(1, differs("a little"))]);
    let more = runs.look(&[(1, differs("much"))]);
    assert_eq!((more.changes[0].began.len(), more.changes[0].ended.len()), (1, 1));
    assert_eq!(runs.messages(), [1, 1]);
}

#[test]
fn a_read_that_fails_is_told_when_it_fails_twice_and_mends_no_difference() {
    let failed = || Look::Failed("Throttling".to_owned());
    let mut runs = Runs::of(roster(20));
    runs.look(&[(1, differs("narrow")), (2, failed())]);
    runs.look(&[(1, failed()), (2, Look::Fine)]);
    assert_eq!(runs.messages(), [1, 0]);
    let twice = runs.look(&[(1, failed())]);
    assert_eq!(twice.changes[0].began.len(), 1);
    assert!(matches!(&twice.changes[0].began[0], Condition::Unreadable { why } if why == "Throttling"));
    let read = runs.look(&[(1, differs("narrow"))]);
    assert_eq!(read.changes[0].ended.len(), 1);
    assert!(matches!(read.changes[0].ended[0], Condition::Unreadable { .. }));
    // A refusal is told at once.
    let refused = Look::Unreadable("AccessDenied".to_owned());
    assert_eq!(runs.look(&[(3, refused)]).changes.len(), 1);
    assert_eq!(runs.messages(), [1, 0, 1, 1, 1]);
}

#[test]
fn silence_and_a_missing_canary_are_told_by_their_own_clocks() {
    let mut runs = Runs::of(roster(20));
    let quiet = |place_of: &AccountRegion| *place_of == place(4);
    let first = runs.all_heard_but(|_| false);
    let last = runs.now;
    runs.observe(&Observations {
        heard: Some(first),
        ..Observations::default()
    });
    let mut told = vec![];
    for hour in 1..=30 {
        runs.now += hours(1);
        let heard = Some(runs.all_heard_but(quiet));
        let observed = Observations {
            heard,
            ..Observations::default()
        };
        for change in &runs.observe(&observed).changes {
            told.push((hour, change.place.clone(), change.began.clone()));
        }
    }
    let silent = (4, place(4), vec![Condition::Silent { since: last }]);
    let no_canary = (26, place(4), vec![Condition::NoCanary { since: last }]);
    assert_eq!(told, [silent, no_canary]);
    // A lake that cannot be asked ends nothing and begins nothing.
    runs.now += hours(100);
    assert_eq!(runs.observe(&Observations::default()).changes, []);
    runs.now += hours(1);
    let heard = Some(runs.all_heard_but(|_| false));
    let all = runs.observe(&Observations {
        heard,
        ..Observations::default()
    });
    assert_eq!(all.changes[0].ended.len(), 2);
}

#[test]
fn an_outage_is_one_message_and_names_follow_where_it_lasts() {
    let mut runs = Runs::of(roster(200));
    runs.look(&[]);
    runs.now += hours(4);
    let nobody = || Observations {
        heard: Some(BTreeMap::new()),
        ..Observations::default()
    };
    let storm = runs.observe(&nobody()).storm.clone().unwrap();
    assert_eq!((storm.began.len(), storm.lasting.len()), (200, 0));
    // Five are back, the others are named, once.
    runs.now += hours(1);
    let mut five = runs.all_heard_but(|_| false);
    five.retain(|place_of, _| *place_of <= place(5));
    let observed = Observations {
        heard: Some(five),
        ..Observations::default()
    };
    let storm = runs.observe(&observed).storm.clone().unwrap();
    assert_eq!((storm.began.len(), storm.lasting.len(), storm.ended.len()), (0, 195, 5));
    runs.now += hours(1);
    assert!(runs.observe(&nobody()).storm.is_none());
    runs.look(&[]);
    let ended = runs.told.last().unwrap();
    assert_eq!(ended.storm.as_ref().unwrap().ended.len(), 195);
    assert_eq!(runs.messages(), [0, 1, 1, 0, 1]);
}

#[test]
fn ten_or_a_twentieth_are_told_by_name() {
    for (members, many, by_name) in [(20, 10, 10), (20, 11, 0), (400, 20, 20), (400, 21, 0)] {
        let mut runs = Runs::of(roster(members));
        let looks: Vec<_> = (1..=many).map(|number| (number, differs("x"))).collect();
        let judged = runs.look(&looks);
        assert_eq!(judged.changes.len(), by_name, "{many} of {members}");
        assert_eq!(judged.storm.is_some(), by_name == 0);
    }
}

#[test]
fn whoever_is_taken_out_is_watched_no_more_and_what_was_told_ends() {
    let mut runs = Runs::of(roster(20));
    runs.look(&[(1, differs("x")), (2, differs("x"))]);
    let places = (1..=20).map(|number| match number {
        1 => (place(1), Standing::Leaving),
        _ => (place(number), Standing::Current),
    });
    runs.roster = roster_of(places.filter(|(at, _)| *at != place(2)), runs.now);
    let judged = runs.look(&[(1, differs("gone"))]);
    assert_eq!(judged.members, 18);
    assert_eq!(judged.changes.len(), 2);
    assert!(
        judged
            .changes
            .iter()
            .all(|change| change.left && change.began.is_empty())
    );
    // Its last heartbeat makes it no newcomer while it is being taken out.
    assert!(judged.state.newcomers.is_empty());
}

#[test]
fn whoever_joins_by_itself_is_watched_from_its_first_heartbeat_and_settles_for_an_hour() {
    let mut runs = Runs::of(roster(20));
    let join = |runs: &mut Runs, looks: &[(u32, Look)]| {
        runs.now += hours(1);
        let mut heard = runs.all_heard_but(|_| false);
        let beat = Some(runs.now);
        heard.insert(
            place(77),
            LastSigns {
                heartbeat: beat,
                canary: beat,
            },
        );
        let looks = looks.iter().cloned().map(|(number, look)| (place(number), look));
        runs.observe(&Observations {
            looks: looks.collect(),
            heard: Some(heard),
        })
        .clone()
    };
    assert_eq!(join(&mut runs, &[]).members, 21);
    // Its stack may not be complete in the run that hears it first.
    runs.state = None;
    assert_eq!(join(&mut runs, &[(77, differs("x"))]).changes, []);
    let judged = join(&mut runs, &[(77, differs("x"))]);
    assert_eq!(judged.changes.len(), 1);
    assert_eq!(judged.changes[0].place, place(77));
    // A newer list does not have it: it leaves, unless it is heard again.
    runs.roster = roster_of((1..=20).map(|number| (place(number), Standing::Current)), runs.now);
    let judged = runs.look(&[]);
    assert_eq!(judged.members, 20);
    assert!(judged.changes[0].left);
    // What was heard before the list was written makes nobody a member.
    let before = BTreeMap::from([(
        place(88),
        LastSigns {
            heartbeat: Some(start()),
            canary: None,
        },
    )]);
    let observed = Observations {
        heard: Some(before),
        ..Observations::default()
    };
    assert_eq!(runs.observe(&observed).members, 20);
}

#[test]
fn a_lost_memory_tells_everything_again_and_hides_nothing() {
    let mut runs = Runs::of(roster(20));
    let wrong = [(1, differs("x")), (2, Look::Unreadable("AccessDenied".to_owned()))];
    assert_eq!(runs.look(&wrong).changes.len(), 2);
    (runs.state, runs.open) = (None, vec![]);
    assert_eq!(runs.look(&wrong).changes.len(), 2);
    for (text, expected) in [
        ("", "no memory"),
        ("{\"format\":1}", "no memory"),
        ("{\"format\":9}", "format 9"),
    ] {
        let error = State::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

fn looks() -> impl Strategy<Value = Vec<(u32, Look)>> {
    let look = prop_oneof![
        Just(Look::Fine),
        Just(differs("a")),
        Just(differs("b")),
        Just(Look::Unreadable("AccessDenied".to_owned())),
        Just(Look::Failed("Throttling".to_owned())),
    ];
    prop::collection::vec((1..=40_u32, look), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// `observe` holds: no begin twice, no end without a begin, what lasts is what was told, every state survives.
    #[test]
    fn every_begin_has_one_end_and_the_same_is_told_once(rounds in prop::collection::vec((looks(), any::<u64>()), 1..12)) {
        let mut runs = Runs::of(roster(40));
        for (looks, silent) in rounds {
            runs.now += hours(1);
            let number = |place: &AccountRegion| place.account.as_str().parse::<u64>().unwrap();
            let heard = Some(runs.all_heard_but(|place| silent >> (number(place) % 64) & 1 == 1));
            let looks: BTreeMap<AccountRegion, Look> = looks.into_iter().map(|(number, look)| (place(number), look)).collect();
            let observed = Observations { looks, heard };
            let began = runs.observe(&observed);
            // Ten begin and ten end by name: more are a storm.
            prop_assert!(began.changes.len() <= 20, "{}", began.changes.len());
            // The same once more: nothing begins or ends but reads that have failed twice by now.
            runs.observe(&observed);
            let third = runs.observe(&observed).clone();
            prop_assert_eq!(third.changes, vec![]);
            let quiet = third.storm.is_none_or(|storm| storm.began.is_empty() && storm.ended.is_empty());
            prop_assert!(quiet);
            prop_assert!(runs.observe(&observed).storm.is_none());
        }
        let fine: Vec<_> = (1..=40).map(|number| (number, Look::Fine)).collect();
        runs.look(&fine);
        prop_assert!(runs.open.is_empty());
        runs.look(&fine);
        prop_assert_eq!(runs.messages().pop(), Some(0));
    }

    /// In which of two runs a place is looked into changes when it is told, not what.
    #[test]
    fn the_order_of_looking_does_not_matter(looks in looks(), first in any::<u64>()) {
        let looks: BTreeMap<u32, Look> = looks.into_iter().collect();
        let (one, two): (Vec<_>, Vec<_>) = looks.into_iter().partition(|(number, _)| first >> (number % 64) & 1 == 1);
        let told = |rounds: [&[(u32, Look)]; 2]| {
            let mut runs = Runs::of(roster(40));
            for looks in rounds {
                runs.look(looks);
            }
            let mut open = runs.open;
            open.sort();
            open
        };
        prop_assert_eq!(told([&one, &two]), told([&two, &one]));
    }

    /// However many there are: what begins in more places than a few is one message.
    #[test]
    fn no_run_sends_more_than_the_rule_allows(looks in looks()) {
        let mut runs = Runs::of(roster(40));
        let wrong = looks.iter().map(|(number, look)| (*number, look.clone())).collect::<BTreeMap<_, _>>();
        let wrong = wrong.values().filter(|look| matches!(look, Look::Differs(_) | Look::Unreadable(_))).count();
        runs.look(&looks);
        let expected = if wrong > 10 { 1 } else { wrong };
        prop_assert_eq!(runs.messages(), [expected]);
    }
}
