//! Looks into members: many accounts at a time, the regions of one after another with one set of credentials.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use pipetrail_member::{Reader, Roster, compare, is_refusal, read};
use pipetrail_names::{AccountId, AccountRegion};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::judge::{Look, Watched};
use crate::pass::Work;

/// Accounts that are looked into at a time: 64 accounts, a call of 50 ms each at a time, are 1,300 calls a second, and
/// no two accounts share a limit but STS's.
const AT_ONCE: usize = 64;

/// How long what was begun may take once nothing more is begun.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// What was seen, and the accounts for which there was no time.
pub(crate) struct Looked {
    pub(crate) looks: BTreeMap<AccountRegion, Look>,
    pub(crate) left: BTreeSet<AccountId>,
}

/// Looks until `until`; `caller` may assume the audit account's reader.
pub(crate) async fn look(
    caller: &SdkConfig,
    roster: &Arc<Roster>,
    watched: &BTreeMap<AccountRegion, Watched>,
    work: &Work,
    until: Instant,
) -> Looked {
    let settings = &roster.settings;
    let audit = (&settings.audit_account, &settings.home);
    let reader = Reader::new(caller, audit, &settings.reader_regions, &settings.external_id).await;
    let reader = Arc::new(reader);
    let mut left: BTreeSet<AccountId> = work.iter().map(|(account, _)| account.clone()).collect();
    let mut looks = BTreeMap::new();
    let (mut running, mut waiting) = (JoinSet::new(), work.iter());
    loop {
        while running.len() < AT_ONCE && Instant::now() < until {
            let Some((account, regions)) = waiting.next() else {
                break;
            };
            let places = regions.iter().map(|region| AccountRegion {
                account: account.clone(),
                region: region.clone(),
            });
            let places = places.filter_map(|place| {
                let watched = watched.get(&place)?;
                Some((place, watched.versions.clone()))
            });
            let (account, places, roster) = (account.clone(), places.collect(), Arc::clone(roster));
            running.spawn(of_account(Arc::clone(&reader), account, places, roster));
        }
        let ended = match tokio::time::timeout_at(until + ENDS_WITHIN, running.join_next()).await {
            Ok(Some(ended)) => ended,
            Ok(None) => break,
            // Too late for the rest: the next run takes it.
            Err(_) => {
                running.abort_all();
                break;
            }
        };
        // One that panicked has looked into nothing.
        if let Ok((account, seen)) = ended {
            left.remove(&account);
            looks.extend(seen);
        }
    }
    Looked { looks, left }
}

async fn of_account(
    reader: Arc<Reader>,
    account: AccountId,
    places: Vec<(AccountRegion, Vec<String>)>,
    roster: Arc<Roster>,
) -> (AccountId, Vec<(AccountRegion, Look)>) {
    let member = match reader.enter(&account).await {
        Ok(member) => member,
        Err(why) => {
            let looks = places.into_iter().map(|(place, _)| (place, unseen(why.clone())));
            return (account, looks.collect());
        }
    };
    let mut looks = Vec::new();
    for (place, versions) in places {
        let look = match read::read(&member, &place).await {
            Ok(found) => match compare(&roster.expected(&place, &versions), &found) {
                same if same.is_empty() => Look::Fine,
                differences => Look::Differs(differences),
            },
            Err(error) => unseen(error.to_string()),
        };
        looks.push((place, look));
    }
    (account, looks)
}

fn unseen(why: String) -> Look {
    match is_refusal(&why) {
        true => Look::Unreadable(why),
        false => Look::Failed(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_at_once_and_everything_else_is_tried_again() {
        for why in [
            "AccessDenied: User is not authorized to perform sts:AssumeRole",
            "AccessDeniedException: no",
            "UnrecognizedClientException: The security token included in the request is invalid",
        ] {
            assert!(matches!(unseen(why.to_owned()), Look::Unreadable(_)), "{why}");
        }
        for why in [
            "ThrottlingException: Rate exceeded",
            "Throttling: Rate exceeded",
            "InternalFailure: ",
            "dispatch failure: io error: connection refused",
            "request has timed out",
        ] {
            assert!(matches!(unseen(why.to_owned()), Look::Failed(_)), "{why}");
        }
    }
}
