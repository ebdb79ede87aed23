//! What the records of an input are does not depend on how it comes in, and nothing of it is lost.

mod arrival;
mod generated;
mod pieces;

use std::io::{self, Read};

use super::*;
use pieces::Pieces;

/// What was found, as a test compares it.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Event(String),
    Trail(String),
    Refused(Reason, String),
}
use Seen::{Event, Refused, Trail};

struct Outcome {
    seen: Vec<Seen>,
    places: Vec<Position>,
    counts: Counts,
}

fn read(source: impl Read) -> Outcome {
    let (mut seen, mut places) = (Vec::new(), Vec::new());
    let counts = records(source, false, |found| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (what, place) = match found {
            Found::Record(record) => match record.form {
                Form::Envelope => (Event(text(record.bytes)), record.place),
                Form::CloudTrail => (Trail(text(record.bytes)), record.place),
                Form::Row => unreachable!("no rows are asked for"),
            },
            Found::Reject(reject) => (Refused(reject.reason, text(reject.bytes)), reject.place),
        };
        seen.push(what);
        places.push(place);
        Ok::<_, ()>(())
    })
    .unwrap();
    Outcome { seen, places, counts }
}

fn seen(text: &str) -> Vec<Seen> {
    read(text.as_bytes()).seen
}

fn envelope(n: u32) -> String {
    format!(r#"{{"version":"0","id":"{n}","detail-type":"a \"}}{{\" b","detail":{{"x":["y\\",{{}}]}}}}"#)
}

fn call(n: u32) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"a":[{n}]}},"eventSource":"codepipeline.amazonaws.com","eventID":"{n}"}}"#
    )
}

fn other(n: u32) -> String {
    format!(r#"{{"eventVersion":"1.11","eventSource":"s3.amazonaws.com","requestParameters":{{"key":"]}}{n}\\"}}}}"#)
}

fn trail(records: &[String]) -> String {
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

fn pretty(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

fn firehose_error(data: &str) -> String {
    let data = base64_simd::STANDARD.encode_to_string(data);
    format!(r#"{{"attemptsMade":1,"errorCode":"Lambda.FunctionError","rawData":"{data}","lambdaARN":"arn"}}"#)
}

#[test]
fn envelopes_are_found_however_they_follow_each_other() {
    let (a, b, c) = (envelope(1), envelope(2), envelope(3));
    let expected = [&a, &b, &c].map(|text| Event(text.clone()));
    for text in [
        format!("{a}\n{b}\n{c}\n"),
        format!("{a}\r\n\r\n{b}\r\n{c}"),
        format!("\u{feff}{a}\n{b}\n\n\n{c}\n  "),
        format!("{a}{b}{c}"),
        format!("[{a},{b},{c}]"),
        format!(" [\n{a},\n{b}\n]\n[]{c}"),
        format!("{a},\n{b},\n{c}"),
    ] {
        assert_eq!(seen(&text), expected, "{text}");
    }
    let pretty = [&a, &b].map(|text| pretty(text));
    let expected = pretty.clone().map(Event);
    assert_eq!(seen(&pretty.concat()), expected);
    assert_eq!(seen(&pretty.join("\n")), expected);
    assert_eq!(seen(&format!("[\n{}\n]", pretty.join(",\n"))), expected);
}

#[test]
fn of_a_trail_s_file_only_codepipeline_s_records_are_told() {
    let records = [other(1), call(2), other(3), call(4)];
    let text = trail(&records);
    let read = read(text.as_bytes());
    assert_eq!(read.seen, [Trail(call(2)), Trail(call(4))]);
    assert_eq!((read.counts.records, read.counts.skipped.other_services), (2, 2));
    assert_eq!(read.places[1].record, 4);
    assert_eq!(read.places[1].offset, text.find(&call(4)).unwrap() as u64);
    assert_eq!(
        read.places[1].to_string(),
        format!("record 4, byte {}", read.places[1].offset)
    );
    // Pretty-printed, with other fields around, several in one file, and among envelopes.
    for text in [
        format!(
            " {{ \"Records\" : [ {} , {} ] , \"a\": {{\"b\":[]}} }}",
            call(2),
            call(4)
        ),
        format!(r#"{{"a":"Records","Records":[{},{},{}]}}"#, call(2), other(1), call(4)),
        format!("{}\n{}", trail(&[call(2)]), trail(&[other(1), call(4)])),
        format!("[{},{}]", trail(&[call(2)]), trail(&[call(4)])),
        format!("{}\n{}\n{}", call(2), other(1), call(4)),
    ] {
        assert_eq!(seen(&text), [Trail(call(2)), Trail(call(4))], "{text}");
    }
    let mixed = format!("{}{}{}", trail(&[call(2)]), envelope(1), trail(&[]));
    assert_eq!(seen(&mixed), [Trail(call(2)), Event(envelope(1))]);
}

#[test]
fn a_record_is_codepipeline_s_by_its_own_source_only() {
    let decoys = [
        r#"{"eventVersion":"1.11","userIdentity":{"invokedBy":"codepipeline.amazonaws.com"},"eventSource":"sts.amazonaws.com"}"#,
        r#"{"eventVersion":"1.11","eventSource":"s3.amazonaws.com","requestParameters":{"eventSource":"codepipeline.amazonaws.com"}}"#,
    ];
    let read = read(trail(&decoys.map(str::to_owned)).as_bytes());
    assert_eq!((read.seen, read.counts.skipped.other_services), (vec![], 2));
    // Sorted by name, as `jq -S` writes them: the quick way to tell does not apply.
    let sorted = r#"{"awsRegion":"x","eventSource":"codepipeline.amazonaws.com","eventVersion":"1.11"}"#;
    assert_eq!(seen(&trail(&[sorted.to_owned()])), [Trail(sorted.to_owned())]);
    // A list called Records may hold anything.
    assert_eq!(seen(&trail(&[envelope(1)])), [Event(envelope(1))]);
}

#[test]
fn digests_and_insights_are_passed_over_and_counted() {
    let digest = r#"{"awsAccountId":"000000000012","digestStartTime":"x","logFiles":[{"s3Object":"y"}]}"#;
    let insight =
        r#"{"eventVersion":"1.07","eventTime":"x","insightDetails":{"eventSource":"codepipeline.amazonaws.com"}}"#;
    let read = read(format!("{digest}\n{}", trail(&[insight.to_owned()])).as_bytes());
    let skipped = Skipped {
        insights: 1,
        digests: 1,
        ..Skipped::default()
    };
    assert_eq!((read.seen, read.counts.skipped), (vec![], skipped));
}

#[test]
fn firehose_errors_give_back_the_envelopes_in_them() {
    let lines = [
        firehose_error(&envelope(1)),
        firehose_error(&format!("{}{}\n", envelope(2), envelope(3))),
        firehose_error("not json"),
        firehose_error(" "),
        r#"{"attemptsMade":1,"rawData":"*"}"#.to_owned(),
        r#"{"attemptsMade":1,"rawData":7}"#.to_owned(),
        firehose_error(r#"{"event_key":"0","raw":"{}"}"#),
    ];
    let read = read(lines.join("\n").as_bytes());
    assert_eq!(
        read.seen,
        [
            Event(envelope(1)),
            Event(envelope(2)),
            Event(envelope(3)),
            Refused(Reason::NotJson, "not json".to_owned()),
            Refused(Reason::NoData, lines[3].clone()),
            Refused(Reason::NotBase64, lines[4].clone()),
            Refused(Reason::NotJson, lines[5].clone()),
            Refused(Reason::Row, r#"{"event_key":"0","raw":"{}"}"#.to_owned()),
        ]
    );
    let lines: Vec<_> = read.places.iter().map(|place| place.line).collect();
    assert_eq!(lines, [1, 2, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_broken_line_takes_no_other_with_it() {
    let (a, b) = (envelope(1), envelope(2));
    for broken in [
        "not json",
        "2026-11-20 ERROR",
        "]",
        "}",
        "7",
        "\"{\"",
        "\u{0}\u{0}",
        &a[..1],
        &a[..9],
        &a[..12],
        &a[..13],
        &a[..a.len() - 1],
        &a[..a.len() - 3],
        &a[..a.len() - 5],
    ] {
        let read = read(format!("{a}\n{broken}\n{b}\n{b}").as_bytes());
        assert!(
            matches!(&read.seen[..], [Event(x), Refused(Reason::NotJson, y), Event(z), Event(_)] if *x == a && y == broken && *z == b),
            "{broken}: {:?}",
            read.seen
        );
        assert_eq!(read.places[1].to_string(), "line 2", "{broken}");
        assert_eq!(read.places[2].to_string(), "line 3", "{broken}");
    }
    // Every cut of a line.
    for cut in 1..a.len() {
        let text = format!("{}\n{b}\n{b}\n", &a[..cut]);
        assert_eq!(seen(&text)[1..], [Event(b.clone()), Event(b.clone())], "{text}");
    }
    // Bytes that are no UTF-8 are the event model's to refuse; only garbage is garbage.
    let read = read([b"\xff\xfeab\n", b.as_bytes()].concat().as_slice());
    assert!(matches!(read.seen[..], [Refused(Reason::Foreign("UTF-16"), _)]));
}

#[test]
fn a_broken_record_is_refused_where_records_do_not_begin_on_lines() {
    let (a, b) = (envelope(1), envelope(2));
    // One after the other on one line.
    for cut in 1..a.len() {
        let text = format!("{b}{}{b}", &a[..cut]);
        let seen = seen(&text);
        assert_eq!(
            (&seen[0], seen.last()),
            (&Event(b.clone()), Some(&Event(b.clone()))),
            "{text}"
        );
    }
    let torn = format!(
        r#"{{"Records":[{},{{"eventVersion":"1.11","a":"b,{}]}}"#,
        call(1),
        call(2)
    );
    assert_eq!(
        seen(&torn),
        [
            Trail(call(1)),
            Refused(Reason::NotJson, r#"{"eventVersion":"1.11","a":"b,"#.to_owned()),
            Trail(call(2)),
        ]
    );
    // Pretty-printed: up to the next one at its own indentation.
    let good = pretty(&a);
    let bad = good.replacen('"', "", 1);
    let read = read(format!("{good}\n{bad}\n{good}\n").as_bytes());
    assert!(
        matches!(&read.seen[..], [Event(_), .., Event(last)] if *last == good),
        "{:?}",
        read.seen
    );
}

#[test]
fn what_ends_too_early_is_told_and_what_came_before_counts() {
    let whole = trail(&[call(1), other(2), call(3)]);
    for cut in 0..whole.len() {
        let read = read(&whole.as_bytes()[..cut]);
        let events = read.seen.iter().filter(|seen| matches!(seen, Trail(_))).count();
        let expected = usize::from(cut >= 12 + call(1).len()) + usize::from(cut >= whole.len() - 2);
        assert_eq!(events, expected, "{cut}");
        assert_eq!(read.counts.rejects, u64::from(cut > 0), "{cut}: {:?}", read.seen);
    }
    assert_eq!(
        seen(&format!("[{}", envelope(1))),
        [Event(envelope(1)), Refused(Reason::EndMissing, String::new())]
    );
    let read = read(format!("{}\n{}", envelope(1), &envelope(2)[..20]).as_bytes());
    assert_eq!(read.seen[1], Refused(Reason::Unfinished, envelope(2)[..20].to_owned()));
    assert_eq!(read.places[1].line, 2);
    assert_eq!(seen(""), []);
    assert_eq!(seen(" \n\n"), []);
}

#[test]
fn what_is_no_text_is_told_once_and_not_line_by_line() {
    for (bytes, what) in [
        (&b"PAR1\x15\n\n\n"[..], "a Parquet file"),
        (b"PK\x03\x04\n", "a zip archive"),
        (b"\x1f\x8b\x08", "compressed with gzip twice"),
        (b"\x7fELF\x00\n\n", "binary data"),
    ] {
        let read = read(bytes);
        assert_eq!(read.seen, [Refused(Reason::Foreign(what), String::new())]);
    }
}

#[test]
fn a_zero_byte_far_into_a_text_does_not_make_it_binary() {
    let rest = format!("{}\n{}\n\0\0\n{}", envelope(1), envelope(2), envelope(3));
    let comment = format!("# {}\n{rest}", "x".repeat(600));
    let events = |text: &str| seen(text).iter().filter(|seen| matches!(seen, Event(_))).count();
    assert_eq!(events(&comment), 3);
    assert_eq!(events(&format!("\u{feff} {rest}")), 3);
    assert_eq!(seen(&format!("\u{feff}\0{rest}")).len(), 1);
}

#[test]
fn records_behind_the_records_of_a_trail_s_file_are_not_passed_over() {
    let list = |records: &str| format!(r#"{{"Records":[{}],{records}}}"#, call(1));
    let twice = seen(&list(&format!(r#""Records":[{}]"#, call(2))));
    assert!(
        twice.contains(&Trail(call(1))) && twice.contains(&Trail(call(2))),
        "{twice:?}"
    );
    assert!(matches!(twice[1], Refused(Reason::BehindRecords, _)), "{twice:?}");
    let spaced = call(2).replace("{\"eventVersion", "{ \"eventVersion");
    let refused = seen(&list(&format!(r#""more":[{spaced}]"#)));
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(
        matches!(&refused[1], Refused(Reason::BehindRecords, bytes) if bytes.contains(&spaced)),
        "{refused:?}"
    );
    let then = format!("{}\n{}", list(r#""more":[{ "eventVersion":1}]"#), envelope(3));
    assert_eq!(seen(&then).last(), Some(&Event(envelope(3))));
}

#[test]
fn a_firehose_error_whose_data_is_no_text_is_refused_with_its_bytes() {
    let line = |data: &[u8]| {
        format!(
            r#"{{"attemptsMade":1,"rawData":"{}"}}"#,
            base64_simd::STANDARD.encode_to_string(data)
        )
    };
    let lines = [line(b"\x1f\x8b\x08\x00"), line(b"\x01\x00\x02")];
    let read = read(format!("{}\n{}", lines[0], lines[1]).as_bytes());
    assert_eq!(
        read.seen,
        [
            Refused(Reason::ForeignData("compressed with gzip"), lines[0].clone()),
            Refused(Reason::ForeignData("binary data"), lines[1].clone()),
        ]
    );
    assert_eq!((read.places[0].line, read.places[1].line), (1, 2));
}

#[test]
fn other_services_records_inside_firehose_errors_are_counted() {
    let lines = [firehose_error(&trail(&[other(1), call(2)])), firehose_error(&other(3))];
    let read = read(lines.join("\n").as_bytes());
    assert_eq!(read.seen, [Trail(call(2))]);
    assert_eq!((read.counts.records, read.counts.skipped.other_services), (1, 2));
}

#[test]
fn too_long_a_record_is_refused_without_being_held_and_the_next_is_read() {
    let long = format!(r#"{{"version":"0","x":"{}"}}"#, "{\\\"".repeat(LONGEST / 3));
    let longest = format!(r#"{{"version":"0","x":"{}"}}"#, "x".repeat(LONGEST - 22));
    assert_eq!(longest.len(), LONGEST);
    for (text, line) in [
        (format!("{long}\n{}\n{longest}", envelope(1)), 2),
        (format!("{long}{}{longest}", envelope(1)), 1),
        (format!("[{long},{{\"a\":1}},{longest}]"), 1),
    ] {
        let pieces = Pieces {
            rest: text.as_bytes(),
            lengths: vec![600_000, 77_777],
            turn: 0,
        };
        let (mut refused, mut events) = (Vec::new(), Vec::new());
        let counts = records(pieces, false, |found| {
            match found {
                Found::Reject(reject) => refused.push((reject.reason, reject.length, reject.bytes.len())),
                Found::Record(record) => events.push((record.bytes.len(), record.place.line)),
            }
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(refused, [(Reason::TooLong, long.len() as u64, 1 << 20)]);
        assert_eq!(events.len(), 2);
        assert_eq!((events[1].0, events[0].1), (longest.len(), line));
        assert_eq!(counts.bytes, text.len() as u64);
    }
}

#[test]
fn a_sink_that_fails_ends_the_reading_with_its_own_error() {
    let text = envelope(1).repeat(3);
    let mut told = 0;
    let ended = records(text.as_bytes(), false, |_| {
        told += 1;
        if told == 2 { Err("full") } else { Ok(()) }
    });
    assert_eq!((ended.err(), told), (Some("full"), 2));
}

/// Fails at its end.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn an_input_that_cannot_be_read_to_its_end_says_so_and_what_was_read_counts() {
    let text = format!("{}\n{}", envelope(1), &envelope(2)[..30]);
    let read = read(Failing(text.as_bytes()));
    assert_eq!(read.seen, [Event(envelope(1))]);
    assert_eq!(read.counts.unread.unwrap().to_string(), "the disk is gone");
}
