//! Plays events into the organization and keeps what became of each.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::names;
use crate::organization::{HOME, Organization};
use crate::printer::Step;
use crate::relay::{Outcome, Trace};
use crate::wire::Envelope;

/// How many events are on their way at once; the emulator's streams take one record at a time.
const AT_ONCE: usize = 4;

#[derive(Clone)]
pub enum Act {
    /// An event that a service emits in an account and Region.
    Emit {
        account: String,
        region: String,
        envelope: Envelope,
    },
    /// A record put straight into the stream of a table.
    Put { table: String, data: Vec<u8> },
    /// What EventBridge could never carry, with the reason.
    Refuse(String),
}

/// One given thing: what the tally calls it, and what to do with it.
#[derive(Clone)]
pub struct Given {
    /// The envelope's id as given, or where it stood.
    pub label: String,
    pub act: Act,
}

#[derive(Clone)]
pub struct Played {
    pub given: Given,
    /// Its way; empty where it was not emitted.
    pub trace: Trace,
}

impl Played {
    /// Why it was refused before or at the bus, if it was.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        if let Act::Refuse(reason) = &self.given.act {
            return Some(reason.clone());
        }
        let refused = |outcome: &&Outcome| matches!(outcome, Outcome::DeadLettered { .. } | Outcome::Dropped { .. });
        self.trace.outcomes.iter().find(refused).map(ToString::to_string)
    }

    /// Whether no rule of the bus where it was emitted matched.
    #[must_use]
    pub fn unmatched(&self) -> bool {
        let default = |outcome: &Outcome| matches!(outcome, Outcome::Unmatched { bus } if bus.ends_with("/default"));
        self.trace.outcomes.iter().any(default)
    }
}

/// Plays everything, about in the order given: EventBridge promises none either.
///
/// # Errors
/// When an emulator fails, or the relay meets something that it cannot evaluate.
pub async fn play(organization: &Arc<Organization>, given: Vec<Given>) -> Result<Vec<Played>> {
    let step = Step::begin("playing events");
    let (total, before) = (given.len(), organization.relay.deliveries());
    let since = std::time::Instant::now();
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (position, given) in given.into_iter().enumerate() {
        let permit = Arc::clone(&gate).acquire_owned().await?;
        let organization = Arc::clone(organization);
        running.spawn(async move {
            let played = one(&organization, given).await;
            drop(permit);
            played.map(|played| (position, played))
        });
        step.at(position, total);
    }
    let mut played = Vec::with_capacity(total);
    while let Some(finished) = running.join_next().await {
        played.push(finished??);
    }
    played.sort_by_key(|(position, _)| *position);
    let deliveries = organization.relay.deliveries() - before;
    let rate = f64::from(u32::try_from(total).unwrap_or(u32::MAX)) / since.elapsed().as_secs_f64();
    step.done(&format!("{total} events, {deliveries} deliveries, {rate:.1} events/s"));
    Ok(played.into_iter().map(|(_, played)| played).collect())
}

async fn one(organization: &Organization, given: Given) -> Result<Played> {
    let relay = &organization.relay;
    let trace = match &given.act {
        Act::Emit {
            account,
            region,
            envelope,
        } => relay.emit(account, region, envelope).await,
        Act::Put { table, data } => {
            let stream = names::stream(table, &relay.cloud.audit, HOME);
            relay.put_record(&stream, data).await.map(|()| Trace::default())
        }
        Act::Refuse(_) => Ok(Trace::default()),
    };
    let trace = trace.with_context(|| format!("playing {}", given.label))?;
    Ok(Played { given, trace })
}
