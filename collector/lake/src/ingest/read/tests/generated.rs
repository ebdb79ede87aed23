//! Inputs of all sorts, good and bad, made at random.

use proptest::prelude::*;
use proptest::strategy::Union;

use super::Seen::{Event, Refused, Trail};
use super::arrival::in_pieces;
use super::*;

/// What the reader looks for, and what misleads it.
const TOKENS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\n",
    "]}",
    "}}",
    "{\n",
    "\"\n",
    "\\\"",
    "\0",
    "\0\0\0",
    "\u{feff}",
    "\u{c}",
    "\r",
    "\t",
    "x,",
    "{\"a\":",
    "{\"version\":\"0\"",
    "{\"eventVersion\":\"",
    "{\"attemptsMade\":",
    "{\"detail-type\"",
];

fn spaced(n: u32) -> String {
    format!(r#"{{ "id": "{n}", "detail": {{ "x": [] }} }}"#)
}

fn indented(text: &str, column: usize) -> String {
    let lines = text.lines().map(|line| format!("{:column$}{line}", ""));
    lines.collect::<Vec<_>>().join("\n")
}

fn record() -> impl Strategy<Value = String> {
    (0..9_u32, 0..5_u8).prop_map(|(n, form)| match form {
        0 => envelope(n),
        1 => call(n),
        2 => other(n),
        3 => spaced(n),
        _ => pretty(&call(n)),
    })
}

/// The beginning of a record, or its end.
fn cut() -> impl Strategy<Value = String> {
    (record(), any::<prop::sample::Index>(), any::<bool>()).prop_map(|(record, at, end)| {
        let (front, back) = record.split_at(at.index(record.len()));
        if end { back } else { front }.to_owned()
    })
}

fn deep() -> impl Strategy<Value = String> {
    (0..200_usize, 0..200_usize, any::<bool>()).prop_map(|(open, close, objects)| match objects {
        true => format!("{}1{}", r#"{"a":"#.repeat(open), "}".repeat(close)),
        false => format!(r#"{{"a":{}{}}}"#, "[".repeat(open), "]".repeat(close)),
    })
}

/// A trail's file, or what one may look like.
fn file() -> impl Strategy<Value = String> {
    let heads = [
        "{\"Records\":[",
        "{ \"Records\" : [ ",
        "{\n  \"Records\": [\n    ",
        "{\"a\":1,\"Records\":[",
    ];
    let tails = [
        "]}",
        "]}",
        "]",
        "",
        "\n  ]\n}",
        "],\"x\":{\"y\":[1]}}",
        "],\"more\":[{\"eventVersion\":\"1\"}]}",
    ];
    let whole = || prop::collection::vec(record(), 0..6);
    let items = prop_oneof![
        6 => whole(),
        1 => prop::collection::vec(prop_oneof![3 => record(), 1 => cut()], 0..6),
        1 => whole().prop_map(|records| vec![trail(&records)]),
    ];
    let separators = prop::sample::select(vec![",", ",", " , ", ",\n    ", "\n", ""]);
    (
        prop::sample::select(heads.to_vec()),
        items,
        separators,
        prop::sample::select(tails.to_vec()),
    )
        .prop_map(|(head, items, separator, tail)| format!("{head}{}{tail}", items.join(separator)))
}

/// Parts of an input of which nothing is unpacked.
fn plain() -> Union<BoxedStrategy<String>> {
    Union::new_weighted(vec![
        (4, (0..100_u32).prop_map(envelope).boxed()),
        (2, (0..100_u32).prop_map(spaced).boxed()),
        (
            2,
            (0..100_u32, 0..9_usize)
                .prop_map(|(n, column)| indented(&pretty(&envelope(n)), column))
                .boxed(),
        ),
        (
            1,
            prop::collection::vec((0..9_u32).prop_map(envelope), 0..4)
                .prop_map(|list| format!("[{}]", list.join(",\n")))
                .boxed(),
        ),
        (2, "[ -~\n]{0,40}".boxed()),
        (2, cut().boxed()),
        (1, deep().boxed()),
        (1, prop_oneof![" {0,130}", "\n{0,80}"].boxed()),
        (4, prop::sample::select(TOKENS.to_vec()).prop_map(str::to_owned).boxed()),
    ])
}

fn joined(part: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let separator = prop::sample::select(vec!["\n", "", ",", "\r\n", " ", "\n\n", "\n  ", ",\n    "]);
    prop::collection::vec((part, separator), 0..12)
        .prop_map(|parts| parts.into_iter().map(|(part, separator)| part + separator).collect())
}

fn inputs() -> impl Strategy<Value = String> {
    joined(prop_oneof![
        3 => plain(),
        1 => file(),
        1 => prop_oneof![record(), cut(), file()].prop_map(|data| firehose_error(&data)),
    ])
}

/// What may stand on a line between good ones. The letter at its end keeps the next line from being a
/// value in it.
fn bad_line() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(prop_oneof![plain(), file().boxed()], 0..4);
    parts.prop_map(|parts| parts.concat().replace('\n', "") + "x")
}

fn good_lines() -> impl Strategy<Value = Vec<(u8, String)>> {
    prop::collection::vec((0..4_u8, bad_line()), 1..8)
}

proptest! {
    #[test]
    fn how_an_input_arrives_changes_nothing(text in inputs(), lengths in prop::collection::vec(1..300_usize, 1..6)) {
        let (whole, pieces) = (read(text.as_bytes()), in_pieces(text.as_bytes(), lengths));
        prop_assert_eq!(&whole.seen, &pieces.seen);
        prop_assert_eq!(whole.places, pieces.places);
        prop_assert_eq!(whole.counts.skipped, pieces.counts.skipped);
        prop_assert_eq!(whole.counts.bytes, pieces.counts.bytes);
    }

    #[test]
    fn nothing_of_an_input_is_lost(text in joined(plain())) {
        // Where nothing is passed over, all that is not white space or a separator is told. That is so for
        // 24 of 25 inputs; `prop_assume` would count the others, and give up at 1,024.
        let read = read(text.as_bytes());
        if read.counts.skipped.total() > 0 || matches!(read.seen.first(), Some(Refused(Reason::Foreign(_), _))) {
            return Ok(());
        }
        let told: String = read.seen.iter().map(|seen| match seen {
            Event(text) | Trail(text) | Refused(_, text) => text.as_str(),
        }).collect();
        let kept = |text: &str| text.chars().filter(|c| !" \t\r\n,[]\u{feff}".contains(*c)).collect::<String>();
        prop_assert_eq!(kept(&told), kept(&text));
    }

    #[test]
    fn each_good_line_is_read_whatever_the_lines_between_are(lines in good_lines()) {
        let mut text = format!("{}\n", envelope(1000));
        let mut good = vec![Event(envelope(1000))];
        for (n, (form, bad)) in (1001..).zip(lines) {
            let (line, seen) = match form {
                0 => (envelope(n), Event(envelope(n))),
                1 => (call(n), Trail(call(n))),
                2 => (pretty(&envelope(n)), Event(pretty(&envelope(n)))),
                _ => (spaced(n), Event(spaced(n))),
            };
            text += &format!("{bad}\n{line}\n");
            good.push(seen);
        }
        let mut seen = seen(&text);
        seen.retain(|seen| good.contains(seen));
        prop_assert_eq!(seen, good, "{}", text);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400), lengths in prop::collection::vec(1..50_usize, 1..4)) {
        let (whole, pieces) = (read(bytes.as_slice()), in_pieces(&bytes, lengths));
        prop_assert_eq!(whole.seen, pieces.seen);
        prop_assert_eq!(whole.counts.bytes, bytes.len() as u64);
    }

    #[test]
    fn brackets_quotes_and_line_ends_in_any_order_are_read(
        text in r#"[{}\[\]"\\\n,:a]{0,300}"#, lengths in prop::collection::vec(1..70_usize, 1..4)
    ) {
        let (whole, pieces) = (read(text.as_bytes()), in_pieces(text.as_bytes(), lengths));
        prop_assert_eq!(whole.seen, pieces.seen);
    }

    #[test]
    fn where_a_value_ends_is_where_a_parser_says(text in inputs()) {
        // What a strict parser reads from the beginning on is found as it reads it.
        let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<&serde_json::value::RawValue>();
        let mut parsed = Vec::new();
        while let Some(Ok(value)) = stream.next() {
            let is_event = kind::of(value.get().as_bytes()) == Kind::Envelope;
            if !(is_event && value.get().starts_with(r#"{"version""#)) {
                break;
            }
            parsed.push(Event(value.get().to_owned()));
        }
        let seen = seen(&text);
        prop_assert_eq!(seen.get(..parsed.len()), Some(&parsed[..]));
    }
}
