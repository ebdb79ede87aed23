//! Polling: pauses that grow, and who is told meanwhile.

use std::time::Duration;

/// Is told the status of what is waited for.
pub(crate) type Tell<'a> = &'a mut (dyn FnMut(&str) + Send);

/// The pauses between two polls: 0.5 s at first, up to 10 s.
pub(crate) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Pause(Duration::from_millis(500))
    }
}

impl Pause {
    /// Sleeps, longer every time.
    pub(crate) async fn sleep(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(Duration::from_secs(10));
    }
}
