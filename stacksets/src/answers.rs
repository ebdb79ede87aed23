//! Real SDK clients against answers written down beforehand, for what the emulators cannot show.

use std::sync::{Arc, Mutex};

use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};
use pipetrail_unit::answers::{answering, each_once};

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

/// Answers, each given once, to the first request whose text contains its key: see [`answering`].
#[derive(Clone)]
pub(crate) struct Answers {
    http: SharedHttpClient,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Answers {
    /// From `(key, status, body)`; every other request gets a 599.
    pub(crate) fn new(answers: &[(&str, u16, &str)]) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let mut answer = each_once(answers);
        let http = answering(move |request| {
            seen.lock().unwrap().push(request.to_owned());
            answer(request)
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

    pub(crate) fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        client!(aws_sdk_eventbridge, self.http)
    }

    /// The client itself, for what has no SDK.
    pub(crate) fn http(&self) -> SharedHttpClient {
        self.http.clone()
    }

    pub(crate) fn organizations(&self) -> aws_sdk_organizations::Client {
        client!(aws_sdk_organizations, self.http)
    }
}
