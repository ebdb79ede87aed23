//! What stands in members, seen from outside: every account and region against its template.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipetrail_member::{Comparison, Parameters, Reader, Version, compare, read};
use pipetrail_names::audit::BUS;
use pipetrail_names::member::READER_REGION;
use pipetrail_names::{AccountId, Region, partition};
use pipetrail_stacksets::{AccountRegion, CoverageRow, StackSetParameters, Template};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::terminal::progress::Spinner;

/// Accounts looked into at a time; the regions of one go one after another.
const CONCURRENCY: usize = 32;

/// What came of looking into an account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    Compared(Comparison),
    /// Nobody could look, and why.
    Unread(String),
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

/// What members are compared with, and the way into them.
pub(crate) struct Comparer {
    reader: Reader,
    version: Version,
}

impl Comparer {
    /// By the parameters that the stack set has, since those are what members got. `caller` is a caller of the audit
    /// account who may assume its reader.
    ///
    /// # Errors
    /// Why nothing can be compared, in words.
    pub(crate) async fn new(
        config: &Config,
        caller: &aws_config::SdkConfig,
        set: Option<&StackSetParameters>,
    ) -> Result<Self, String> {
        let set = set.ok_or("there is no stack set")?;
        if !Template::new(pipetrail_member::TEMPLATE).is_deployed_as(&set.template) {
            return Err(
                "the stack set has the template of another version, `pipetrail plan` shows how it differs".to_owned(),
            );
        }
        let parameter = |name: &str| {
            let value = set.parameters.get(name);
            value.ok_or_else(|| format!("the stack set has no parameter {name}"))
        };
        let region = parameter(READER_REGION)?;
        let region: Region = region
            .parse()
            .map_err(|_| format!("{READER_REGION} of the stack set is no region"))?;
        let (account, home) = (&config.audit.account, &config.audit.region);
        let parameters = Parameters {
            audit_bus_arn: format!("arn:{}:events:{home}:{account}:event-bus/{BUS}", partition(home)),
            heartbeat_schedule: parameter("HeartbeatSchedule")?.clone(),
        };
        Ok(Comparer {
            reader: Reader::new(caller, (account, home), &region, parameter("ReaderExternalId")?).await,
            version: Version::current(&parameters),
        })
    }

    /// Looks into accounts and regions.
    pub(crate) async fn look(self, places: Vec<AccountRegion>) -> BTreeMap<AccountRegion, Looked> {
        let mut by_account: BTreeMap<AccountId, Vec<Region>> = BTreeMap::new();
        let all = places.len();
        for AccountRegion { account, region } in places {
            by_account.entry(account).or_default().push(region);
        }
        let (spinner, this) = (Spinner::new(), Arc::new(self));
        let (mut found, mut running) = (BTreeMap::new(), JoinSet::new());
        let mut pending = by_account.into_iter();
        loop {
            while running.len() < CONCURRENCY {
                let Some((account, regions)) = pending.next() else {
                    break;
                };
                let this = Arc::clone(&this);
                running.spawn(async move { this.account(&account, regions).await });
            }
            let Some(ended) = running.join_next().await else { break };
            found.extend(ended.into_iter().flatten());
            spinner.show(&format!("compared {} of {all} accounts and regions", found.len()));
        }
        found
    }

    async fn account(&self, account: &AccountId, regions: Vec<Region>) -> Vec<(AccountRegion, Looked)> {
        let member = self.reader.member(account).await;
        let mut found = Vec::new();
        for region in regions {
            let looked = match read::read(&member, account, &region).await {
                Ok(facts) => Looked::Compared(compare(&[self.version.facts(account, &region)], &facts)),
                Err(error) => Looked::Unread(error.to_string()),
            };
            let account = account.clone();
            found.push((AccountRegion { account, region }, looked));
        }
        found
    }
}
