//! Doing what is next, and waiting, until nothing is.

use jiff::Timestamp;
use pipetrail_names::{AccountId, Region};

use super::events::{disable, has_archive, replay_state, rules, start_replay};
use super::next::{self, Before, Drain, Replay};
use super::record::Record;
use super::signs;
use crate::clients::Clients;
use crate::error::Error;
use crate::flow::Flow;
use crate::journal::Written;
use crate::pause::{Pause, Tell};

/// What all calls about one flow share.
pub(crate) struct FlowCalls<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) flow: &'a Flow,
    pub(crate) account: &'a AccountId,
    pub(crate) region: &'a Region,
    pub(crate) written: &'a Written,
}

impl FlowCalls<'_> {
    /// Brings the flow to a stop before the stack of that id is deleted; `since` is since when it has
    /// lacked its rules, where it is known to. Gives what was done, in words.
    ///
    /// # Errors
    /// A refused call, or a stream that does not drain and that no archive stands behind.
    pub(crate) async fn drain(&self, stack: &str, since: Option<Timestamp>, tell: Tell<'_>) -> Result<String, Error> {
        let archived = has_archive(&self.clients.eventbridge, self.flow).await?;
        let mut record = self.read().await?;
        let (mut signs, mut pause) = (None, Pause::default());
        loop {
            let rules = rules(&self.clients.eventbridge, self.flow).await?;
            let seen = Before {
                stack,
                record: record.as_ref(),
                rules_on: rules.iter().any(|(_, is_on)| *is_on),
                signs: signs.as_deref(),
                archived,
            };
            let now = Timestamp::now();
            match next::drain(seen, self.flow.waits(), now) {
                Drain::Remember => {
                    let from = since.map_or(now, |since| since.min(now));
                    let begun = Record::begun(record.take(), stack, from);
                    // Without any rule there is nothing to wait for.
                    let rules_off = rules.is_empty().then_some(begun.from);
                    record = Some(self.put(Record { rules_off, ..begun }).await?);
                }
                Drain::Disable => {
                    for (rule, _) in rules.iter().filter(|(_, is_on)| *is_on) {
                        tell(&format!("disabling rule {rule}"));
                        disable(&self.clients.eventbridge, self.flow, rule, self.written).await?;
                    }
                    if let Some(begun) = record.take() {
                        let rules_off = Some(Timestamp::now());
                        record = Some(self.put(Record { rules_off, ..begun }).await?);
                    }
                    signs = None;
                }
                Drain::Wait { until, why } => {
                    tell(&format!("{why}; until {} at least", until.strftime("%H:%M:%SZ")));
                    sleep_until(until).await;
                    signs = None;
                }
                Drain::Look => signs = Some(signs::read(&self.clients.signed, self.flow, now).await?),
                Drain::LookAgain { why } => {
                    tell(&why);
                    pause.sleep().await;
                    signs = None;
                }
                Drain::Go { oldest: None } => return Ok("off, and the streams have drained".to_owned()),
                Drain::Go { oldest: Some(oldest) } => {
                    if let Some(begun) = record.take() {
                        let oldest = Some(begun.oldest.map_or(oldest, |earlier| earlier.min(oldest)));
                        self.put(Record { oldest, ..begun }).await?;
                    }
                    let since = oldest.strftime("%Y-%m-%dT%H:%M:%SZ");
                    return Ok(format!(
                        "off; a stream did not write what came in since {since}, which is replayed too"
                    ));
                }
                Drain::Blocked { stream, since } => return Err(Error::Undrained { stream, since }),
            }
        }
    }

    /// Writes down that the new stack stands; gives for how long the bus had no rules, in words.
    ///
    /// # Errors
    /// A refused call.
    pub(crate) async fn end(&self) -> Result<Option<String>, Error> {
        match self.read().await? {
            Some(record) if record.is_open() => {
                let until = Some(Timestamp::now());
                Ok(self.put(Record { until, ..record }).await?.gap())
            }
            Some(record) => Ok(record.gap()),
            None => Ok(None),
        }
    }

    /// Has everything replayed that reached the bus while it had no rules, and waits for the end of it;
    /// gives what was done, in words.
    ///
    /// # Errors
    /// A refused call, or a replay that fails twice.
    pub(crate) async fn replay(&self, tell: Tell<'_>) -> Result<String, Error> {
        let client = &self.clients.eventbridge;
        let archived = has_archive(client, self.flow).await?;
        let (mut pause, mut failures) = (Pause::default(), 0);
        let Some(mut record) = self.read().await? else {
            return Ok("nothing was replaced".to_owned());
        };
        loop {
            let state = if archived {
                replay_state(client, &record).await?
            } else {
                None
            };
            let now = Timestamp::now();
            match next::replay(&record, archived, state.as_deref(), self.flow.waits(), now) {
                Replay::End => {
                    let until = Some(now);
                    record = self.put(Record { until, ..record }).await?;
                }
                Replay::Wait { until } => {
                    let until_text = until.strftime("%H:%M:%SZ");
                    tell(&format!(
                        "the archive has everything at {until_text}; `apply` may be stopped, and goes on later"
                    ));
                    sleep_until(until).await;
                }
                Replay::Start { name } => {
                    tell(&format!("starting {name}"));
                    let place = (self.account, self.region);
                    start_replay(client, self.flow, place, &record, self.written).await?;
                }
                Replay::Await { name, state } => {
                    tell(&format!("{name} is {state}"));
                    pause.sleep().await;
                }
                Replay::Again { name, state } if failures > 0 => return Err(Error::Replay { name, state }),
                Replay::Again { .. } => {
                    failures += 1;
                    let attempt = record.attempt.saturating_add(1);
                    record = self.put(Record { attempt, ..record }).await?;
                }
                Replay::Close => {
                    let done = self.put(Record { done: true, ..record }).await?;
                    let gap = done.gap().unwrap_or_default();
                    return Ok(match (archived, done.replayed()) {
                        (true, Some((from, until))) => {
                            let second = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                            format!("{} to {} replayed (no rules for {gap})", second(from), second(until))
                        }
                        _ => format!("there is no archive: what reached the bus is lost (no rules for {gap})"),
                    });
                }
            }
        }
    }

    async fn read(&self) -> Result<Option<Record>, Error> {
        Record::read(&self.clients.s3, &self.flow.bucket, self.account).await
    }

    async fn put(&self, record: Record) -> Result<Record, Error> {
        let put = record.put(&self.clients.s3, &self.flow.bucket, self.account).await;
        self.written.note(put)
    }
}

async fn sleep_until(time: Timestamp) {
    let left = time.duration_since(Timestamp::now());
    tokio::time::sleep(left.try_into().unwrap_or_default()).await;
}
