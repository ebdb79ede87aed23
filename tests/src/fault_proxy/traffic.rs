//! What proxies share: the count, the log, and the faults that wait for their call.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::CONTENT_LENGTH;
use tokio::sync::watch;

use super::{Answered, Call, Fault};

type When = Box<dyn Fn(&Call) -> bool + Send>;
type Change = Box<dyn Fn(&Call, String) -> String + Send>;

/// The calls through some proxies, and what happens to them.
pub struct Traffic {
    state: Mutex<State>,
    reached: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    log: Vec<Call>,
    faults: Vec<Waiting>,
    broken: Vec<(Call, Fault)>,
    rewrites: Vec<(When, Change)>,
}

struct Waiting {
    when: When,
    times: usize,
    fault: Fault,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            reached: watch::Sender::new(false),
        }
    }
}

impl Traffic {
    /// Counts from 1 again, forgets the log and earlier faults, and breaks the call of that number.
    pub fn place(&self, fault: Option<(usize, Fault)>) {
        let mut state = self.state();
        state.log.clear();
        state.faults.clear();
        state.broken.clear();
        drop(state);
        self.reached.send_replace(false);
        if let Some((number, fault)) = fault {
            self.inject(fault, 1, move |call| call.number == number);
        }
    }

    /// Breaks the next `times` calls for which `when` holds. Of several faults the first one counts.
    pub fn inject(&self, fault: Fault, times: usize, when: impl Fn(&Call) -> bool + Send + 'static) {
        let when = Box::new(when);
        self.state().faults.push(Waiting { when, times, fault });
    }

    /// Breaks the first call of every operation for which `when` holds.
    pub fn inject_each(&self, fault: Fault, when: impl Fn(&Call) -> bool + Send + 'static) {
        let seen = Mutex::new(BTreeSet::new());
        self.inject(fault, usize::MAX, move |call| {
            when(call)
                && seen
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(call.operation.clone())
        });
    }

    /// Changes the body of every answer to a call for which `when` holds, until
    /// [`answer_plainly`](Self::answer_plainly).
    pub fn rewrite(
        &self,
        when: impl Fn(&Call) -> bool + Send + 'static,
        change: impl Fn(&Call, String) -> String + Send + 'static,
    ) {
        self.state().rewrites.push((Box::new(when), Box::new(change)));
    }

    /// Passes the answers on as the emulators give them.
    pub fn answer_plainly(&self) {
        self.state().rewrites.clear();
    }

    /// Calls seen since the last [`place`](Self::place).
    #[must_use]
    pub fn count(&self) -> usize {
        self.state().log.len()
    }

    /// Calls of one operation seen since the last [`place`](Self::place).
    #[must_use]
    pub fn count_of(&self, operation: &str) -> usize {
        self.state()
            .log
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    /// Waits until so many calls of an operation were seen, a minute at most.
    ///
    /// # Errors
    /// When they do not come.
    pub async fn until(&self, operation: &str, times: usize) -> Result<()> {
        for _ in 0..1200 {
            if self.count_of(operation) >= times {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("{operation} did not come {times} times within a minute")
    }

    /// The calls since the last [`place`](Self::place), in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state().log.clone()
    }

    /// The calls since the last [`place`](Self::place) that were broken, each with its fault.
    #[must_use]
    pub fn broken(&self) -> Vec<(Call, Fault)> {
        self.state().broken.clone()
    }

    /// Waits until a fault has happened.
    pub async fn reached(&self) {
        // The sender lives as long as `self`.
        let _ = self.reached.subscribe().wait_for(|reached| *reached).await;
    }

    pub(super) fn happened(&self) {
        self.reached.send_replace(true);
    }

    /// Numbers and logs a call, and says what happens to it.
    pub(super) fn arrive(&self, mut call: Call) -> (Call, Option<Fault>) {
        let mut state = self.state();
        call.number = state.log.len() + 1;
        state.log.push(call.clone());
        let waiting = state.faults.iter_mut().find(|it| it.times > 0 && (it.when)(&call));
        let fault = waiting.map(|waiting| {
            waiting.times -= 1;
            waiting.fault
        });
        if let Some(fault) = fault {
            state.broken.push((call.clone(), fault));
        }
        (call, fault)
    }

    pub(super) fn rewritten(&self, call: &Call, (mut head, mut body): Answered) -> Response<Full<Bytes>> {
        for (when, change) in &self.state().rewrites {
            if when(call) {
                body = change(call, String::from_utf8_lossy(&body).into_owned()).into();
                head.headers.remove(CONTENT_LENGTH);
            }
        }
        Response::from_parts(head, Full::new(body))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
