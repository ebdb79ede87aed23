//! What the relay does for a replacement of the pipeline stack: it archives, replays, and writes late.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::RwLockWriteGuard;

use super::Relay;
use super::archive::{Archive, Asked};
use super::buffer::Held;
use super::stream::Put;
use crate::wire::Envelope;

impl Relay {
    /// From now on what reaches the archive's bus is kept.
    pub fn archive(&self, archive: Arc<Archive>) {
        *self.archive.lock().unwrap_or_else(PoisonError::into_inner) = Some(archive);
    }

    /// Keeps an event, if its bus has an archive that wants it.
    pub(super) async fn keep(&self, bus: &str, envelope: &Envelope) -> Result<()> {
        let archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(archive) = archive.filter(|archive| archive.bus == bus) else {
            return Ok(());
        };
        if self.rules.judge(&self.cloud, &archive.pattern, envelope).await? {
            archive.keep(envelope);
        }
        Ok(())
    }

    /// Carries out a replay; the archive knows how it ended.
    pub async fn replay(&self, archive: &Archive, asked: &Asked) {
        let how = self.deliver_again(archive, asked).await;
        archive.ends(&asked.name, how);
    }

    async fn deliver_again(&self, archive: &Archive, asked: &Asked) -> Result<()> {
        self.forget_rules().await;
        for event in archive.of(asked) {
            let event = event.with("replay-name", &asked.name)?;
            let rules = self.rules.matching(&self.cloud, &archive.bus, &event).await?;
            for rule in rules.iter().filter(|rule| asked.rules.contains(&rule.arn)) {
                self.to_targets(rule, &event).await?;
            }
        }
        Ok(())
    }

    /// Waits until no event is on its way, and holds the next ones up: an event meets a rule before it goes off
    /// or after, however slow the relay is beside a test that waits sixty times less than AWS takes.
    pub async fn between_events(&self) -> RwLockWriteGuard<'_, ()> {
        self.on_the_way.write().await
    }

    /// From now on streams hold what they take for so long.
    pub fn buffer(&self, time: Duration) {
        self.buffer.hold_for(time);
    }

    /// Writes what was held long enough.
    ///
    /// # Errors
    /// When an emulator fails.
    pub async fn write_held(&self) -> Result<()> {
        for Held { stream, data, .. } in self.buffer.due() {
            let put = self
                .streams
                .put(&self.cloud, &self.access.stacks, &stream, &data)
                .await?;
            if matches!(put, Put::NoStream) {
                self.buffer.lose_one();
            }
        }
        Ok(())
    }

    /// The streams are deleted, with what they hold.
    pub fn streams_are_deleted(&self) {
        self.buffer.lose_all();
    }

    /// How many records are held, and how many were lost with their stream.
    #[must_use]
    pub fn held_and_lost(&self) -> (usize, usize) {
        self.buffer.held_and_lost()
    }
}
