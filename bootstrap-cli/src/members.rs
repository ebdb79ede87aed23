//! What stands in members, seen from outside: every account and region against its version of the template.

pub(crate) mod list;
pub(crate) mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use pipetrail_member::roster::Member;
use pipetrail_member::{Difference, Facts, Reader, Roster, Version, compare, read};
use pipetrail_names::audit::Bucket;
use pipetrail_names::{AccountId, AccountRegion};
use pipetrail_stacksets::{Coverage, CoverageRow, CoverageState, StackSetParameters};
use tokio::task::JoinSet;

use self::settings::MemberSettings;
use crate::aws::Session;
use crate::config::Config;
use crate::terminal::progress::Spinner;

/// Accounts looked into at a time; the regions of one go one after another.
const CONCURRENCY: usize = 32;

/// What came of looking into an account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// What differs; nothing where all is as the template says that was last rolled out there.
    Compared(Vec<Difference>),
    /// Nobody could look, and why.
    Unread(String),
}

/// An account and region that is looked into.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    at: AccountRegion,
    /// Whether StackSets says that its stack is as the stack set describes it.
    is_current: bool,
}

/// What is known of members from outside.
#[derive(Debug)]
pub(crate) enum Members {
    /// Of those that were looked into.
    Looked(BTreeMap<AccountRegion, Looked>),
    /// Nobody looked, and why.
    Unread(String),
}

impl Members {
    /// What came of looking into a row's account and region.
    pub(crate) fn of(&self, row: &CoverageRow) -> Looked {
        let all = match self {
            Members::Looked(all) => all,
            Members::Unread(why) => return Looked::Unread(why.clone()),
        };
        let looked = row.at().and_then(|at| all.get(&at));
        looked
            .cloned()
            .unwrap_or_else(|| Looked::Unread("nobody looked into it".to_owned()))
    }
}

/// Who can be compared: whoever has a stack on which no operation is at work or has failed, the management account
/// too.
pub(crate) fn comparable(coverage: &Coverage) -> impl Iterator<Item = &CoverageRow> {
    let rows = coverage.instances.iter();
    rows.filter(|row| match row.standing() {
        CoverageState::Current => true,
        CoverageState::Outdated => row.failed().is_none(),
        _ => false,
    })
}

/// What members are compared with, and the way into them.
pub(crate) struct Comparer {
    reader: Reader,
    expected: Expected,
}

/// What should stand in members.
#[derive(Default)]
struct Expected {
    /// In a current stack: what this pipetrail's template says, where the stack set has that one.
    template: Option<Version>,
    /// The list of members, which says what `apply` last rolled out in each place.
    list: Option<Roster>,
}

impl Comparer {
    /// By the parameters that the stack set has, and by the list of members. `session` has a caller who may assume the
    /// audit account's reader.
    ///
    /// # Errors
    /// Why nothing can be compared, in words.
    pub(crate) async fn new(
        config: &Config,
        session: &Session,
        set: Option<&StackSetParameters>,
    ) -> Result<Self, String> {
        let audit = (&config.audit.account, &config.audit.region);
        let bucket = Bucket::Lake.name(audit.0, audit.1);
        let list = list::read(&session.s3(), &bucket, audit.0).await;
        let given = set.ok_or_else(|| "there is no stack set".to_owned());
        let given = given.and_then(|set| MemberSettings::deployed(audit, set));
        let (mut regions, external_id) = match (&given, &list) {
            (Ok(given), _) => (vec![given.reader_region.clone()], given.external_id.clone()),
            (_, Ok(list)) => (vec![], list.settings.external_id.clone()),
            (Err(why), Err(unread)) => return Err(format!("{why}; {unread}")),
        };
        // While the reader moves, its role may be where it was.
        for region in list.iter().flat_map(|list| &list.settings.reader_regions) {
            if !regions.contains(region) {
                regions.push(region.clone());
            }
        }
        Ok(Comparer {
            reader: Reader::new(session.reader(), audit, &regions, &external_id).await,
            expected: Expected {
                template: given.ok().map(|given| given.version),
                list: list.ok(),
            },
        })
    }

    /// Which of those rows it can compare.
    pub(crate) fn places<'r>(&self, rows: impl Iterator<Item = &'r CoverageRow>) -> Vec<Place> {
        let places = rows.filter_map(|row| {
            let is_current = row.standing() == CoverageState::Current;
            Some(Place {
                at: row.at()?,
                is_current,
            })
        });
        places.filter(|place| self.expected.knows(place)).collect()
    }

    /// Looks into accounts and regions.
    pub(crate) async fn look(self, places: Vec<Place>) -> BTreeMap<AccountRegion, Looked> {
        let mut by_account: BTreeMap<AccountId, Vec<Place>> = BTreeMap::new();
        let all = places.len();
        for place in places {
            by_account.entry(place.at.account.clone()).or_default().push(place);
        }
        let (spinner, this) = (Spinner::new(), Arc::new(self));
        let (mut found, mut running) = (BTreeMap::new(), JoinSet::new());
        let mut pending = by_account.into_iter();
        loop {
            while running.len() < CONCURRENCY {
                let Some((account, places)) = pending.next() else {
                    break;
                };
                let this = Arc::clone(&this);
                running.spawn(async move { this.account(&account, places).await });
            }
            let Some(ended) = running.join_next().await else { break };
            found.extend(ended.into_iter().flatten());
            spinner.show(&format!("compared {} of {all} accounts and regions", found.len()));
        }
        found
    }

    async fn account(&self, account: &AccountId, places: Vec<Place>) -> Vec<(AccountRegion, Looked)> {
        let member = self.reader.enter(account).await;
        let mut found = Vec::new();
        for place in places {
            let looked = match &member {
                Ok(member) => match read::read(member, &place.at).await {
                    Ok(facts) => Looked::Compared(compare(&self.expected.at(&place), &facts)),
                    Err(error) => Looked::Unread(error.to_string()),
                },
                Err(why) => Looked::Unread(why.clone()),
            };
            found.push((place.at, looked));
        }
        found
    }
}

impl Expected {
    /// Whether it says what should stand there.
    fn knows(&self, place: &Place) -> bool {
        let is_listed = |list: &Roster| place.is_current || list.members.get(&place.at).is_some_and(counts);
        place.is_current && self.template.is_some() || self.list.as_ref().is_some_and(is_listed)
    }

    /// What may stand there, each by itself.
    fn at(&self, place: &Place) -> Vec<Facts> {
        match (&self.template, &self.list) {
            (Some(version), _) if place.is_current => vec![version.facts(&place.at)],
            (_, Some(list)) => match list.members.get(&place.at).filter(|member| counts(member)) {
                Some(member) => list.expected(&place.at, &member.versions),
                // Of one that joined by itself, or leaves, nobody has written down which.
                None => list.versions.values().map(|version| version.facts(&place.at)).collect(),
            },
            _ => vec![],
        }
    }
}

/// Whether anything is expected of a member: not while it is being taken out.
fn counts(member: &Member) -> bool {
    !member.versions.is_empty()
}

#[cfg(test)]
mod tests {
    use pipetrail_member::Parameters;
    use pipetrail_member::roster::{Settings, Standing};

    use super::*;

    fn place(account: &str, is_current: bool) -> Place {
        let (account, region) = (account.parse().unwrap(), "eu-central-1".parse().unwrap());
        Place {
            at: AccountRegion { account, region },
            is_current,
        }
    }

    #[test]
    fn a_current_stack_is_compared_with_the_template_and_one_that_is_behind_with_what_the_list_says() {
        let parameters = Parameters {
            audit_bus_arn: "arn:aws:events:eu-central-1:999988887777:event-bus/pipetrail".to_owned(),
            heartbeat_schedule: "rate(1 hour)".to_owned(),
        };
        let version = Version::current(&parameters);
        let before = Version::current(&Parameters {
            heartbeat_schedule: "rate(2 hours)".to_owned(),
            ..parameters
        });
        let settings = Settings {
            organization: "o-abcdefghij".to_owned(),
            audit_account: "999988887777".parse().unwrap(),
            home: "eu-central-1".parse().unwrap(),
            reader_regions: vec!["eu-central-1".parse().unwrap()],
            external_id: "o-abcdefghij".to_owned(),
            silent_after_seconds: 11_100,
        };
        let [current, behind, leaving, unlisted] = [
            place("000000000001", true),
            place("000000000002", false),
            place("000000000003", false),
            place("000000000004", false),
        ];
        let listed = [
            (behind.at.clone(), Standing::Between),
            (leaving.at.clone(), Standing::Leaving),
        ];
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        let list = Roster::next(None, settings.clone(), &before, BTreeMap::new(), now);
        let list = Roster::next(Some(&list), settings, &version, listed.into(), now);
        let of = |expected: &Expected| {
            [&current, &behind, &leaving, &unlisted].map(|place| {
                let versions = expected.at(place);
                expected.knows(place).then_some(versions.len())
            })
        };
        let both = Expected {
            template: Some(version.clone()),
            list: Some(list.clone()),
        };
        assert_eq!(of(&both), [Some(1), Some(2), None, None]);
        // Of a stack set with another version's template the list says it all.
        let listed = Expected {
            list: Some(list),
            ..Expected::default()
        };
        assert_eq!(of(&listed), [Some(2), Some(2), None, None]);
        let template = Expected {
            template: Some(version),
            ..Expected::default()
        };
        assert_eq!(of(&template), [Some(1), None, None, None]);
    }
}
