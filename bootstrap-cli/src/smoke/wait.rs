//! Waiting for what arrives by and by.

use std::time::{Duration, Instant};

use crate::failure::Result;

/// The pauses between two looks: half a second at first, up to five.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(5);

/// Looks until there is something to see, or until `limit` is over; gives what was seen last.
///
/// # Errors
/// Whatever a look ends with.
pub(super) async fn wait_for<T>(
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let begun = Instant::now();
    let mut pause = FIRST;
    loop {
        if let Some(seen) = look().await? {
            return Ok(Some(seen));
        }
        if begun.elapsed() + pause > limit {
            return Ok(None);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST);
    }
}
