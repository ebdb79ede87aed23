//! Real SDK clients against answers written down beforehand, for what the emulators cannot show.

use std::sync::{Arc, Mutex};

use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use aws_smithy_http_client::test_util::infallible_client_fn;
use http::{Request, Response};

/// A service's client that `$http` answers: each SDK has a builder of its own.
macro_rules! client {
    ($sdk:ident, $http:expr $(, $option:ident)?) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(Region::new("eu-central-1"))
                .endpoint_url("http://aws.test")
                .credentials_provider(Credentials::new("test", "test", None, None, "test"))
                .http_client($http.clone())
                $(.$option(true))?
                .build(),
        )
    };
}

/// Answers, each given once, to the first request whose text contains its key: see [`text`].
#[derive(Clone)]
pub(crate) struct Answers {
    http: SharedHttpClient,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Answers {
    /// From `(key, status, body)`; every other request gets a 599.
    pub(crate) fn new(answers: &[(&str, u16, &str)]) -> Self {
        let left: Vec<(String, u16, String)> = answers
            .iter()
            .map(|(key, status, body)| ((*key).to_owned(), *status, (*body).to_owned()))
            .collect();
        let left = Mutex::new(left);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let http = infallible_client_fn(move |request| {
            let request = text(&request.map(|body| body.bytes().unwrap_or_default().to_vec()));
            let mut left = left.lock().unwrap();
            let found = left.iter().position(|(key, _, _)| request.contains(key.as_str()));
            let (status, body) = found.map_or((599, "no answer left".to_owned()), |found| {
                let (_, status, body) = left.remove(found);
                (status, body)
            });
            seen.lock().unwrap().push(request);
            Response::builder().status(status).body(body).unwrap()
        });
        Answers { http, requests }
    }

    /// How many requests contained `key`.
    pub(crate) fn count(&self, key: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request.contains(key)).count()
    }

    pub(crate) fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        client!(aws_sdk_cloudformation, self.http)
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        client!(aws_sdk_s3, self.http, force_path_style)
    }

    pub(crate) fn organizations(&self) -> aws_sdk_organizations::Client {
        client!(aws_sdk_organizations, self.http)
    }
}

/// A request as keys find it: `METHOD /path?query`, then `name: value` of each header, then the body.
fn text(request: &Request<Vec<u8>>) -> String {
    let (method, uri) = (request.method(), request.uri());
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    let body = String::from_utf8_lossy(request.body());
    format!("{method} {target}\n{}\n{body}", headers.collect::<String>())
}
