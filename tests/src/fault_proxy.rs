//! Proxies in front of the emulators that record every call and break chosen ones.
//!
//! Proxies that share a [`Traffic`] count and log together, from 1 in the order in which calls
//! arrive. Faults are placed by number or by what a call is; answers can be rewritten where an
//! emulator is thinner than AWS.

mod aws_answer;
mod call;
mod fault;
mod traffic;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

pub use self::call::Call;
pub use self::fault::Fault;
pub use self::traffic::Traffic;
use crate::loopback;

/// A running proxy in front of one emulator.
pub struct FaultProxy {
    /// Where clients connect, such as `http://127.0.0.1:40123`.
    pub endpoint: String,
    traffic: Arc<Traffic>,
    server: AbortHandle,
}

impl FaultProxy {
    /// Starts a proxy of its own in front of `upstream`, such as `http://127.0.0.1:4566`.
    ///
    /// # Errors
    /// When `upstream` is no loopback endpoint or no port is free.
    pub async fn start(upstream: &str) -> Result<Self> {
        Self::share(&Arc::default(), "emulator", upstream).await
    }

    /// Starts a proxy that counts and logs together with others; `name` is the emulator's in the log.
    ///
    /// # Errors
    /// When `upstream` is no loopback endpoint or no port is free.
    pub async fn share(traffic: &Arc<Traffic>, name: &'static str, upstream: &str) -> Result<Self> {
        let upstream: SocketAddr = upstream
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .parse()
            .context("not an endpoint on loopback")?;
        let shared = Arc::clone(traffic);
        let (address, server) = loopback::serve(move |request| {
            let shared = Arc::clone(&shared);
            async move { pass(&shared, name, upstream, request).await }
        })
        .await?;
        Ok(Self {
            endpoint: format!("http://{address}"),
            traffic: Arc::clone(traffic),
            server,
        })
    }

    /// Counts from 1 again and breaks the call of that number.
    pub fn place(&self, fault: Option<(usize, Fault)>) {
        self.traffic.place(fault);
    }

    /// Calls seen since the last [`place`](Self::place).
    #[must_use]
    pub fn calls(&self) -> usize {
        self.traffic.count()
    }

    /// Waits until the placed fault has happened.
    pub async fn reached(&self) {
        self.traffic.reached().await;
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(
    traffic: &Traffic,
    emulator: &'static str,
    upstream: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let call = Call::parse(emulator, &head, &body);
    let (call, fault) = traffic.arrive(call);
    match fault {
        Some(Fault::Refused) => {
            traffic.happened();
            return Ok(Response::builder()
                .status(StatusCode::INTERNAL_SERVER_ERROR)
                .body(Full::default())?);
        }
        Some(Fault::Stalls) => {
            traffic.happened();
            return std::future::pending().await;
        }
        Some(Fault::Error(code)) => {
            traffic.happened();
            return aws_answer::error(&call, code);
        }
        Some(Fault::EmptyPage) => {
            traffic.happened();
            return aws_answer::empty_page(&call);
        }
        Some(Fault::AnswerLost | Fault::Hangs) | None => {}
    }
    let body = aws_answer::without_made_up_token(&call, body);
    let answer = forward(upstream, head, body).await?;
    match fault {
        Some(Fault::Hangs) => {
            traffic.happened();
            std::future::pending().await
        }
        Some(_) => {
            traffic.happened();
            bail!("the answer is lost")
        }
        None => Ok(traffic.rewritten(&call, answer)),
    }
}

/// An emulator's answer, read to its end.
pub(crate) type Answered = (hyper::http::response::Parts, Bytes);

pub(crate) async fn forward(upstream: SocketAddr, mut head: Parts, body: Bytes) -> Result<Answered> {
    let stream = TcpStream::connect(upstream).await.context("the emulator is gone")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    if head.headers.contains_key(CONTENT_LENGTH) {
        head.headers.insert(CONTENT_LENGTH, body.len().into());
    }
    let answer = sender.send_request(Request::from_parts(head, Full::new(body))).await?;
    let (mut head, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    connection.abort();
    head.headers.remove(TRANSFER_ENCODING);
    Ok((head, body))
}
