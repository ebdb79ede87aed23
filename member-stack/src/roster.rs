//! The list of members: which accounts and regions are enrolled, and which versions of the template count in each.
//!
//! The command writes it before an operation, where old and new both count, and after it, by what each account and
//! region has. The function that watches members reads it. Nothing here knows where it lies.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pipetrail_names::{AccountId, AccountRegion, Region};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::expected::Version;
use crate::facts::Facts;

/// The only format there is.
pub const FORMAT: u32 = 1;

/// Versions that count in one place at most: operations that are killed leave one each.
const MOST_VERSIONS: usize = 5;

/// The list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    pub format: u32,
    pub written_at: Timestamp,
    pub settings: Settings,
    /// Id of the newest version: what counts for an account that joins by itself.
    pub current: String,
    /// Versions by their id.
    pub versions: BTreeMap<String, Version>,
    pub members: BTreeMap<AccountRegion, Member>,
}

/// How members are looked into and listened to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub organization: String,
    pub audit_account: AccountId,
    pub home: Region,
    /// Regions whose member stacks may have the reader's role, the newest first: two while it moves.
    pub reader_regions: Vec<Region>,
    pub external_id: String,
    /// After how many seconds without a heartbeat a place is silent.
    pub silent_after_seconds: u32,
}

/// One account and region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Ids of the versions that count, the newest first. None: it is being taken out, and nothing is expected.
    pub versions: Vec<String>,
    /// Since when it is on the list.
    pub since: Timestamp,
}

/// What a place has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The stack is as the newest version says.
    Current,
    /// It may be as any version says that counted before, or as the newest.
    Between,
    /// It is taken out, or stays outside of the scope.
    Leaving,
}

/// Not a list of this format.
#[derive(Debug, Error)]
pub enum RosterError {
    #[error("it is no list of members")]
    Json(#[from] serde_json::Error),
    #[error("it has format {0}; this pipetrail reads {FORMAT}")]
    Format(u32),
    #[error("version {0} counts in it and is not part of it")]
    Version(String),
}

impl Roster {
    /// # Errors
    /// No list, one of another format, or one that names a version which it lacks.
    pub fn parse(text: &[u8]) -> Result<Self, RosterError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_slice(text)?;
        if format != FORMAT {
            return Err(RosterError::Format(format));
        }
        let roster: Roster = serde_json::from_slice(text)?;
        let missing = roster.counting().find(|id| !roster.versions.contains_key(*id));
        match missing.map(str::to_owned) {
            Some(missing) => Err(RosterError::Version(missing)),
            None => Ok(roster),
        }
    }

    /// The list after `previous`. `version` is the newest one; a place keeps when it came onto the list.
    #[must_use]
    pub fn next(
        previous: Option<&Roster>,
        settings: Settings,
        version: &Version,
        places: BTreeMap<AccountRegion, Standing>,
        now: Timestamp,
    ) -> Self {
        let current = version.id();
        let earlier = |place: &AccountRegion| previous.and_then(|roster| roster.members.get(place));
        let members = places.into_iter().map(|(place, standing)| {
            let member = earlier(&place);
            let versions = match standing {
                Standing::Leaving => vec![],
                Standing::Current => vec![current.clone()],
                Standing::Between => {
                    // One that was leaving, or that nobody has listed, has what counted for all.
                    let before = member.map(|member| member.versions.clone()).unwrap_or_default();
                    let before = if before.is_empty() {
                        previous.map(|roster| roster.current.clone()).into_iter().collect()
                    } else {
                        before
                    };
                    let others = before.into_iter().filter(|id| *id != current);
                    std::iter::once(current.clone())
                        .chain(others)
                        .take(MOST_VERSIONS)
                        .collect()
                }
            };
            // Nobody listened to it while it was leaving.
            let was_watched = member.filter(|member| standing == Standing::Leaving || !member.versions.is_empty());
            let since = was_watched.map_or(now, |member| member.since);
            (place, Member { versions, since })
        });
        let mut roster = Roster {
            format: FORMAT,
            written_at: now,
            settings,
            members: members.collect(),
            versions: BTreeMap::new(),
            current: current.clone(),
        };
        let mut known = previous.map(|roster| roster.versions.clone()).unwrap_or_default();
        known.insert(current, version.clone());
        let counting: BTreeSet<String> = roster.counting().map(str::to_owned).collect();
        known.retain(|id, _| counting.contains(id));
        roster.versions = known;
        roster
    }

    /// Whether it says what another says, whenever that was written.
    #[must_use]
    pub fn says_the_same(&self, other: &Roster) -> bool {
        let written_at = other.written_at;
        Roster {
            written_at,
            ..self.clone()
        } == *other
    }

    /// The facts that count in a place, the newest first. `versions` are ids of this list.
    #[must_use]
    pub fn expected(&self, place: &AccountRegion, versions: &[String]) -> Vec<Facts> {
        let versions = versions.iter().filter_map(|id| self.versions.get(id));
        versions.map(|version| version.facts(place)).collect()
    }

    fn counting(&self) -> impl Iterator<Item = &str> {
        let members = self.members.values().flat_map(|member| &member.versions);
        members.chain([&self.current]).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expected::Parameters;

    fn version(number: u32) -> Version {
        Version::current(&Parameters {
            audit_bus_arn: "arn:aws:events:eu-central-1:999988887777:event-bus/pipetrail".to_owned(),
            heartbeat_schedule: format!("rate({number} minutes)"),
        })
    }

    fn settings() -> Settings {
        Settings {
            organization: "o-abcdefghij".to_owned(),
            audit_account: "999988887777".parse().unwrap(),
            home: "eu-central-1".parse().unwrap(),
            reader_regions: vec!["eu-central-1".parse().unwrap()],
            external_id: "o-abcdefghij".to_owned(),
            silent_after_seconds: 11_100,
        }
    }

    fn place(account: &str) -> AccountRegion {
        AccountRegion {
            account: account.parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        }
    }

    fn next(previous: Option<&Roster>, number: u32, places: &[(&str, Standing)], now: &str) -> Roster {
        let places = places.iter().map(|(account, standing)| (place(account), *standing));
        Roster::next(
            previous,
            settings(),
            &version(number),
            places.collect(),
            now.parse().unwrap(),
        )
    }

    fn counts(roster: &Roster, account: &str) -> Vec<String> {
        roster.members[&place(account)].versions.clone()
    }

    const ONE: &str = "111122223333";
    const TWO: &str = "444455556666";

    #[test]
    fn old_and_new_count_until_an_operation_has_reached_a_place() {
        let first = next(None, 1, &[(ONE, Standing::Current)], "2026-11-01T00:00:00Z");
        let (old, new) = (version(1).id(), version(2).id());
        let both = [(ONE, Standing::Between), (TWO, Standing::Between)];
        let during = next(Some(&first), 2, &both, "2026-11-02T00:00:00Z");
        assert_eq!(counts(&during, ONE), [new.clone(), old.clone()]);
        assert_eq!(counts(&during, TWO), [new.clone(), old.clone()]);
        // Killed, and begun again: the same.
        let again = next(Some(&during), 2, &both, "2026-11-02T01:00:00Z");
        assert!(again.says_the_same(&during));
        let after = next(
            Some(&again),
            2,
            &[(ONE, Standing::Current), (TWO, Standing::Between)],
            "2026-11-02T02:00:00Z",
        );
        assert_eq!(counts(&after, ONE), [new.as_str()]);
        assert_eq!(counts(&after, TWO), [new, old.clone()]);
        assert!(after.versions.contains_key(&old));
        assert_eq!(
            after.members[&place(ONE)].since,
            "2026-11-01T00:00:00Z".parse().unwrap()
        );
        // The old version goes with the last place in which it counts.
        let done = next(
            Some(&after),
            2,
            &[(ONE, Standing::Current), (TWO, Standing::Current)],
            "2026-11-02T03:00:00Z",
        );
        assert!(!done.versions.contains_key(&old) && done.versions.len() == 1);
    }

    #[test]
    fn nothing_is_expected_of_a_place_that_leaves_and_one_that_left_is_not_listed() {
        let first = next(None, 1, &[(ONE, Standing::Current)], "2026-11-01T00:00:00Z");
        let leaving = next(Some(&first), 1, &[(ONE, Standing::Leaving)], "2026-11-02T00:00:00Z");
        assert!(counts(&leaving, ONE).is_empty());
        assert!(leaving.expected(&place(ONE), &counts(&leaving, ONE)).is_empty());
        assert!(next(Some(&leaving), 1, &[], "2026-11-03T00:00:00Z").members.is_empty());
    }

    #[test]
    fn no_number_of_killed_operations_makes_it_grow_without_bound() {
        let mut roster = next(None, 1, &[(ONE, Standing::Current)], "2026-11-01T00:00:00Z");
        for number in 2..20 {
            roster = next(
                Some(&roster),
                number,
                &[(ONE, Standing::Between)],
                "2026-11-02T00:00:00Z",
            );
        }
        assert_eq!(counts(&roster, ONE).len(), MOST_VERSIONS);
        assert_eq!(roster.versions.len(), MOST_VERSIONS);
    }

    #[test]
    fn it_survives_its_json_and_what_is_no_list_is_refused() {
        let roster = next(None, 1, &[(ONE, Standing::Current)], "2026-11-01T00:00:00Z");
        let text = serde_json::to_string(&roster).unwrap();
        assert_eq!(Roster::parse(text.as_bytes()).unwrap(), roster);
        let other = text.replace("\"format\":1", "\"format\":2");
        assert!(matches!(Roster::parse(other.as_bytes()), Err(RosterError::Format(2))));
        let id = version(1).id();
        let lacking = text.replace(&format!("\"{id}\":{{"), "\"0000\":{");
        assert!(matches!(Roster::parse(lacking.as_bytes()), Err(RosterError::Version(missing)) if missing == id));
        assert!(matches!(
            Roster::parse(&text.as_bytes()[..100]),
            Err(RosterError::Json(_))
        ));
    }
}
