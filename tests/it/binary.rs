//! `cargo local-org` itself: its JSON, and that nothing outlives it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

const STATE: &str = include_str!("../fixtures/pipeline/succeeded.json");
const APPROVAL: &str = include_str!("../fixtures/cloudtrail/put-approval-approved-sso-console.json");

/// A child that does not outlive a failed test either.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn own_events_are_reported_and_a_kill_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let line = |text: &str| {
        let value: Value = serde_json::from_str(text).unwrap();
        value.to_string()
    };
    let other = line(STATE)
        .replace("111122223333", "000011112222")
        .replace("eu-central-1", "ap-northeast-1");
    let other = other.replace("1a2b3c0", "9a9b9c0");
    let lines = [line(APPROVAL), other, "not json".to_owned(), line(APPROVAL)];
    fs::write(folder.path().join("events.ndjson"), lines.join("\n")).unwrap();
    fs::write(folder.path().join("one.json"), STATE).unwrap();

    let mut child = Running(
        Command::new(env!("CARGO_BIN_EXE_local-org"))
            .args(["--keep", "--output", "json", "--events"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let (sender, messages) = mpsc::channel();
    let errors = BufReader::new(child.0.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        errors
            .lines()
            .map_while(Result::ok)
            .for_each(|line| drop(sender.send(line)));
    });
    let mut output = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut output)
        .unwrap();

    let mut seen = Vec::new();
    let config = loop {
        let Ok(line) = messages.recv_timeout(Duration::from_secs(60)) else {
            panic!("{}", seen.join("\n"));
        };
        if let Some((_, path)) = line.split_once("export AWS_CONFIG_FILE=") {
            break PathBuf::from(path);
        }
        seen.push(line);
    };
    let tally: Value = serde_json::from_str(&output).unwrap_or_else(|_| panic!("{output}\n{}", seen.join("\n")));
    assert_eq!(tally["events_in"], 5);
    assert_eq!(tally["refused"], 1);
    assert_eq!(tally["missing"], Value::Array(vec![]));
    let accounts = tally["accounts"].as_object().unwrap();
    assert_eq!(accounts.keys().collect::<Vec<_>>(), ["000011112222", "111122223333"]);
    let (far, near) = (
        accounts["000011112222"].as_str().unwrap(),
        accounts["111122223333"].as_str().unwrap(),
    );
    assert_ne!(far, near);
    assert_eq!(tally["rows"]["pipeline_executions"][far], 1);
    assert_eq!(tally["rows"]["approval_calls"][near], 2);
    assert_eq!(tally["distinct"]["approval_calls"][near], 1);
    assert_eq!(
        (&tally["evidence"], &tally["objects"]),
        (&Value::from(1), &Value::from(4))
    );
    assert_eq!(
        tally["settled"],
        serde_json::json!({"rows": 3, "objects": 3, "partitions": 3, "landing": 0})
    );
    assert_eq!(
        (&tally["alerts"][near], &tally["alerts"][far]),
        (&Value::from(1), &Value::from(0))
    );
    assert_eq!(
        (&tally["alerts"]["organization"], &tally["errors_kept"]),
        (&Value::from(1), &Value::from(0))
    );

    let text = fs::read_to_string(&config).unwrap();
    let mut ports: Vec<u16> = text
        .lines()
        .filter_map(|line| line.rsplit_once(':')?.1.parse().ok())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 2, "{text}");
    let listening = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
    assert!(ports.iter().all(listening));

    // SIGKILL: it cannot tidy up any more.
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    reader.join().unwrap();
    let gone = || !ports.iter().any(listening) && !config.parent().unwrap().exists();
    let until = Instant::now() + Duration::from_secs(20);
    while !gone() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(gone(), "an emulator outlives its parent");
}
