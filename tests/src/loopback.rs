//! A small HTTP server on a free port of loopback.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Serves until the handle is aborted. An error of `answer` drops the connection without a word, as
/// a broken network does.
///
/// # Errors
/// When no port can be opened.
pub async fn serve<F, A>(answer: F) -> Result<(SocketAddr, AbortHandle)>
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Response<Full<Bytes>>>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .context("no free port on loopback")?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        // Connections end with the server.
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            connections.spawn(async move {
                let service = service_fn(move |request| {
                    let answered = answer(request);
                    async move { answered.await.map_err(std::io::Error::other) }
                });
                let connection =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                // An error here is the dropped connection that a test asked for.
                let _ = connection.await;
            });
        }
    });
    Ok((address, server.abort_handle()))
}
