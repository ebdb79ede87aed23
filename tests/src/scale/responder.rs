//! The server: counts, throttles, waits, answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::task::AbortHandle;

use super::answers::{Answer, answer};
use super::paced::Buckets;
use super::world::World;
use crate::fault_proxy::Call;
use crate::loopback;

/// A running responder.
pub(super) struct Responder {
    pub(super) endpoint: String,
    state: Arc<Mutex<State>>,
    server: AbortHandle,
}

#[derive(Default)]
struct State {
    latency: Duration,
    buckets: Option<Buckets>,
    calls: BTreeMap<(String, String), usize>,
    throttled: usize,
    unknown: BTreeSet<String>,
}

impl Responder {
    pub(super) async fn start(world: Arc<World>) -> Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let (address, server) = loopback::serve(move |request| {
            let (world, shared) = (Arc::clone(&world), Arc::clone(&shared));
            async move { respond(&world, &shared, request).await }
        })
        .await?;
        Ok(Self {
            endpoint: format!("http://{address}"),
            state,
            server,
        })
    }

    /// Counts from nothing, and answers at that pace from now on.
    pub(super) fn pace(&self, latency: Duration, throttle: bool) {
        *lock(&self.state) = State {
            latency,
            buckets: throttle.then(Buckets::default),
            ..State::default()
        };
    }

    /// Calls by service and operation, and how many of them were throttled.
    pub(super) fn seen(&self) -> (BTreeMap<(String, String), usize>, usize) {
        let state = lock(&self.state);
        (state.calls.clone(), state.throttled)
    }

    /// Operations that had no answer here.
    pub(super) fn unknown(&self) -> BTreeSet<String> {
        lock(&self.state).unknown.clone()
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn respond(world: &World, state: &Mutex<State>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let call = Call::parse("scale", &head, &body);
    let (latency, is_let) = {
        let mut state = lock(state);
        let name = if call.service == "s3" {
            call.method.clone()
        } else {
            call.operation.clone()
        };
        *state.calls.entry((call.service.clone(), name)).or_default() += 1;
        let buckets = state.buckets.as_mut();
        let is_let = buckets.is_none_or(|buckets| buckets.take(&call.operation, Instant::now()));
        state.throttled += usize::from(!is_let);
        (state.latency, is_let)
    };
    tokio::time::sleep(latency).await;
    let given = if is_let {
        answer(world, &call, &String::from_utf8_lossy(&body))
    } else {
        Some(Answer::json_error("TooManyRequestsException"))
    };
    let given = given.unwrap_or_else(|| {
        lock(state)
            .unknown
            .insert(format!("{} {}", call.service, call.operation));
        Answer::xml_error("InvalidAction", "unknown here")
    });
    Ok(Response::builder()
        .status(given.status)
        .header("content-type", given.kind)
        .body(Full::new(given.text.into()))?)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
