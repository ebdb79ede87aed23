//! A look into enrolled accounts, through a role there: their regions, and what is left over.

use std::collections::BTreeSet;

use pipetrail_names::{AccountId, Region, chain};
use pipetrail_stacksets::{Caller, Organization, StackSet};
use tokio::task::JoinSet;

use super::check::{Check, Grade};
use super::{compared, leftovers, organization, regions};
use crate::aws::Session;
use crate::config::Config;

/// Members looked at at a time.
const CONCURRENCY: usize = 8;

/// What stands in enrolled accounts and regions that have no stack instance.
pub(super) async fn examine(
    config: &Config,
    session: &Session,
    organization: &Organization,
    caller: Caller,
    role: &str,
) -> Vec<Check> {
    let client = aws_sdk_cloudformation::Client::new(session.management());
    let set = match StackSet::read(&client, caller).await {
        Ok(set) => set,
        Err(error) => return vec![Check::unread(leftovers::NAME, &error)],
    };
    let same = compared::examine(config, session, organization, caller).await;
    let instances = set.into_iter().flat_map(|set| set.instances);
    let standing: BTreeSet<_> = instances.map(|instance| (instance.account, instance.region)).collect();
    let wanted = &config.organization.regions;
    let mut pending = organization::enrolled(config, organization).into_iter();
    let (mut checks, mut denied, mut unlisted, mut looked) = (Vec::new(), Vec::new(), Vec::new(), 0_usize);
    let mut running = JoinSet::new();
    loop {
        while running.len() < CONCURRENCY {
            let Some(account) = pending.next() else { break };
            let all = wanted.iter().map(|region| (account.clone(), region.clone()));
            let missing = all.filter(|place| !standing.contains(place)).map(|(_, region)| region);
            let missing: BTreeSet<Region> = missing.collect();
            let management = session.management().clone();
            // The audit account is read with its own profile: nobody says that the role is there as well.
            let member = match account == config.audit.account {
                true => session.audit().clone(),
                false => session.member(&account, role, &config.audit.region).await,
            };
            running.spawn(async move {
                let regions = regions::read(&management, Some(&account)).await;
                let found = leftovers::member(&member, &account, &missing).await;
                (account, regions, found)
            });
        }
        let Some(ended) = running.join_next().await else { break };
        let Ok((account, regions, mut found)) = ended else {
            continue;
        };
        looked += 1;
        match regions {
            Ok(None) => unlisted.push(regions::LACKING.to_owned()),
            Ok(Some(regions)) => {
                let whose = format!("account {account}");
                let check = regions::judge(regions::MEMBERS, &whose, wanted, Ok(Some(&regions)));
                checks.extend((check.verdict != Grade::Ok).then_some(check));
            }
            Err(error) => unlisted.push(chain(&error)),
        }
        denied.extend(found.errors.drain(..).take(1));
        checks.extend(leftovers::judge(&format!("account {account}"), &found));
    }
    checks.sort_by(|one, other| (one.check, &one.evidence).cmp(&(other.check, &other.evidence)));
    let silent = |name: &str, checks: &[Check]| !checks.iter().any(|check| check.check == name);
    if let Some(reason) = unlisted.first() {
        let evidence = format!(
            "the regions of {} of {looked} accounts are not known, for example: {reason}",
            unlisted.len()
        );
        let remedy = "give Account Management trusted access: `aws organizations enable-aws-service-access --service-principal account.amazonaws.com`";
        checks.push(Check::unknown(regions::MEMBERS, evidence, Some(remedy.to_owned())));
    } else if silent(regions::MEMBERS, &checks) {
        let evidence = format!("{looked} accounts have all regions enabled");
        checks.push(Check::ok(regions::MEMBERS, evidence));
    }
    if let Some(error) = denied.first() {
        let evidence = format!(
            "{} of {looked} accounts cannot be looked into, for example: {}",
            denied.len(),
            chain(error)
        );
        let remedy = format!(
            "check that the role {role} is there and trusts account {}, or name another with --member-role",
            session.caller().map_or("of the management profile", AccountId::as_str)
        );
        checks.push(Check::unknown(leftovers::NAME, evidence, Some(remedy)));
    } else if silent(leftovers::NAME, &checks) {
        let evidence = format!("nothing is left over in {looked} members");
        checks.push(Check::ok(leftovers::NAME, evidence));
    }
    checks.push(same);
    checks
}
