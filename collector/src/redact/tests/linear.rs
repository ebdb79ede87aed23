//! Redaction takes time in proportion to the event, whatever stands in it.
//!
//! Here in a ratio of times, with a margin: the dev profile is what every test run builds. What an
//! event full of tokens costs beside one without is counted, in instructions, by
//! `collector/benches/redaction.rs`.

use std::fmt::Write;
use std::fs;

use crate::event::Event;

/// The processor time of `times` redactions, in the fastest of several runs: other work on the machine
/// hardly counts.
fn nanoseconds(detail: &str, times: usize) -> u64 {
    let text = format!(r#"{{"account":"000000000012","time":"2026-11-20T09:27:58Z","detail":{detail}}}"#);
    let event = Event::parse(text.as_bytes()).unwrap();
    let run = |_| {
        let mut events = vec![event.clone(); times];
        let begin = nanoseconds_of_this_thread();
        events.iter_mut().for_each(Event::redact);
        nanoseconds_of_this_thread() - begin
    };
    (0..5).map(run).min().unwrap()
}

/// The kernel counts them by the tick, a few milliseconds.
fn nanoseconds_of_this_thread() -> u64 {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    statistics.split(' ').next().unwrap().parse().unwrap()
}

/// Ten events take as long as one of ten times the size; the margin is for memory that is no longer near.
#[track_caller]
fn assert_linear(event: impl Fn(usize) -> String) {
    let (small, large) = (nanoseconds(&event(1), 10), nanoseconds(&event(10), 1));
    assert!(
        large < small * 3 + 10_000_000,
        "{small} ns for ten events, {large} ns for one as large"
    );
}

fn uuid(n: usize) -> String {
    let n = (n as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let digits = format!("{n:032x}");
    let [a, b, c, d, e] = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[test]
fn distinct_tokens_take_time_in_proportion_to_their_number() {
    assert_linear(|size| {
        let mut items = String::new();
        for n in 0..size * 1_000 {
            let _ = write!(items, r#"{{"token":"{}"}},"#, uuid(n));
        }
        let texts: String = (0..size * 1_000).map(|n| uuid(n * 2) + " ").collect();
        format!(r#"{{"items":[{items}0],"text":"{texts}"}}"#)
    });
}

#[test]
fn what_a_message_quotes_takes_time_in_proportion_to_values_and_message() {
    assert_linear(|size| {
        let values: Vec<String> = (0..size * 200)
            .map(|n| format!("{}{n:06}", "a".repeat(n % 90)))
            .collect();
        format!(
            r#"{{"commands":["{}"],"requestParameters":{{}},"errorMessage":"'{}'"}}"#,
            values.join(r#"",""#),
            values.join("' '")
        )
    });
}

#[test]
fn many_messages_take_time_in_proportion_to_them_and_the_values() {
    assert_linear(|size| {
        let values: Vec<String> = (0..size * 300).map(|n| format!("value{n:06}")).collect();
        let messages: String = values
            .iter()
            .map(|value| format!(r#","errorMessage":"'{value}'""#))
            .collect();
        format!(
            r#"{{"commands":["{}"],"requestParameters":{{}}{messages}}}"#,
            values.join(r#"",""#)
        )
    });
}

#[test]
fn fields_of_output_variables_take_time_in_proportion_to_their_number() {
    assert_linear(|size| {
        let fields = r#""outputVariables":["A"],"#.repeat(size * 1_000);
        format!(r#"{{{fields}"actionTypeId":{{}}}}"#)
    });
}

#[test]
fn texts_that_look_like_something_take_time_in_proportion_to_their_length() {
    for unit in [
        r#"{\"a\":"#,
        r#"{\"a\":{\"b\":1},"#,
        r#"{\"a\"\":"#,
        "\\\"\\\\",
        "0a",
        "%25",
        "0b6c-",
        "+/Az",
        "trigger?t=&t=",
        "'x",
        "arn:",
    ] {
        assert_linear(|size| {
            let text = unit.repeat(size * 10_000 / unit.len());
            format!(r#"{{"token":"{}","a":"{text}","errorMessage":"{text}"}}"#, uuid(1))
        });
    }
}
