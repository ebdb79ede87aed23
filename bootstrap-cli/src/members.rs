//! What stands in members, seen from outside: every account and region against its template.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipetrail_member::{Difference, Parameters, Reader, Version, compare, read};
use pipetrail_names::audit::bus_arn;
use pipetrail_names::member::READER_REGION;
use pipetrail_names::{AccountId, AccountRegion, Region};
use pipetrail_stacksets::{Coverage, CoverageRow, CoverageState, StackSetParameters, Template};
use tokio::task::JoinSet;

use crate::config::Config;
use crate::terminal::progress::Spinner;

/// Accounts looked into at a time; the regions of one go one after another.
const CONCURRENCY: usize = 32;

/// What came of looking into an account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// What differs; nothing where all is as the template says.
    Compared(Vec<Difference>),
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

/// Who can be compared: whoever has a current stack, the management account too.
pub(crate) fn comparable(coverage: &Coverage) -> impl Iterator<Item = &CoverageRow> {
    let rows = coverage.instances.iter();
    rows.filter(|row| row.standing() == CoverageState::Current)
}

/// What members are compared with, and the way into them.
pub(crate) struct Comparer {
    reader: Reader,
    version: Version,
}

/// What members get by the parameters of a stack set.
pub(crate) struct MemberSettings {
    pub version: Version,
    /// Of the heartbeat.
    pub schedule: String,
    pub reader_region: Region,
    pub external_id: String,
}

impl MemberSettings {
    /// By parameters, for an audit account with its home region.
    ///
    /// # Errors
    /// Which parameter is missing, in words.
    pub(crate) fn of(
        (account, home): (&AccountId, &Region),
        parameter: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let parameter = |name: &str| parameter(name).ok_or_else(|| format!("the stack set has no parameter {name}"));
        let (schedule, region) = (parameter("HeartbeatSchedule")?, parameter(READER_REGION)?);
        let parameters = Parameters {
            audit_bus_arn: bus_arn(account, home),
            heartbeat_schedule: schedule.clone(),
        };
        Ok(MemberSettings {
            version: Version::current(&parameters),
            schedule,
            reader_region: (region.parse()).map_err(|_| format!("{READER_REGION} of the stack set is no region"))?,
            external_id: parameter("ReaderExternalId")?,
        })
    }

    /// By what the stack set has.
    ///
    /// # Errors
    /// It has the template of another version, or lacks a parameter.
    pub(crate) fn deployed(audit: (&AccountId, &Region), set: &StackSetParameters) -> Result<Self, String> {
        if !Template::new(pipetrail_member::TEMPLATE).is_deployed_as(&set.template) {
            return Err(
                "the stack set has the template of another version, `pipetrail plan` shows how it differs".to_owned(),
            );
        }
        Self::of(audit, |name| set.parameters.get(name).cloned())
    }
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
        let audit = (&config.audit.account, &config.audit.region);
        let given = MemberSettings::deployed(audit, set.ok_or("there is no stack set")?)?;
        Ok(Comparer {
            reader: Reader::new(caller, audit, &given.reader_region, &given.external_id).await,
            version: given.version,
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
            let account = account.clone();
            let at = AccountRegion { account, region };
            let looked = match read::read(&member, &at).await {
                Ok(facts) => Looked::Compared(compare(&[self.version.facts(&at)], &facts)),
                Err(error) => Looked::Unread(error.to_string()),
            };
            found.push((at, looked));
        }
        found
    }
}
