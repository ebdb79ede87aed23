//! What arrived: asked from Athena, S3, Glue and the subscribers, never from the relay.
//!
//! Only to say what is `missing` it also looks at dead-letter queues and at what was refused.

mod athena;
mod quiet;
mod render;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::SignedDuration;
use serde::Serialize;

use self::athena::Tier;
pub use self::athena::query;
pub use self::quiet::wait as wait_for_quiet;
use self::store::Store;
use crate::organization::subscribers::peek;
use crate::organization::{HOME, Organization, TWO_DAYS};
use crate::player::{Act, Played};
use crate::printer::Step;

/// Rows or keys per table and account.
pub type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// The figures of a run, in the form that `--output json` prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Given account ids and the members that stood for them.
    pub accounts: BTreeMap<String, String>,
    /// Events given, whatever they were.
    pub events_in: u64,
    /// Rows per table and account.
    pub rows: Counts,
    /// Distinct event keys per table and account.
    pub distinct: Counts,
    /// Objects that landed.
    pub objects: u64,
    pub evidence: u64,
    pub alerts: BTreeMap<String, u64>,
    /// Records under the error prefix.
    pub errors_kept: u64,
    /// Events that EventBridge could not carry, or that a bus refused.
    pub refused: u64,
    /// The lake once all that has landed is settled.
    pub settled: Settled,
    /// Ids of given events that are nowhere to be found, before or after that.
    pub missing: Vec<String>,
}

/// What is left of what landed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// Rows: one for each event.
    pub rows: u64,
    /// Objects of partitions.
    pub objects: u64,
    /// Partitions in Glue.
    pub partitions: u64,
    /// Objects of landing that are still there.
    pub landing: u64,
}

/// What stands in the lake, the evidence and the subscribers' queues now.
pub async fn state(organization: &Organization) -> Result<(Tally, Lake)> {
    let config = organization.audit().await?;
    let audit = &organization.relay.cloud.audit;
    let tables = athena::tables(&config).await?;
    let store = Store::new(&config, audit, HOME);
    let errors = store.errors().await?;
    let mut tally = Tally {
        evidence: store.evidence().await?,
        errors_kept: errors.len() as u64,
        ..Tally::default()
    };
    let mut lake = Lake {
        keys: BTreeSet::new(),
        errors: errors.into_iter().collect(),
    };
    let mut distinct: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for table in &tables {
        let Some((tier, name)) = table.tier() else { continue };
        let registered = athena::partitions(&config, table).await?;
        tally.settled.partitions += registered.len() as u64;
        let objects = store.objects(table).await?;
        match tier {
            Tier::Landing => tally.objects += objects,
            Tier::Settled => tally.settled.objects += objects,
        }
        let rows = tally.rows.entry(name.to_owned()).or_default();
        let keys = distinct.entry(name.to_owned()).or_default();
        for row in athena::counted(&config, table).await? {
            *rows.entry(row.account.clone()).or_default() += row.count;
            keys.entry(row.account.clone()).or_default().insert(row.key.clone());
            // MiniStack's Athena finds what lies in no registered partition too.
            let is_seen =
                tier == Tier::Landing || registered.get(&row.partition) == Some(&table.location(&row.partition));
            if is_seen {
                lake.keys.insert((row.account, row.key));
            }
        }
    }
    for (table, keys) in distinct {
        let counted = keys.into_iter().map(|(account, keys)| (account, keys.len() as u64));
        tally.distinct.insert(table, counted.collect());
    }
    for (subscriber, alerts) in organization.alerts().await? {
        tally.alerts.insert(subscriber, alerts.len() as u64);
    }
    Ok((tally, lake))
}

/// What is needed to tell what is missing.
pub struct Lake {
    /// Account and event key of every row that landed or lies in a registered partition.
    pub keys: BTreeSet<(String, String)>,
    /// The original bytes of every record under the error prefix.
    pub errors: BTreeSet<Vec<u8>>,
}

/// The whole tally after playing: waits for quiet, then asks everyone.
///
/// # Errors
/// When someone cannot be asked.
pub async fn tally(
    organization: &Organization,
    accounts: BTreeMap<String, String>,
    played: &[Played],
) -> Result<Tally> {
    let step = Step::begin("waiting until all is delivered");
    wait_for_quiet(organization).await?;
    step.done("");
    let step = Step::begin("asking Athena, S3, Glue and the subscribers");
    let (mut tally, lake) = state(organization).await?;
    tally.accounts = accounts;
    tally.events_in = played.len() as u64;
    tally.refused = played.iter().filter(|played| played.refusal().is_some()).count() as u64;
    tally.missing = missing(organization, played, &lake).await?.into_iter().collect();
    step.done("");
    Ok(tally)
}

/// Settles the lake as if two days had passed, deletes what was settled, and asks once more.
///
/// # Errors
/// When it cannot be settled, or someone cannot be asked.
pub async fn settle(organization: &Organization, tally: &mut Tally, played: &[Played]) -> Result<()> {
    let step = Step::begin("pipetrail settle, as if two days had passed");
    organization.settle(TWO_DAYS).await?;
    // What was settled goes six hours later.
    organization.settle(TWO_DAYS + SignedDuration::from_hours(7)).await?;
    let (after, lake) = state(organization).await?;
    let lost = missing(organization, played, &lake).await?;
    tally.missing = lost
        .into_iter()
        .chain(tally.missing.drain(..))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    tally.settled = Settled {
        rows: after.rows.values().flat_map(BTreeMap::values).sum(),
        landing: after.objects,
        ..after.settled
    };
    step.done("");
    Ok(())
}

/// Ids of events that are nowhere to be found.
async fn missing(organization: &Organization, played: &[Played], lake: &Lake) -> Result<BTreeSet<String>> {
    let dead = dead_letters(organization, played).await?;
    let missing = played.iter().filter(|played| !is_found(played, lake, &dead));
    Ok(missing.map(|played| played.given.label.clone()).collect())
}

/// Keys and ids of events in dead-letter queues.
struct Dead {
    keys: BTreeSet<String>,
    ids: BTreeSet<String>,
}

fn is_found(played: &Played, lake: &Lake, dead: &Dead) -> bool {
    if played.refusal().is_some() || played.unmatched() {
        return true;
    }
    let (account, bytes, id) = match &played.given.act {
        Act::Refuse(_) => return true,
        Act::Put { data, .. } => return lake.errors.contains(data) || has_row(lake, None, data),
        Act::Emit { account, envelope, .. } => (account, envelope.to_string(), envelope.text("id")),
    };
    let sent = played.trace.delivered.iter().map(ToString::to_string).chain([bytes]);
    id.is_some_and(|id| dead.ids.contains(&id))
        || sent.into_iter().any(|sent| {
            has_row(lake, Some(account), sent.as_bytes())
                || lake.errors.contains(sent.as_bytes())
                || pipetrail_collector::event_key(sent.as_bytes()).is_ok_and(|key| dead.keys.contains(&key))
        })
}

fn has_row(lake: &Lake, account: Option<&str>, envelope: &[u8]) -> bool {
    let Ok(key) = pipetrail_collector::event_key(envelope) else {
        return false;
    };
    let of = |account: &str| lake.keys.contains(&(account.to_owned(), key.clone()));
    match account {
        Some(account) => of(account),
        None => lake.keys.iter().any(|(_, known)| *known == key),
    }
}

/// Reads the dead-letter queues of the audit account and of every account where something was
/// emitted.
async fn dead_letters(organization: &Organization, played: &[Played]) -> Result<Dead> {
    let cloud = &organization.relay.cloud;
    let mut places = BTreeSet::from([(cloud.audit.clone(), HOME.to_owned())]);
    for played in played {
        if let Act::Emit { account, region, .. } = &played.given.act {
            places.insert((account.clone(), region.clone()));
        }
    }
    let mut dead = Dead {
        keys: BTreeSet::new(),
        ids: BTreeSet::new(),
    };
    for (account, region) in places {
        let config = cloud.at(&account, &region).await?;
        let queues = aws_sdk_sqs::Client::new(&config).list_queues().send().await?;
        for url in queues.queue_urls.unwrap_or_default() {
            let name = url.rsplit('/').next().unwrap_or_default();
            if !name.ends_with("-dlq") {
                continue;
            }
            for body in peek(&config, name).await? {
                let envelope = crate::wire::Envelope::parse(body.as_bytes()).ok();
                dead.ids.extend(envelope.and_then(|envelope| envelope.text("id")));
                dead.keys.extend(pipetrail_collector::event_key(body.as_bytes()).ok());
            }
        }
    }
    Ok(dead)
}
