//! Real SDK clients against answers written down beforehand, for what the emulators lack. The shapes are
//! those of the API models; that AWS answers so is unproven here.

use std::fmt::Write;
use std::sync::Mutex;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::test_util::infallible_client_fn;

/// Gives `(key, status, body)` answers: each once, to the first request that contains its key. The empty
/// key is in every request: such answers are given in turn.
pub fn serve(answers: &[(&str, u16, &str)]) -> SdkConfig {
    let owned = |(key, status, body): &(&str, u16, &str)| ((*key).to_owned(), *status, (*body).to_owned());
    let mut answers: Vec<(String, u16, String)> = answers.iter().map(owned).collect();
    let client = answering(move |request| {
        let index = answers.iter().position(|(key, _, _)| request.contains(key.as_str()));
        index.map_or((599, "no answer left".to_owned()), |index| {
            let (_, status, body) = answers.remove(index);
            (status, body)
        })
    });
    let keys = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(client)
        .build()
}

/// Answers every request, its head and body as text, with a status and a body.
pub fn answering(answer: impl FnMut(&str) -> (u16, String) + Send + 'static) -> SharedHttpClient {
    let answer = Mutex::new(answer);
    infallible_client_fn(move |request| {
        let mut text = format!("{} {}\r\n", request.method(), request.uri());
        for (name, value) in request.headers() {
            let _ = write!(text, "{name}: {}\r\n", value.to_str().unwrap_or_default());
        }
        text.push_str("\r\n");
        text.push_str(&String::from_utf8_lossy(request.body().bytes().unwrap_or_default()));
        let (status, body) = (*answer.lock().unwrap())(&text);
        http::Response::builder().status(status).body(body).unwrap()
    })
}
