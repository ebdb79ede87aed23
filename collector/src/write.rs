//! Writes JSON, byte for byte as `serde_json` does, on its own or as the text of a JSON string.
//!
//! `raw` and other columns hold JSON as text. Written first and escaped then, they would be copied and
//! looked through twice; here every byte goes out once, in its last form.

use std::fmt;

use crate::json::Json;

/// Appends the JSON of a value.
pub fn json(out: &mut Vec<u8>, value: &Json<'_>) {
    tree::<false>(out, value);
}

/// Appends a text as a JSON string.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    quoted::<false>(out, text);
}

/// Appends the JSON of a value as a JSON string.
pub(crate) fn json_as_string(out: &mut Vec<u8>, value: &Json<'_>) {
    out.push(b'"');
    tree::<true>(out, value);
    out.push(b'"');
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        json(&mut out, self);
        f.write_str(std::str::from_utf8(&out).map_err(|_| fmt::Error)?)
    }
}

/// `NESTED` is JSON inside a JSON string: each `"` and `\` that it consists of is escaped once more.
fn tree<const NESTED: bool>(out: &mut Vec<u8>, value: &Json<'_>) {
    match value {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Unsigned(n) => number(out, n),
        Json::Signed(n) => number(out, n),
        Json::Float(n) => number(out, n),
        Json::Digits(digits) => out.extend_from_slice(digits.as_bytes()),
        Json::String(text) => quoted::<NESTED>(out, text),
        Json::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                tree::<NESTED>(out, item);
            }
            out.push(b']');
        }
        Json::Object(fields) => {
            out.push(b'{');
            for (i, (name, value)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                quoted::<NESTED>(out, name);
                out.push(b':');
                tree::<NESTED>(out, value);
            }
            out.push(b'}');
        }
    }
}

pub(crate) fn number<N: serde::Serialize>(out: &mut Vec<u8>, n: &N) {
    // Cannot fail: a Vec takes every byte, and numbers have no way to go wrong.
    let _ = serde_json::to_writer(out, n);
}

fn quoted<const NESTED: bool>(out: &mut Vec<u8>, text: &str) {
    let quote: &[u8] = if NESTED { b"\\\"" } else { b"\"" };
    out.extend_from_slice(quote);
    let mut rest = text.as_bytes();
    loop {
        let (clean, from_escape) = rest.split_at(clean(rest));
        out.extend_from_slice(clean);
        let Some((&byte, after)) = from_escape.split_first() else {
            break;
        };
        escape::<NESTED>(out, byte);
        rest = after;
    }
    out.extend_from_slice(quote);
}

fn escape<const NESTED: bool>(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(if NESTED { b"\\\\" } else { b"\\" });
    match byte {
        b'"' | b'\\' if NESTED => out.extend_from_slice(&[b'\\', byte]),
        b'"' | b'\\' => out.push(byte),
        b'\n' => out.push(b'n'),
        b'\r' => out.push(b'r'),
        b'\t' => out.push(b't'),
        0x08 => out.push(b'b'),
        0x0c => out.push(b'f'),
        _ => {
            out.extend_from_slice(b"u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}

/// How many bytes from the start can stand in a JSON string as they are.
fn clean(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks::<8>();
    for (i, chunk) in chunks.iter().enumerate() {
        let marks = to_escape(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return i * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let in_tail = tail.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
    bytes.len() - tail.len() + in_tail.unwrap_or(tail.len())
}

/// The highest bit of each byte below 0x20 and of each `"` and `\`, eight bytes at a time. Above the
/// lowest mark there may be wrong ones: a subtraction borrows from its neighbour (Mycroft).
fn to_escape(eight: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(ONES * limit) & !bytes;
    let equal = |byte: u8| below(eight ^ (ONES * u64::from(byte)), 1);
    (below(eight, 0x20) | equal(b'"') | equal(b'\\')) & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde::ser::{Serialize, Serializer};

    use super::*;

    /// What `serde_json` writes of the same tree.
    struct Composed<'v>(&'v Json<'v>);

    impl Serialize for Composed<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                Json::Null => serializer.serialize_unit(),
                Json::Bool(value) => serializer.serialize_bool(*value),
                Json::Unsigned(n) => serializer.serialize_u64(*n),
                Json::Signed(n) => serializer.serialize_i64(*n),
                Json::Float(n) => serializer.serialize_f64(*n),
                Json::Digits(digits) => panic!("{digits} is beyond serde_json's numbers"),
                Json::String(text) => serializer.serialize_str(text),
                Json::Array(items) => serializer.collect_seq(items.iter().map(Composed)),
                Json::Object(fields) => {
                    serializer.collect_map(fields.iter().map(|(key, value)| (key, Composed(value))))
                }
            }
        }
    }

    fn composed(value: &Json<'_>) -> String {
        serde_json::to_string(&Composed(value)).unwrap()
    }

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// Text of all planes, and dense in what has to be escaped or looks as if.
    fn text() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            any::<char>(),
            (0_u8..0x80).prop_map(char::from),
            (0_u8..0x20).prop_map(char::from),
            Just('"'),
            Just('\\'),
            Just('\u{7f}'),
            Just('\u{1f600}'),
            Just('a'),
        ];
        prop::collection::vec(character, 0..40).prop_map(String::from_iter)
    }

    fn value() -> impl Strategy<Value = Json<'static>> {
        let scalar = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<u64>().prop_map(Json::Unsigned),
            (i64::MIN..0).prop_map(Json::Signed),
            prop::num::f64::NORMAL.prop_map(Json::Float),
            text().prop_map(|text| Json::String(Cow::Owned(text))),
        ];
        scalar.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
                prop::collection::vec((text().prop_map(Cow::Owned), inner), 0..6).prop_map(Json::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_string_is_written_as_serde_json_writes_it(text in text()) {
            prop_assert_eq!(written(|out| string(out, &text)), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn a_tree_is_written_as_serde_json_writes_it(value in value()) {
            prop_assert_eq!(written(|out| json(out, &value)), composed(&value));
        }

        #[test]
        fn json_as_a_string_is_the_json_written_first_and_escaped_then(value in value()) {
            let twice = serde_json::to_string(&composed(&value)).unwrap();
            prop_assert_eq!(written(|out| json_as_string(out, &value)), twice);
        }

        #[test]
        fn escaped_code_units_surrogates_too_come_out_as_serde_json_writes_them(
            units in prop::collection::vec(prop_oneof![any::<u16>(), 0xd7f0_u16..0xe010], 0..12)
        ) {
            // Lone surrogates are refused when read; pairs become one character.
            let source: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let source = format!("{{\"{source}\":[\"{source}\"]}}");
            if let Ok(value) = serde_json::from_str::<Json<'_>>(&source) {
                let plain = composed(&value);
                prop_assert_eq!(written(|out| json(out, &value)), plain.as_str());
                prop_assert_eq!(written(|out| json_as_string(out, &value)), serde_json::to_string(&plain).unwrap());
            }
        }
    }

    #[test]
    fn every_byte_is_escaped_wherever_it_stands_among_its_neighbours() {
        for byte in (0..0x80).map(char::from) {
            for at in 0..20 {
                let text = format!("{}{byte}{}", "!".repeat(at), "]".repeat(20 - at));
                assert_eq!(written(|out| string(out, &text)), serde_json::to_string(&text).unwrap());
            }
        }
    }
}
