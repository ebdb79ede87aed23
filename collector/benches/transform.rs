//! λ transform against two Python handlers and a floor, in one run: `cargo bench-transform`.
//!
//! Every contender gets the same requests, as JSON text, one after the other on one core, and takes
//! turns with the others. Of each request the fastest time counts: whatever else runs on the machine
//! can only slow it down. The figures are kept in `docs/performance.md`. It is no test of speed:
//! only wrong rows make it fail.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures, and stops at the first surprise"
)]

use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pipetrail_collector::Event;
use pipetrail_collector::transform::{Request, transform};
use serde_json::value::RawValue;
use serde_json::{Value, json};

const EVENTS: usize = 4_000;
/// Events of one request. Firehose is told to send 1 MB at most, so that the answer, which is more
/// than twice as long, stays under Lambda's 6 MB.
const PER_REQUEST: usize = 500;
const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(2);
const STARTS: usize = 30;

const SEED: &str = "seed_handler";
const SAME_WORK: &str = "same_work_handler";

fn main() {
    let fixtures = Fixtures::read();
    let answered = assert_python_answers_the_same(&fixtures.requests_of_all());

    let requests = fixtures.requests(EVENTS);
    let bytes: usize = requests.iter().flat_map(records).map(|data| data.len() / 4 * 3).sum();
    println!(
        "{EVENTS} events of {:.2} KB a round, in {} requests; {answered} fixtures have the same rows in Python\n",
        bytes as f64 / EVENTS as f64 / 1000.0,
        requests.len(),
    );

    let data: Vec<Vec<String>> = requests.iter().map(records).collect();
    let mut turns: [Vec<Vec<f64>>; 4] = Default::default();
    for _ in 0..TURNS {
        turns[0].push(time(&requests, |request| answer(request).len()));
        turns[1].push(time_python(SEED, &requests));
        turns[2].push(time_python(SAME_WORK, &requests));
        turns[3].push(time(&data, |batch| floor(batch)));
    }
    let [ours, seed, same_work, floor] = turns.map(|turns| EVENTS as f64 / fastest_of_each(&turns).sum::<f64>());
    println!("{:<44} {:>10}  {:>12}  goal", "", "events/s", "transform is");
    println!("{:<44} {ours:>10.0}", "λ transform");
    println!(
        "{:<44} {seed:>10.0}  {:>10.1} ×  ≥ 15 ×",
        "Python, what the seed did",
        ours / seed
    );
    println!(
        "{:<44} {same_work:>10.0}  {:>10.1} ×  ≥ 40 ×",
        "Python, the same work",
        ours / same_work
    );
    println!(
        "{:<44} {floor:>10.0}  {:>10.0} %  ≥ 50 %",
        "floor: base64, lazy SIMD parse, base64",
        100.0 * ours / floor
    );

    let ours = first_next(|| Command::new(env!("CARGO_BIN_EXE_transform")));
    let python = first_next(|| python(SAME_WORK, &["lambda"]));
    println!("\n{:<44} {:>10}", "process start to the first `next`", "ms");
    println!("{:<44} {:>10.1}", "λ transform", 1e3 * ours);
    println!(
        "{:<44} {:>10.1}  {:>8.0} ×    ≥ 40 ×",
        "Python, standard library",
        1e3 * python,
        python / ours
    );
}

/// What the function and its runtime do with a request.
fn answer(request: &str) -> Vec<u8> {
    let payload: Box<RawValue> = serde_json::from_slice(request.as_bytes()).unwrap();
    let request: Request<'_> = serde_json::from_str(payload.get()).unwrap();
    let response = transform(&request, |index, error| panic!("record {index}: {error}")).unwrap();
    serde_json::to_vec(&response).unwrap()
}

/// The least that any transform must do: decode, look through the JSON without building anything,
/// encode the same bytes. Finding the records in the request is not even counted.
fn floor(batch: &[String]) -> usize {
    let mut out = String::new();
    for data in batch {
        let bytes = base64_simd::STANDARD.decode_to_vec(data.as_bytes()).unwrap();
        let event: sonic_rs::LazyValue<'_> = sonic_rs::from_slice(&bytes).unwrap();
        black_box(&event);
        out.push_str(&base64_simd::STANDARD.encode_to_string(&bytes));
    }
    out.len()
}

/// Envelopes by the delivery stream that gets them.
struct Fixtures(Vec<(String, Vec<String>)>);

impl Fixtures {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
        let mut streams: Vec<(String, Vec<String>)> = Vec::new();
        for folder in ["pipeline", "stage", "action", "cloudtrail"] {
            let mut files: Vec<PathBuf> = fs::read_dir(root.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            files.sort();
            for file in files
                .iter()
                .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
            {
                let envelope = without_spaces(&fs::read_to_string(file).unwrap());
                let stream = Event::parse(envelope.as_bytes())
                    .unwrap()
                    .table()
                    .name()
                    .replace('_', "-");
                match streams.iter_mut().find(|(name, _)| *name == stream) {
                    Some((_, envelopes)) => envelopes.push(envelope),
                    None => streams.push((stream, vec![envelope])),
                }
            }
        }
        Self(streams)
    }

    /// Every fixture once.
    fn requests_of_all(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|(stream, envelopes)| request(stream, envelopes))
            .collect()
    }

    /// `events` events made from the fixtures: pipelines, stages and actions as 2 : 8 : 12, as a
    /// pipeline of four stages with six actions emits them, and one in a hundred an API call.
    fn requests(&self, events: usize) -> Vec<String> {
        let mut requests = Vec::new();
        for (stream, envelopes) in &self.0 {
            let count = match stream.as_str() {
                "pipeline-executions" => events * 99 / 100 * 2 / 22,
                "stage-executions" => events * 99 / 100 * 8 / 22,
                "action-executions" => events * 99 / 100 * 12 / 22,
                _ => events / 200,
            };
            let made: Vec<String> = envelopes
                .iter()
                .cycle()
                .take(count)
                .enumerate()
                .map(|(n, envelope)| another(envelope, n))
                .collect();
            requests.extend(made.chunks(PER_REQUEST).map(|chunk| request(stream, chunk)));
        }
        assert_eq!(
            requests.iter().map(|request| records(request).len()).sum::<usize>(),
            events
        );
        requests
    }
}

/// The request that Firehose would send for these envelopes.
fn request(stream: &str, envelopes: &[String]) -> String {
    let records: Vec<Value> = envelopes
        .iter()
        .enumerate()
        .map(|(n, envelope)| {
            json!({
                "recordId": format!("4968{n:052}"),
                "approximateArrivalTimestamp": 1_795_425_304_400_u64 + n as u64,
                "data": base64_simd::STANDARD.encode_to_string(envelope),
            })
        })
        .collect();
    json!({
        "invocationId": "7f0c0f0e-2f3a-4c8e-9a1b-5d6e7f809a1b",
        "deliveryStreamArn": format!("arn:aws:firehose:eu-central-1:999988887777:deliverystream/pipetrail-{stream}"),
        "region": "eu-central-1",
        "records": records,
    })
    .to_string()
}

fn records(request: impl AsRef<str>) -> Vec<String> {
    let request: Value = serde_json::from_str(request.as_ref()).unwrap();
    request["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["data"].as_str().unwrap().to_owned())
        .collect()
}

/// As EventBridge sends it: the fixtures are indented for people.
fn without_spaces(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|&c| {
            let keep = in_string || !c.is_ascii_whitespace();
            in_string ^= c == '"' && !escaped;
            escaped = in_string && c == '\\' && !escaped;
            keep
        })
        .collect()
}

/// The envelope of another happening: other ids, one of fifty accounts.
fn another(envelope: &str, n: usize) -> String {
    let mut bytes = envelope
        .replace("111122223333", &format!("1111222233{:02}", n % 50))
        .into_bytes();
    let number = format!("{n:06x}");
    for at in 0..bytes.len().saturating_sub(36) {
        let uuid = &mut bytes[at..at + 36];
        let hyphens = [8, 13, 18, 23];
        if uuid.iter().enumerate().all(|(i, byte)| {
            if hyphens.contains(&i) {
                *byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        }) {
            uuid[30..].copy_from_slice(number.as_bytes());
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The fastest seconds of each request; the first round only warms up.
fn time<R>(requests: &[R], answer: impl Fn(&R) -> usize) -> Vec<f64> {
    let round = || -> Vec<f64> {
        let timed = requests.iter().map(|request| {
            let start = Instant::now();
            black_box(answer(black_box(request)));
            start.elapsed().as_secs_f64()
        });
        timed.collect()
    };
    round();
    let begin = Instant::now();
    let mut rounds = vec![round()];
    while begin.elapsed() < TURN {
        rounds.push(round());
    }
    fastest_of_each(&rounds).collect()
}

fn fastest_of_each(rounds: &[Vec<f64>]) -> impl Iterator<Item = f64> {
    (0..rounds[0].len()).map(|request| fastest(rounds.iter().map(|round| round[request])))
}

fn fastest(seconds: impl IntoIterator<Item = f64>) -> f64 {
    seconds.into_iter().fold(f64::INFINITY, f64::min)
}

fn python(handler: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches"))
        .args(["drive.py", handler])
        .args(arguments);
    command
}

/// Hands the requests to a Python handler, one a line, and returns what it prints.
fn run_python(handler: &str, arguments: &[&str], requests: &[String]) -> String {
    let mut child = python(handler, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(requests.join("\n").as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{handler}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn time_python(handler: &str, requests: &[String]) -> Vec<f64> {
    let seconds = TURN.as_secs().to_string();
    serde_json::from_str(&run_python(handler, &["time", &seconds], requests)).unwrap()
}

/// Neither side may do less: same results, same partition keys, same rows. Returns how many.
fn assert_python_answers_the_same(requests: &[String]) -> usize {
    let theirs = run_python(SAME_WORK, &["answer"], requests);
    let mut compared = 0;
    for (request, theirs) in requests.iter().zip(theirs.lines()) {
        let ours: Value = serde_json::from_slice(&answer(request)).unwrap();
        let theirs: Value = serde_json::from_str(theirs).unwrap();
        let records = ours["records"]
            .as_array()
            .unwrap()
            .iter()
            .zip(theirs["records"].as_array().unwrap());
        for (ours, theirs) in records {
            assert_eq!(row(ours), row(theirs));
            compared += 1;
        }
    }
    assert_eq!(
        compared,
        requests.iter().map(|request| records(request).len()).sum::<usize>()
    );
    compared
}

/// A record of an answer, its data decoded.
fn row(record: &Value) -> Value {
    let data = base64_simd::STANDARD
        .decode_to_vec(record["data"].as_str().unwrap())
        .unwrap();
    let mut record = record.clone();
    record["data"] = serde_json::from_slice(&data).unwrap();
    record
}

/// Seconds from starting a function's process to its first request for work.
fn first_next(function: impl Fn() -> Command) -> f64 {
    let runtime = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = runtime.local_addr().unwrap().to_string();
    let start = || {
        let begin = Instant::now();
        let mut child = function()
            .env("AWS_LAMBDA_RUNTIME_API", &address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "pipetrail-transform")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/pipetrail-transform")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(runtime.accept().unwrap().0)
            .read_line(&mut line)
            .unwrap();
        let taken = begin.elapsed().as_secs_f64();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(line.contains("/2018-06-01/runtime/invocation/next"), "{line}");
        taken
    };
    start();
    fastest((0..STARTS).map(|_| start()))
}
