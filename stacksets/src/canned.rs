//! Real SDK clients against answers written down beforehand, for what the emulators cannot show.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// A service's configuration for the server at `$url`: each SDK has a builder of its own.
macro_rules! of_test {
    ($sdk:ident, $url:expr) => {
        $sdk::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&$url)
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(
                aws_smithy_http_client::Builder::new()
                    .tls_provider(Provider::Rustls(CryptoMode::Ring))
                    .build_https(),
            )
    };
}

/// A server on loopback; each answer is given once, to the first request that contains its key.
pub(crate) struct Canned {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    /// Serves `(key, status, body)` answers until the test's process ends.
    pub(crate) fn serve(answers: &[(&str, u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut answers: Vec<(String, u16, String)> = answers
            .iter()
            .map(|(key, status, body)| ((*key).to_owned(), *status, (*body).to_owned()))
            .collect();
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&stream);
                let index = answers.iter().position(|(key, _, _)| request.contains(key.as_str()));
                let (_, status, body) = index.map_or((String::new(), 599, "no answer left".to_owned()), |index| {
                    answers.remove(index)
                });
                seen.lock().unwrap().push(request);
                let head = format!(
                    "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(body.as_bytes()).unwrap();
            }
        });
        Canned { url, requests }
    }

    /// How many requests contained `key`.
    pub(crate) fn count(&self, key: &str) -> usize {
        self.requests
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.contains(key))
            .count()
    }

    pub(crate) fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::from_conf(of_test!(aws_sdk_cloudformation, self.url).build())
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(of_test!(aws_sdk_s3, self.url).force_path_style(true).build())
    }

    pub(crate) fn organizations(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::from_conf(of_test!(aws_sdk_organizations, self.url).build())
    }
}

/// Head and body of a request with a content-length, as text.
fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8_lossy(&body)
}
