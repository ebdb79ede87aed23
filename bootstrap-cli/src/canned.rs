//! Real SDK clients against answers written down beforehand, for what the emulators lack. The shapes are
//! those of the API models; that AWS answers so is unproven here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// Serves `(key, status, body)` answers on loopback until the test's process ends: each once, to the first
/// request that contains its key. The empty key is in every request: such answers are given in turn.
pub fn serve(answers: &[(&str, u16, &str)]) -> SdkConfig {
    let owned = |(key, status, body): &(&str, u16, &str)| ((*key).to_owned(), *status, (*body).to_owned());
    let mut answers: Vec<(String, u16, String)> = answers.iter().map(owned).collect();
    let url = listen(move |request| {
        let index = answers.iter().position(|(key, _, _)| request.contains(key.as_str()));
        index.map_or((599, "no answer left".to_owned()), |index| {
            let (_, status, body) = answers.remove(index);
            (status, body)
        })
    });
    let keys = Credentials::new("test", "test", None, None, "test");
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(http)
        .build()
}

/// Answers every request, head and body as text, with a status and a body until the test's process ends;
/// gives the URL.
pub fn listen(mut answer: impl FnMut(String) -> (u16, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (status, body) = answer(request(&stream));
            let length = body.len();
            let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
            // A client that has gone needs no answer.
            let _ = (&stream).write_all((head + &body).as_bytes());
        }
    });
    format!("http://{address}")
}

/// Head and body of a request with a content-length, as text.
fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    head + &String::from_utf8_lossy(&body)
}
