//! Runs a function's binary as Lambda would: a runtime API on loopback, one process, one invocation
//! at a time.
//!
//! Not for timing, and not for what the emulator does with deployed functions: this is for tests
//! that must kill a function or answer its calls with errors at a chosen moment.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;

use crate::environment::cleared;
use crate::loopback;

pub struct Function {
    child: Child,
    events: mpsc::Sender<Bytes>,
    answers: mpsc::Receiver<Answer>,
    server: AbortHandle,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Response(Value),
    Error(Value),
    /// The process ended without an answer.
    Died,
}

struct RuntimeApi {
    events: Mutex<mpsc::Receiver<Bytes>>,
    answers: mpsc::Sender<Answer>,
}

impl Function {
    /// Starts the binary with these environment variables and no others but Lambda's own.
    ///
    /// # Errors
    /// When the binary cannot be started.
    pub async fn start(binary: &Path, environment: &[(&str, String)]) -> Result<Self> {
        Self::start_with(binary, environment, Stdio::null()).await
    }

    /// The same, with its logs and metrics.
    ///
    /// # Errors
    /// When the binary cannot be started.
    pub async fn start_with(binary: &Path, environment: &[(&str, String)], stdout: Stdio) -> Result<Self> {
        let (events, received) = mpsc::channel(1);
        let (answering, answers) = mpsc::channel(1);
        let api = Arc::new(RuntimeApi {
            events: Mutex::new(received),
            answers: answering,
        });
        let (address, server) = loopback::serve(move |request| Arc::clone(&api).answer(request)).await?;
        let child = Command::from(cleared(binary, &[]))
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .envs(lambda_environment(address))
            .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
            .stdout(stdout)
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        Ok(Self {
            child,
            events,
            answers,
            server,
        })
    }

    /// Invokes the function and waits for its answer or its end.
    ///
    /// # Errors
    /// When the function neither answers nor ends within a minute.
    pub async fn invoke(&mut self, event: Bytes) -> Result<Answer> {
        if self.events.send(event).await.is_err() {
            return Ok(Answer::Died);
        }
        let answer = async {
            tokio::select! {
                Some(answer) = self.answers.recv() => answer,
                _ = self.child.wait() => Answer::Died,
            }
        };
        tokio::time::timeout(Duration::from_secs(60), answer)
            .await
            .context("the function does not answer")
    }

    /// Ends the process at once, as Lambda may at any time.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("cannot end the function")
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lambda_environment(address: SocketAddr) -> [(&'static str, String); 5] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", "function-under-test".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "local".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", address.port().to_string()),
    ]
}

impl RuntimeApi {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
        let path = request.uri().path().to_owned();
        if request.method() == Method::GET && path.ends_with("/invocation/next") {
            let event = self.events.lock().await.recv().await.context("no more events")?;
            return Ok(Response::builder()
                .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
                .header("lambda-runtime-deadline-ms", "4102444800000")
                .header(
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:eu-central-1:000000000000:function:under-test",
                )
                .header("content-type", "application/json")
                .body(Full::new(event))?);
        }
        let body = request.into_body().collect().await?.to_bytes();
        let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let answer = if path.ends_with("/response") {
            Answer::Response(value)
        } else {
            Answer::Error(value)
        };
        // Nobody waits any more when the test has given up.
        let _ = self.answers.send(answer).await;
        Ok(Response::builder().status(StatusCode::ACCEPTED).body(Full::default())?)
    }
}
