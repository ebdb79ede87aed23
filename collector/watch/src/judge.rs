//! From what was known and what is observed to what is known next and what is to be told. Pure: no clock, no
//! network; in which order things are observed does not matter.
//!
//! A condition is told when it begins and when it ends, with account and region. Where it begins in very many places
//! at once it is no one's doing, and a message for each would bury the one that matters: one alert gives the number,
//! and names follow in one message where it lasts until it is observed again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use pipetrail_member::roster::Member;
use pipetrail_member::{Difference, Roster};
use pipetrail_names::AccountRegion;
use pipetrail_names::member::CANARY_HOURS;

use crate::condition::{Condition, Kind};
use crate::pass::Pass;
use crate::state::{FORMAT, Held, LastSigns, State, Told};

/// More places than this, and a larger part of all than one in [`PART`], are a storm.
const MANY: usize = 10;
const PART: usize = 20;

/// How long a place that came onto the list is left to be finished: its stack's resources come one after another, and
/// the reader's role with the stack of another region.
const SETTLES: SignedDuration = SignedDuration::from_hours(1);

/// How long the canary may stay away: its interval, and CloudTrail's delay.
const CANARY: SignedDuration = SignedDuration::from_hours(CANARY_HOURS);

/// How much younger than the list a heartbeat must be to say that somebody joined: clocks differ, and what was taken
/// off the list has sent its last heartbeat shortly before.
const MARGIN: SignedDuration = SignedDuration::from_mins(15);

/// What looking into a place came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is as a version says that counts, the newest or one before.
    Fine,
    Differs(Vec<Difference>),
    /// AWS refuses to let the reader look.
    Unreadable(String),
    /// No answer, or a throttled one: it may pass.
    Failed(String),
}

/// What a run observed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observations {
    /// By those who were looked into.
    pub looks: BTreeMap<AccountRegion, Look>,
    /// What the lake has heard; `None` where it could not be asked.
    pub heard: Option<BTreeMap<AccountRegion, LastSigns>>,
}

/// What a run comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub state: State,
    /// What is told by account and region.
    pub changes: Vec<Change>,
    /// What is told in one message.
    pub storm: Option<Storm>,
    /// How many places are watched.
    pub members: usize,
}

/// What began and ended in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub place: AccountRegion,
    pub began: Vec<Condition>,
    pub ended: Vec<Condition>,
    /// It is watched no more: that is why it ended.
    pub left: bool,
}

/// What began, lasts and ended in many places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Storm {
    /// Told by number.
    pub began: BTreeMap<AccountRegion, Vec<Condition>>,
    /// Told by number before, and by name now.
    pub lasting: BTreeMap<AccountRegion, Vec<Condition>>,
    pub ended: BTreeMap<AccountRegion, Vec<Condition>>,
}

/// Who is watched in a place, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Ids of the versions that count, the newest first.
    pub versions: Vec<String>,
    pub since: Timestamp,
}

/// Who is watched: the list, but for who is being taken out, and who joined since.
pub(crate) fn watched(
    roster: &Roster,
    newcomers: &BTreeMap<AccountRegion, Timestamp>,
) -> BTreeMap<AccountRegion, Watched> {
    let listed = |(place, member): (&AccountRegion, &Member)| {
        let Member { versions, since } = member.clone();
        (place.clone(), Watched { versions, since })
    };
    let joined = newcomers.iter().map(|(place, since)| {
        let versions = vec![roster.current.clone()];
        (
            place.clone(),
            Watched {
                versions,
                since: *since,
            },
        )
    });
    let listed = roster.members.iter().map(listed);
    let all = joined
        .filter(|(place, _)| !roster.members.contains_key(place))
        .chain(listed);
    all.filter(|(_, watched)| !watched.versions.is_empty()).collect()
}

/// Who has joined: whoever is not on the list and was heard after it was written. A newer list says itself who is in.
pub(crate) fn newcomers(
    previous: Option<&State>,
    now: Timestamp,
    roster: &Roster,
    heard: Option<&BTreeMap<AccountRegion, LastSigns>>,
) -> BTreeMap<AccountRegion, Timestamp> {
    let known = previous.filter(|state| state.roster == roster.written_at);
    let mut joined = known.map(|state| state.newcomers.clone()).unwrap_or_default();
    let from = roster.written_at.saturating_add(MARGIN).unwrap_or(Timestamp::MAX);
    for (place, signs) in heard.into_iter().flatten() {
        if signs.heartbeat.is_some_and(|beat| beat > from) {
            joined.entry(place.clone()).or_insert(now);
        }
    }
    joined.retain(|place, _| !roster.members.contains_key(place));
    joined
}

/// Judges. `previous` is `None` where nothing is remembered; `pass` goes into the next state as it is.
pub(crate) fn judge(
    previous: Option<&State>,
    now: Timestamp,
    roster: &Roster,
    observed: &Observations,
    pass: Pass,
) -> Judgement {
    let newcomers = newcomers(previous, now, roster, observed.heard.as_ref());
    let watched = watched(roster, &newcomers);
    let nothing = Vec::new();
    let before = |place: &AccountRegion| {
        previous
            .and_then(|state| state.conditions.get(place))
            .unwrap_or(&nothing)
    };

    let mut next = State {
        format: FORMAT,
        written_at: now,
        heard_at: observed
            .heard
            .as_ref()
            .map(|_| now)
            .or(previous.and_then(|state| state.heard_at)),
        roster: roster.written_at,
        newcomers,
        heard: BTreeMap::new(),
        conditions: BTreeMap::new(),
        failing: BTreeMap::new(),
        pass,
    };
    let mut current: BTreeMap<AccountRegion, Vec<Condition>> = BTreeMap::new();
    for (place, member) in &watched {
        let failed_before = previous.is_some_and(|state| state.failing.contains_key(place));
        let look = observed.looks.get(place);
        match look {
            Some(Look::Failed(why)) => _ = next.failing.insert(place.clone(), why.clone()),
            None if failed_before => {
                // Not reached this time: it is still to be tried again.
                let why = previous.and_then(|state| state.failing.get(place)).cloned();
                next.failing.insert(place.clone(), why.unwrap_or_default());
            }
            _ => {}
        }
        let mut conditions = seen(before(place), look, failed_before);
        let settles = now.duration_since(member.since) < SETTLES;
        conditions.retain(|condition| !settles || before(place).iter().any(|held| held.condition.is(condition)));

        let known = previous
            .and_then(|state| state.heard.get(place))
            .copied()
            .unwrap_or_default();
        let signs = match &observed.heard {
            Some(heard) => known.and(heard.get(place).copied().unwrap_or_default()),
            None => known,
        };
        match observed.heard {
            Some(_) => conditions.extend(unheard(now, roster, member.since, signs)),
            None => conditions.extend(kept(before(place), |condition| !condition.is_seen())),
        }
        next.heard.insert(place.clone(), signs);
        current.insert(place.clone(), conditions);
    }

    let mut told = Telling::default();
    for (place, conditions) in &current {
        for condition in conditions {
            let was = before(place).iter().find(|held| held.condition.is(condition));
            let observed = match condition.is_seen() {
                true => observed.looks.contains_key(place),
                false => observed.heard.is_some(),
            };
            match was {
                None => told.began.entry(place.clone()).or_default().push(condition.clone()),
                Some(held) if held.told == Told::Counted && observed => {
                    told.lasting.entry(place.clone()).or_default().push(condition.clone());
                }
                Some(_) => {}
            }
        }
    }
    for (place, held) in previous.iter().flat_map(|state| &state.conditions) {
        for held in held {
            let now = current.get(place).into_iter().flatten();
            if now.clone().all(|condition| !condition.is(&held.condition)) {
                let ended = match held.told {
                    Told::Named => &mut told.ended,
                    Told::Counted => &mut told.counted_ended,
                };
                ended.entry(place.clone()).or_default().push(held.condition.clone());
            }
        }
    }

    for (place, conditions) in current {
        let held = conditions.into_iter().map(|condition| {
            let was = before(&place).iter().find(|held| held.condition.is(&condition));
            let told = told.as_what(&place, &condition, was, watched.len());
            Held { condition, told }
        });
        let held: Vec<Held> = held.collect();
        if !held.is_empty() {
            next.conditions.insert(place, held);
        }
    }
    let (changes, storm) = told.out(&watched);
    Judgement {
        state: next,
        changes,
        storm,
        members: watched.len(),
    }
}

/// What looking says now; what was known where nobody looked.
fn seen(before: &[Held], look: Option<&Look>, failed_before: bool) -> Vec<Condition> {
    let unreadable = |why: &String| {
        // What differed is not known to be as it was, and not known to be undone.
        let mut conditions = kept(before, |condition| condition.kind() == Kind::Differs);
        conditions.push(Condition::Unreadable { why: why.clone() });
        conditions
    };
    match look {
        Some(Look::Fine) => vec![],
        Some(Look::Differs(differences)) => differences.iter().cloned().map(Condition::from).collect(),
        Some(Look::Unreadable(why)) => unreadable(why),
        Some(Look::Failed(why)) if failed_before => unreadable(why),
        Some(Look::Failed(_)) | None => kept(before, Condition::is_seen),
    }
}

fn kept(before: &[Held], which: impl Fn(&Condition) -> bool) -> Vec<Condition> {
    let conditions = before.iter().map(|held| held.condition.clone());
    conditions.filter(|condition| which(condition)).collect()
}

/// What the lake lacks.
fn unheard(now: Timestamp, roster: &Roster, since: Timestamp, signs: LastSigns) -> impl Iterator<Item = Condition> {
    let silent_after = SignedDuration::from_secs(roster.settings.silent_after_seconds.into());
    let last = |sign: Option<Timestamp>| sign.map_or(since, |sign| sign.max(since));
    let (beat, canary) = (last(signs.heartbeat), last(signs.canary));
    let silent = (now.duration_since(beat) > silent_after).then_some(Condition::Silent { since: beat });
    let missing = (now.duration_since(canary) > CANARY).then_some(Condition::NoCanary { since: canary });
    silent.into_iter().chain(missing)
}

type ByPlace = BTreeMap<AccountRegion, Vec<Condition>>;

/// What is to be told, before it is decided how.
#[derive(Default)]
struct Telling {
    began: ByPlace,
    /// Told by number, and observed again.
    lasting: ByPlace,
    /// Of those that were told by name.
    ended: ByPlace,
    /// Of those that were told by number alone.
    counted_ended: ByPlace,
}

fn is_storm(places: usize, members: usize) -> bool {
    places > MANY && places * PART > members
}

impl Telling {
    /// How a condition is told by now.
    fn as_what(&self, place: &AccountRegion, condition: &Condition, was: Option<&Held>, members: usize) -> Told {
        let is_in = |told: &ByPlace| {
            let mut here = told.get(place).into_iter().flatten();
            here.any(|other| other.is(condition))
        };
        match was {
            None if is_storm(self.began.len(), members) => Told::Counted,
            Some(held) if !is_in(&self.lasting) => held.told,
            _ => Told::Named,
        }
    }

    /// What goes out by name, and what in one message.
    fn out(self, watched: &BTreeMap<AccountRegion, Watched>) -> (Vec<Change>, Option<Storm>) {
        let Telling {
            mut began,
            lasting,
            mut ended,
            counted_ended,
        } = self;
        let mut storm = Storm {
            lasting,
            ended: counted_ended,
            ..Storm::default()
        };
        if is_storm(began.len(), watched.len()) {
            storm.began = std::mem::take(&mut began);
        }
        if is_storm(ended.len(), watched.len()) {
            for (place, conditions) in std::mem::take(&mut ended) {
                storm.ended.entry(place).or_default().extend(conditions);
            }
        }
        let places: BTreeSet<AccountRegion> = began.keys().chain(ended.keys()).cloned().collect();
        let changes = places.into_iter().map(|place| Change {
            began: began.remove(&place).unwrap_or_default(),
            ended: ended.remove(&place).unwrap_or_default(),
            left: !watched.contains_key(&place),
            place,
        });
        let changes = changes.collect();
        (changes, Some(storm).filter(|storm| *storm != Storm::default()))
    }
}

#[cfg(test)]
pub(crate) mod tests;
