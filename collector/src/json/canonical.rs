//! The form in which a value is hashed.

use std::borrow::Cow;

use super::{Json, whole};
use crate::write;

/// What a field that is `null` is to the canonical form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Nulls {
    /// A field like any other.
    Kept,
    /// As if it were not there.
    Absent,
}

impl Json<'_> {
    /// Appends the canonical form: no white space, keys sorted, `6.0` written `6`. Two deliveries of
    /// one happening have the same, whatever the order of keys on the wire.
    pub(crate) fn canonical(&self, nulls: Nulls, out: &mut Vec<u8>) {
        match self {
            Self::Float(n) => match whole(*n) {
                Some(n) => write::number(out, &n),
                None => write::number(out, n),
            },
            Self::Array(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    item.canonical(nulls, out);
                }
                out.push(b']');
            }
            Self::Object(fields) => canonical_object(fields.iter(), nulls, out),
            scalar => write::json(out, scalar),
        }
    }
}

/// Appends the canonical form of an object of these fields.
pub(crate) fn canonical_object<'f, 'a: 'f>(
    fields: impl Iterator<Item = &'f (Cow<'a, str>, Json<'a>)>,
    nulls: Nulls,
    out: &mut Vec<u8>,
) {
    let mut sorted: Vec<_> = fields
        .filter(|(_, value)| nulls == Nulls::Kept || *value != Json::Null)
        .collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    out.push(b'{');
    for (i, (key, value)) in sorted.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write::string(out, key);
        out.push(b':');
        value.canonical(nulls, out);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        form(text, Nulls::Kept)
    }

    fn form(text: &str, nulls: Nulls) -> String {
        let mut out = Vec::new();
        Json::parse(text).unwrap().canonical(nulls, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn canonical_form_ignores_order_spacing_and_how_a_whole_number_is_written() {
        assert_eq!(
            canonical(r#"{"b": 6.0, "a": {"d": [1e0, "x"], "c": null}}"#),
            r#"{"a":{"c":null,"d":[1,"x"]},"b":6}"#
        );
        assert_eq!(canonical("-0.0"), "0");
        assert_eq!(canonical("0.5"), "0.5");
        for digits in ["18446744073709551615", "18446744073709551616", "18446744073709551617"] {
            assert_eq!(canonical(digits), digits);
        }
    }

    #[test]
    fn a_null_field_may_be_as_good_as_none_but_a_null_in_a_list_has_its_place() {
        assert_eq!(
            form(r#"{"b":null,"a":{"c":null},"d":[null]}"#, Nulls::Absent),
            r#"{"a":{},"d":[null]}"#
        );
    }
}
