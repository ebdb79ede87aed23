//! An HTTP client for SDK clients that gives answers written down beforehand: what the emulators cannot
//! show. Nothing is sent anywhere. The answers' shapes are those of the API models; that AWS answers so
//! is unproven here.

use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

/// Status and body of an answer.
pub type Answer = (u16, String);

/// A client that asks `answer` for the answer to each request. It gets the request as text: `METHOD /path?query`,
/// a line `name: value` per header, an empty line, the body.
pub fn answering(answer: impl FnMut(&str) -> Answer + Send + 'static) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(Arc::new(Mutex::new(answer))));
    http_client_fn(move |_, _| connector.clone())
}

/// What [`answering`] may ask: each `(key, status, body)` is given once, to the first request whose text
/// contains the key. The empty key is in every request: such answers are given in turn. Whatever is asked
/// beyond them gets a 599.
pub fn each_once(answers: &[(&str, u16, &str)]) -> impl FnMut(&str) -> Answer + Send + 'static {
    let owned = |(key, status, body): &(&str, u16, &str)| ((*key).to_owned(), *status, (*body).to_owned());
    let mut left: Vec<(String, u16, String)> = answers.iter().map(owned).collect();
    move |request| {
        let found = left.iter().position(|(key, ..)| request.contains(key.as_str()));
        found.map_or((599, "no answer left".to_owned()), |found| {
            let (_, status, body) = left.remove(found);
            (status, body)
        })
    }
}

struct Connector<F>(Arc<Mutex<F>>);

impl<F> fmt::Debug for Connector<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl<F: FnMut(&str) -> Answer + Send + 'static> HttpConnector for Connector<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut answer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, body) = answer(&text(&request));
        // A number that is no status is a slip in the test: the client says so.
        let status = status.try_into().unwrap_or_else(|error| panic!("{error}"));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body))))
    }
}

fn text(request: &HttpRequest) -> String {
    let uri = request.uri();
    let target = uri
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    let mut text = format!("{} {}\n", request.method(), target.unwrap_or("/"));
    for (name, value) in request.headers() {
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(request.body().bytes().unwrap_or_default()));
    text
}
