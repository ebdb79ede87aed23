//! The form in which a value is hashed.

use super::{Json, whole};
use crate::write;

impl Json<'_> {
    /// Appends the canonical form: no white space, keys sorted, `6.0` written `6`. Two deliveries of
    /// one happening have the same, whatever the order of keys on the wire.
    pub fn canonical(&self, out: &mut Vec<u8>) {
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
                    item.canonical(out);
                }
                out.push(b']');
            }
            Self::Object(fields) => {
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
                out.push(b'{');
                for (i, (key, value)) in sorted.into_iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write::string(out, key);
                    out.push(b':');
                    value.canonical(out);
                }
                out.push(b'}');
            }
            scalar => write::json(out, scalar),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        let json: Json<'_> = serde_json::from_str(text).unwrap();
        let mut out = Vec::new();
        json.canonical(&mut out);
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
        assert_eq!(canonical("18446744073709551615"), "18446744073709551615");
    }
}
