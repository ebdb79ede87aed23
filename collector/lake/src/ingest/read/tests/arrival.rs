//! What is told of an input does not depend on how its bytes arrive. Most tests here are the smallest
//! input of a kind that once was told otherwise in pieces, or lost a record.

use super::Seen::{Event, Refused, Trail};
use super::pieces::Pieces;
use super::*;

pub(super) fn in_pieces(text: &[u8], lengths: Vec<usize>) -> Outcome {
    read(Pieces {
        rest: text,
        lengths,
        turn: 0,
    })
}

/// What is told of an input, whole and in pieces.
fn told_at_the_beginning(text: &str) -> Vec<Seen> {
    let whole = read(text.as_bytes());
    for lengths in [vec![1], vec![7], vec![64], vec![1, 500]] {
        let pieces = in_pieces(text.as_bytes(), lengths.clone());
        assert_eq!(pieces.seen, whole.seen, "{lengths:?}: {text}");
        assert_eq!(pieces.places, whole.places, "{lengths:?}: {text}");
        assert_eq!(pieces.counts.skipped, whole.counts.skipped, "{lengths:?}: {text}");
        assert_eq!(pieces.counts.bytes, whole.counts.bytes, "{lengths:?}: {text}");
    }
    whole.seen
}

/// The same, and further behind: the first bytes of an input are always read together.
fn told(text: &str) -> Vec<Seen> {
    let seen = told_at_the_beginning(text);
    assert_eq!(told_at_the_beginning(&format!("{}{text}", "\n".repeat(600))), seen);
    seen
}

fn not_json(text: &str) -> Seen {
    Refused(Reason::NotJson, text.to_owned())
}

fn spaced(n: u32) -> String {
    format!(r#"{{ "id": "{n}", "detail": {{ }} }}"#)
}

#[test]
fn a_broken_object_takes_no_other_that_is_indented_as_far() {
    // The white space before it is no longer in memory when the object turns out to be broken.
    assert_eq!(told(" {\n {}"), [not_json("{"), Event("{}".to_owned())]);
    let (a, b) = (trail(&[call(1)]), trail(&[call(2)]));
    assert_eq!(
        told(&format!("{a}\n {{\n {b}\r\n{}", envelope(3))),
        [Trail(call(1)), not_json("{"), Trail(call(2)), Event(envelope(3))]
    );
}

#[test]
fn a_trail_s_file_is_recognised_behind_any_white_space() {
    for length in [1, 60, 100, 5000] {
        let space = " ".repeat(length);
        let text = format!("{{{space}\"Records\"{space}:{space}[{}, {}]}}", call(1), spaced(2));
        assert_eq!(told(&text), [Trail(call(1)), Event(spaced(2))]);
    }
}

#[test]
fn the_same_bytes_say_whether_an_input_is_binary() {
    let zero = |before: usize| format!("  {}\0{}", "x".repeat(before), "y".repeat(400));
    let foreign = Refused(Reason::Foreign("binary data"), String::new());
    assert_eq!(told_at_the_beginning(&zero(509)), [foreign]);
    let text = zero(510);
    assert_eq!(told_at_the_beginning(&text), [not_json(text.trim_start())]);
}

#[test]
fn a_record_behind_a_trail_s_file_without_its_last_brace_is_read() {
    let missing = Refused(Reason::Unfinished, String::new());
    for (between, next) in [
        ("", spaced(2)),
        ("\n", spaced(2)),
        (",\n", envelope(2)),
        (" ", envelope(2)),
    ] {
        let text = format!(r#"{{"Records":[{}]{between}{next}"#, call(1));
        assert_eq!(told(&text), [Trail(call(1)), missing.clone(), Event(next)], "{text}");
    }
}

#[test]
fn files_with_a_byte_order_mark_can_be_joined() {
    let file = |n| format!("\u{feff}{}", trail(&[call(n)]));
    assert_eq!(
        told(&format!("{}{}\n\u{feff}{}\n", file(1), file(2), spaced(3))),
        [Trail(call(1)), Trail(call(2)), Event(spaced(3))]
    );
}

#[test]
fn a_record_of_another_service_that_was_cut_off_takes_no_other_with_it() {
    let cut = r#"{"eventVersion":"1.1"#;
    assert_eq!(
        told(&format!(r#"{{"Records":[{cut}{},{}]}}"#, envelope(1), call(2))),
        [not_json(cut), Event(envelope(1)), Trail(call(2))]
    );
}

#[test]
fn what_is_nested_too_deep_is_one_reject() {
    let deep = format!(r#"{{"eventVersion":"1","a":{}{}}},"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(
        told(&format!(r#"{{"Records":[{},{deep}{}]}}"#, call(1), call(2))),
        [Trail(call(1)), not_json(&deep), Trail(call(2))]
    );
}

#[test]
fn a_byte_that_is_no_white_space_of_json_is_kept() {
    assert_eq!(told("\u{c}\n{}"), [not_json("\u{c}"), Event("{}".to_owned())]);
}

#[test]
fn too_long_a_record_is_told_so_although_it_is_broken_further_on() {
    let longest = format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST - 8));
    let long = format!("{{\"a\":\"{}\n\"}}", "x".repeat(LONGEST));
    let text = format!("{longest}{long}\n{}", envelope(1));
    let whole = read(text.as_bytes());
    assert!(
        matches!(&whole.seen[..], [Event(_), Refused(Reason::TooLong, _), Event(last)] if *last == envelope(1)),
        "{:?}",
        whole.places
    );
    let pieces = in_pieces(text.as_bytes(), vec![600_000, 77_777]);
    assert!(pieces.seen == whole.seen, "{:?} and {:?}", whole.places, pieces.places);
}
