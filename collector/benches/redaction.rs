//! What an event full of tokens costs beside one of the same size without any.
//!
//!     cargo bench-redaction             times of 1 MB, kept in docs/performance.md
//!     cargo bench-redaction count       instructions, counted by valgrind; fails beyond the bound
//!
//! Counted is the whole way of an event, from its bytes to its row's. Valgrind hides the processor's
//! SHA instructions, so both sides hash in software.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures, and stops at the first surprise"
)]

use std::env;
use std::fmt::Write;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use pipetrail_collector::Event;
use pipetrail_collector::rows::{Origin, row};

/// Most instructions per byte of an event full of tokens, as a multiple of those of one without any.
const BOUND: f64 = 2.0;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => times(),
        ["count"] => count(),
        ["run", kind, size, times] => {
            let event = event(kind, size.parse().unwrap());
            for _ in 0..times.parse().unwrap() {
                black_box(transformed(black_box(&event)));
            }
        }
        _ => panic!("usage: [count]"),
    }
}

const KINDS: [&str; 2] = ["tokens", "plain"];

/// An event of about `size` bytes. Both kinds are full of UUIDs, no two the same; they are tokens by the
/// name of their field alone.
fn event(kind: &str, size: usize) -> String {
    let name = if kind == "tokens" { "token" } else { "tokem" };
    let mut items = String::new();
    let mut n: u128 = 1;
    while items.len() < size - 400 {
        n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) | 1;
        let digits = format!("{n:032x}");
        let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
        write!(items, r#"{{"{name}":"{a}-{b}-{c}-{d}-{e}"}},"#).unwrap();
    }
    format!(
        r#"{{"version":"0","id":"7f0c0f0e-2f3a-4c8e-9a1b-5d6e7f809a1b","detail-type":"CodePipeline Action Execution State Change","source":"aws.codepipeline","account":"111122223333","time":"2026-11-20T09:27:58Z","region":"eu-central-1","resources":[],"detail":{{"pipeline":"payments-api","items":[{items}0]}}}}"#
    )
}

fn transformed(event: &str) -> Vec<u8> {
    let mut event = Event::parse(event.as_bytes()).unwrap();
    let (key, table) = (event.key(), event.table());
    event.redact();
    let mut line = Vec::new();
    let arrived = Some(event.time());
    row(&event, table, key, Origin::Stream { arrived }).write(&mut line);
    line
}

fn times() {
    for kind in KINDS {
        let text = event(kind, 1_000_000);
        let whole = fastest(|| {
            let begin = Instant::now();
            black_box(transformed(black_box(&text)));
            begin.elapsed()
        });
        let given = Event::parse(text.as_bytes()).unwrap();
        let alone = fastest(|| {
            let mut event = given.clone();
            let begin = Instant::now();
            event.redact();
            begin.elapsed()
        });
        println!(
            "{kind:<8} {} bytes: event to row {:.1} ms, redaction alone {:.1} ms",
            text.len(),
            1e3 * whole.as_secs_f64(),
            1e3 * alone.as_secs_f64()
        );
    }
}

fn fastest(run: impl FnMut() -> Duration) -> Duration {
    std::iter::repeat_with(run).take(30).min().unwrap()
}

fn count() {
    for size in [100_000, 1_000_000] {
        let [tokens, plain] = KINDS.map(|kind| {
            let bytes = event(kind, size).len() as f64;
            // What the process does besides is the same in both.
            (instructions(kind, size, 2) - instructions(kind, size, 1)) / bytes
        });
        let ratio = tokens / plain;
        println!("{size} bytes: {tokens:.1} instructions a byte with tokens, {plain:.1} without, {ratio:.2} ×");
        assert!(ratio <= BOUND, "more than {BOUND} ×");
    }
}

fn instructions(kind: &str, size: usize, times: usize) -> f64 {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["run", kind, &size.to_string(), &times.to_string()])
        .output()
        .unwrap_or_else(|error| panic!("valgrind counts the instructions, and cannot be run: {error}"));
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    let counted = report
        .lines()
        .find_map(|line| line.split_once("I   refs:")?.1.trim().replace(',', "").parse().ok());
    counted.unwrap_or_else(|| panic!("no count of instructions: {report}"))
}
