//! A small JSON tree that borrows its text from the input.
//!
//! Events are read tolerantly (any field may be missing or of another type), written back redacted
//! with their fields in the order they came, and hashed in a canonical form. That needs a tree, not
//! typed structs; `serde_json` parses and writes it.

mod canonical;
mod digits;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

pub(crate) use canonical::{Nulls, canonical_object};

#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    /// A whole number of at least zero.
    Unsigned(u64),
    /// A negative whole number.
    Signed(i64),
    /// A whole number beyond 64 bits, as its digits.
    Digits(Cow<'a, str>),
    /// A number with a fraction or an exponent; AWS sends `6.0` where it means 6.
    Float(f64),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    /// An object; its fields in the order they came.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Largest magnitude up to which every whole number is exact in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'a> Json<'a> {
    /// The field of that name; the last one where the name is given twice.
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(fields) => fields.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// As [`Json::get`], to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json<'a>> {
        match self {
            Self::Object(fields) => fields
                .iter_mut()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value at the end of a path of field names.
    pub fn at(&self, path: &[&str]) -> Option<&Json<'a>> {
        path.iter().try_fold(self, |value, name| value.get(name))
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// What a text column holds: a string as it is, other values as JSON, `null` not at all.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::String(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }

    /// What a `bigint` column holds: a whole number, whether sent as `6`, `6.0` or `"6"`.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Unsigned(n) => i64::try_from(*n).ok(),
            Self::Signed(n) => Some(*n),
            Self::Float(n) => whole(*n),
            Self::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// What a `boolean` column holds; CloudTrail sends some as `"true"`.
    pub fn boolean(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::String(text) => match text.as_ref() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

fn whole(n: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within ±2^53, so the cast is exact"
    )]
    (n.fract() == 0.0 && n.abs() <= EXACT).then_some(n as i64)
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Json<'de>, E> {
        Ok(Json::Unsigned(n))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Json<'de>, E> {
        Ok(Json::Signed(n))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(n))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        // Few objects of an event have more.
        let mut fields = Vec::with_capacity(16);
        while let Some((Key(key), value)) = map.next_entry()? {
            fields.push((key, value));
        }
        Ok(Json::Object(fields))
    }
}

/// An object's key, borrowed where it has no escapes (serde's own `Cow` never borrows).
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_form_they_came_in() {
        let text = r#"{"version":6.0,"n":6,"m":-1,"e":[],"o":{},"s":"\u0001\"é"}"#;
        assert_eq!(serde_json::from_str::<Json<'_>>(text).unwrap().to_string(), text);
    }

    #[test]
    fn whole_numbers_beyond_64_bits_keep_their_digits() {
        let text = r#"{"a":[18446744073709551616,18446744073709551617],"b":"18446744073709551618 \\\"9","c":-9223372036854775809,"d":1.25,"e":18446744073709551615,"e":[-0.0,7]}"#;
        let json = Json::parse(text).unwrap();
        assert_eq!(json.to_string(), text);
        assert_eq!(json.get("c").and_then(Json::integer), None);
        // With an exponent or a fraction it is no whole number as it stands.
        assert_eq!(
            Json::parse("1234567890123456789012e0").unwrap(),
            Json::Float(1_234_567_890_123_456_789_012.0)
        );
    }

    #[test]
    fn a_key_given_twice_reads_as_its_last_value() {
        let json: Json<'_> = serde_json::from_str(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(json.get("a").and_then(Json::integer), Some(2));
    }

    #[test]
    fn integers_are_read_from_every_form_aws_sends() {
        for (text, expected) in [
            ("6.0", Some(6)),
            ("6", Some(6)),
            ("\"6\"", Some(6)),
            ("6.5", None),
            ("1e300", None),
            ("-2", Some(-2)),
            ("null", None),
        ] {
            assert_eq!(
                serde_json::from_str::<Json<'_>>(text).unwrap().integer(),
                expected,
                "{text}"
            );
        }
    }
}
