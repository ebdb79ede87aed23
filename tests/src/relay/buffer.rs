//! What delivery streams hold before they write it. MiniStack writes each record at once; on AWS a stream
//! that is deleted takes along what it holds.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Records that streams have taken and not written.
#[derive(Default)]
pub(super) struct Buffer {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    time: Duration,
    held: Vec<Held>,
    lost: usize,
}

pub(super) struct Held {
    since: Instant,
    pub(super) stream: String,
    pub(super) data: Vec<u8>,
}

impl Buffer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds a record; false where nothing is held.
    pub(super) fn holds(&self, stream: &str, data: &[u8]) -> bool {
        let mut state = self.state();
        if state.time.is_zero() {
            return false;
        }
        state.held.push(Held {
            since: Instant::now(),
            stream: stream.to_owned(),
            data: data.to_vec(),
        });
        true
    }

    /// From now on what is taken is held for so long.
    pub(super) fn hold_for(&self, time: Duration) {
        self.state().time = time;
    }

    /// What was held long enough.
    pub(super) fn due(&self) -> Vec<Held> {
        let mut state = self.state();
        let time = state.time;
        state.held.extract_if(.., |held| held.since.elapsed() >= time).collect()
    }

    /// All of it is lost.
    pub(super) fn lose_all(&self) {
        let mut state = self.state();
        state.lost += state.held.len();
        state.held.clear();
    }

    /// One record is lost that was not held any more.
    pub(super) fn lose_one(&self) {
        self.state().lost += 1;
    }

    /// How many records are held, and how many were lost.
    pub(super) fn held_and_lost(&self) -> (usize, usize) {
        let state = self.state();
        (state.held.len(), state.lost)
    }
}
