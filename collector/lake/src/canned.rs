//! A real Athena client against answers written down beforehand: what the emulator cannot show. The
//! shapes are those of the API's model; that AWS answers so is unproven here.

use std::fmt::Write;
use std::sync::Mutex;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_athena::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::test_util::infallible_client_fn;

/// Gives the answers, each a status and a body, one after the other.
pub fn serve(answers: &[(u16, &str)]) -> SdkConfig {
    let answers: Vec<(u16, String)> = answers
        .iter()
        .map(|(status, body)| (*status, (*body).to_owned()))
        .collect();
    let mut answers = answers.into_iter();
    config(answering(move |_| {
        answers.next().unwrap_or((599, "no answer left".to_owned()))
    }))
}

/// A configuration whose requests go there.
pub fn config(client: SharedHttpClient) -> SdkConfig {
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
