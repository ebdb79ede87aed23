//! A proxy in front of an emulator that breaks one chosen call.
//!
//! Calls are counted from 1 in the order they arrive. It knows nothing of AWS: a fault is placed by
//! number, before or behind the emulator's work.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::loopback;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never reaches the emulator; the caller gets HTTP 500.
    Refused,
    /// The emulator does its work, but the connection breaks before the answer.
    AnswerLost,
    /// The emulator does its work, and the answer waits for ever: the moment to kill the caller.
    Hangs,
}

/// A running proxy.
pub struct FaultProxy {
    /// Where clients connect, such as `http://127.0.0.1:40123`.
    pub endpoint: String,
    state: Arc<State>,
    server: AbortHandle,
}

struct State {
    upstream: SocketAddr,
    plan: Mutex<(usize, Option<(usize, Fault)>)>,
    reached: watch::Sender<bool>,
}

impl FaultProxy {
    /// Starts a proxy in front of `upstream`, such as `http://127.0.0.1:4566`.
    ///
    /// # Errors
    /// When `upstream` is no loopback endpoint or no port is free.
    pub async fn start(upstream: &str) -> Result<Self> {
        let upstream: SocketAddr = upstream
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .parse()
            .context("not an endpoint on loopback")?;
        let state = Arc::new(State {
            upstream,
            plan: Mutex::new((0, None)),
            reached: watch::Sender::new(false),
        });
        let handler = Arc::clone(&state);
        let (address, server) = loopback::serve(move |request| Arc::clone(&handler).pass(request)).await?;
        Ok(Self {
            endpoint: format!("http://{address}"),
            state,
            server,
        })
    }

    /// Counts from 1 again and breaks the call of that number.
    pub fn place(&self, fault: Option<(usize, Fault)>) {
        *self.state.plan.lock().unwrap_or_else(PoisonError::into_inner) = (0, fault);
        self.state.reached.send_replace(false);
    }

    /// Calls seen since the last [`place`](Self::place).
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state.plan.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until the placed fault has happened.
    pub async fn reached(&self) {
        // The sender lives as long as `self`.
        let _ = self.state.reached.subscribe().wait_for(|reached| *reached).await;
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl State {
    fn next(&self) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.0 += 1;
        let (count, fault) = *plan;
        fault.filter(|(number, _)| *number == count).map(|(_, fault)| fault)
    }

    async fn pass(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let fault = self.next();
        if fault == Some(Fault::Refused) {
            self.reached.send_replace(true);
            return Ok(Response::builder()
                .status(StatusCode::INTERNAL_SERVER_ERROR)
                .body(Full::default())?);
        }
        let answer = self.forward(request).await?;
        if let Some(fault) = fault {
            self.reached.send_replace(true);
            if fault == Fault::Hangs {
                std::future::pending::<()>().await;
            }
            bail!("the answer is lost");
        }
        Ok(answer)
    }

    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = Full::new(body.collect().await?.to_bytes());
        let stream = TcpStream::connect(self.upstream)
            .await
            .context("the emulator is gone")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(Request::from_parts(head, body)).await?;
        let (mut head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        connection.abort();
        head.headers.remove(hyper::header::TRANSFER_ENCODING);
        Ok(Response::from_parts(head, Full::new(body)))
    }
}
