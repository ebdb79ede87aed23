//! Raw answers of AWS, kept: a file for each call, numbered, in a folder that somebody names. What nobody may read is
//! masked before it is written ([`mask`]).
//!
//! Not here: what reads and writes a lake in a bucket (`pipetrail_lake::store`) has connections of its own.

mod mask;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use jiff::Timestamp;
use serde::Serialize;

use super::call::{Answer, Call};
use crate::terminal::printer;

/// Most bytes of an answer's body that are kept.
const LONGEST: usize = 1 << 20;

/// A folder of answers.
#[derive(Debug)]
pub(crate) struct Captures {
    folder: PathBuf,
    last: AtomicU32,
    secrets: Mutex<Vec<String>>,
    lost: AtomicBool,
}

/// What of a request says how its answer is kept.
pub(super) struct Asked {
    /// Bucket and key, of S3; nothing of other services: their paths say no more than the operation.
    path: Option<String>,
    host: String,
    /// Whether the answer may hold messages of a dead-letter queue, which are events as members sent them.
    dead_letters: bool,
}

/// One file.
#[derive(Serialize)]
struct Capture<'a> {
    number: u32,
    service: &'a str,
    operation: &'a str,
    /// `management`, `audit` or `member`: as whom was asked.
    account: &'a str,
    region: &'a str,
    host: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    attempt: &'a str,
    time: String,
    milliseconds: u128,
    /// `None` where there was no answer.
    status: Option<u16>,
    request_id: Option<String>,
    body: String,
}

impl Asked {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let uri = request.uri().split_once("://").map_or(request.uri(), |(_, rest)| rest);
        let (host, path) = uri.split_once('/').unwrap_or((uri, ""));
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let holds = |text: &[u8]| body.windows(text.len()).any(|window| window == text);
        Asked {
            // What a query says is a parameter, of which some sign.
            path: authorization
                .contains("/s3/aws4_request")
                .then(|| format!("/{}", path.split('?').next().unwrap_or_default())),
            host: host.to_owned(),
            dead_letters: holds(b"-dlq"),
        }
    }
}

impl Captures {
    /// A folder, made where there is none. Files of earlier runs stay; numbers go on behind theirs.
    ///
    /// # Errors
    /// It cannot be made or read.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut last = 0;
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.split('-').next()?.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        Ok(Captures {
            folder: folder.to_owned(),
            last: AtomicU32::new(last),
            secrets: Mutex::default(),
            lost: AtomicBool::new(false),
        })
    }

    /// Masks this text in whatever is kept from here on.
    pub(crate) fn hide(&self, secret: &str) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.push(secret.to_owned());
    }

    /// How many answers the folder has.
    pub(crate) fn count(&self) -> u32 {
        self.last.load(Ordering::Relaxed)
    }

    /// Writes a file of the command's own beside the answers.
    ///
    /// # Errors
    /// What the file system refuses.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        write(&self.folder.join(name), &self.masked(text))
    }

    /// Keeps an answer, and gives it on as it came.
    pub(super) async fn keep(&self, call: &Call, asked: &Asked, took: Duration, answer: Answer) -> Answer {
        let mut response = match answer {
            Ok(response) => response,
            Err(error) => {
                let why = if error.is_timeout() { "timed out" } else { "no answer" };
                self.put(call, asked, took, (None, None), why.to_owned());
                return Err(error);
            }
        };
        let status = response.status().as_u16();
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        let body = match ByteStream::new(body).collect().await {
            Ok(body) => body.into_bytes(),
            Err(error) => {
                self.put(call, asked, took, (Some(status), None), "cut off".to_owned());
                return Err(ConnectorError::io(error.into()));
            }
        };
        let headers = ["x-amzn-requestid", "x-amz-request-id"];
        let request_id = headers.iter().find_map(|name| response.headers().get(*name));
        let head = (Some(status), request_id.map(str::to_owned));
        self.put(call, asked, took, head, self.body(call, asked, &body));
        *response.body_mut() = SdkBody::from(body);
        Ok(response)
    }

    /// A body as it is kept.
    fn body(&self, call: &Call, asked: &Asked, body: &[u8]) -> String {
        if mask::is_secret(&call.service, &call.operation) {
            return "(not kept: credentials)".to_owned();
        }
        match std::str::from_utf8(body) {
            Ok(text) if mask::quotes_request(text) => "(not kept: it quotes the signed request)".to_owned(),
            Ok(text) if text.len() <= LONGEST => {
                let text = mask::fields(text, mask::of(&call.service, asked.dead_letters));
                self.masked(&text)
            }
            _ => format!("(not kept: {} bytes)", body.len()),
        }
    }

    fn masked(&self, text: &str) -> String {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        mask::known(text, &secrets)
    }

    fn put(&self, call: &Call, asked: &Asked, took: Duration, head: (Option<u16>, Option<String>), body: String) {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let path = asked.path.as_deref().map(|path| self.masked(path));
        let capture = Capture {
            number,
            service: &call.service,
            operation: &call.operation,
            account: call.account,
            region: &call.region,
            host: &asked.host,
            path: path.as_deref(),
            attempt: &call.attempt,
            time: format!("{:.3}", Timestamp::now()),
            milliseconds: took.as_millis(),
            status: head.0,
            request_id: head.1,
            body,
        };
        let plain = |text: &str| -> String {
            let kept = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-');
            kept.collect()
        };
        let name = format!("{number:04}-{}-{}.json", plain(&call.service), plain(&call.operation));
        let text = serde_json::to_string_pretty(&capture).map_err(io::Error::from);
        let written = text.and_then(|text| write(&self.folder.join(&name), &format!("{text}\n")));
        if let Err(cause) = written
            && !self.lost.swap(true, Ordering::Relaxed)
        {
            let folder = self.folder.display();
            printer::error(&format!("cannot keep an answer of AWS in {folder}: {cause}"), None);
        }
    }
}

/// Writes a file that its owner alone reads.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}
